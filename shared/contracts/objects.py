"""How a stored object is named in messages."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from shared.contracts.fields import Fields


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectVersion:
    """One generation of one object: what a delivery is about."""

    bucket: str
    name: str
    generation: int
    # The name of the container whose member this is; `name` goes on with `!/` and a path in which
    # `#`, `!` and `%` are escaped, so that no object's key is ever that of a member.
    container: str | None = None

    @property
    def natural_key(self) -> str:
        """The key under which every effect about this generation is idempotent."""
        container = self.name if self.container is None else self.container
        path = self.name[len(container) :]
        return f"{self.bucket}/{container}#{self.generation}{path}"

    @property
    def facility(self) -> str:
        """The first segment of the name, whoever that claims to be."""
        return self.name.partition("/")[0] if "/" in self.name else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredObject:
    """One generation and what the store says of it."""

    version: ObjectVersion
    size: int  # bytes
    crc32c: str  # eight hexadecimal digits
    created: datetime
    # Absent for composed objects; never leaves the store.
    md5: str | None = field(default=None, compare=False)
    # What it was labelled with when it was made; whoever may write to the bucket may label.
    labels: Mapping[str, str] = field(default_factory=dict, compare=False)

    def has_bytes_of(self, other: "StoredObject") -> bool:
        """Return whether both have the same bytes, by every checksum that both have."""
        same = (self.size, self.crc32c) == (other.size, other.crc32c)
        return same and (self.md5 == other.md5 or None in {self.md5, other.md5})

    @property
    def uri(self) -> str:
        """The `gs://` address, without the generation."""
        return f"gs://{self.version.bucket}/{self.version.name}"

    @classmethod
    def from_fields(cls, fields: Fields) -> "StoredObject":
        """Read the inverse of `to_data`."""
        return cls(
            version=ObjectVersion(
                bucket=fields.text("bucket"),
                name=fields.text("name"),
                generation=fields.integer("generation"),
                container=fields.optional_text("container"),
            ),
            size=fields.integer("size"),
            crc32c=fields.text("crc32c"),
            created=fields.time("created"),
        )

    def to_data(self) -> dict[str, object]:
        """Return the JSON form."""
        return {
            "bucket": self.version.bucket,
            "name": self.version.name,
            "generation": self.version.generation,
            "container": self.version.container,
            "size": self.size,
            "crc32c": self.crc32c,
            "created": self.created.isoformat(),
        }
