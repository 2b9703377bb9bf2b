"""What an object that the pipeline keeps was sent as.

A copy in the archive or the quarantine, and a member staged out of a container, carry it as
labels. So each can be announced and decided again under the key of what was sent, and every
effect of that repeats the ids of the first time.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from shared.contracts.expected import EXPECTED_LABEL, expected_instances
from shared.contracts.fields import Fields
from shared.contracts.ids import derived_id
from shared.contracts.layout import INSIDE
from shared.contracts.objects import ObjectVersion, StoredObject

_BUCKET: Final = "inlet-sent-bucket"
_NAME: Final = "inlet-sent-name"
_GENERATION: Final = "inlet-sent-generation"
_AT: Final = "inlet-sent-at"
_BYTES: Final = "inlet-sent-bytes"
_PATH: Final = "inlet-sent-path"
_KEY: Final = (_BUCKET, _NAME, _GENERATION, _PATH)


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Which generation, or which member of it, and when it was sent."""

    root: ObjectVersion  # that landed in the inbox
    landed: datetime  # when the root did
    sent_bytes: int  # its share of the bytes that landed
    # Of a member, its escaped path; the path in a nested container follows its own after `!/`.
    path: str | None = None
    expected_instances: int | None = None  # of its study, as its sender said with the root

    @classmethod
    def of_upload(cls, stored: StoredObject) -> "Provenance":
        """Return that of an object in the inbox: it is what was sent."""
        return cls(
            root=stored.version,
            landed=stored.created,
            sent_bytes=stored.size,
            expected_instances=expected_instances(stored.labels),
        )

    @property
    def version(self) -> ObjectVersion:
        """What it is known as."""
        return self.root if self.path is None else member_version(self.root, self.path)

    @property
    def depth(self) -> int:
        """How many containers are around it."""
        return 0 if self.path is None else self.path.count(INSIDE) + 1

    def member(self, name: str, sent_bytes: int) -> "Provenance":
        """Return that of the member that has a name in this container."""
        path = name if self.path is None else f"{self.path}{INSIDE}{name}"
        return replace(self, sent_bytes=sent_bytes, path=path)

    def to_labels(self) -> dict[str, str]:
        """Return the metadata of the object that is kept."""
        labels = {
            _BUCKET: self.root.bucket,
            _NAME: self.root.name,
            _GENERATION: str(self.root.generation),
            _AT: self.landed.isoformat(),
            _BYTES: str(self.sent_bytes),
        }
        if self.path is not None:
            labels[_PATH] = self.path
        if self.expected_instances is not None:
            labels[EXPECTED_LABEL] = str(self.expected_instances)
        return labels

    def made(self, stored: StoredObject) -> bool:
        """Return whether a stored object was made from this, by its labels."""
        labels = self.to_labels()
        return all(stored.labels.get(name) == labels.get(name) for name in _KEY)

    @classmethod
    def from_labels(cls, labels: Mapping[str, str]) -> "Provenance":
        """Read the inverse of `to_labels`.

        Raises:
            ContractError: names every label that is missing or wrong.
        """
        fields = Fields("provenance", labels)
        provenance = cls(
            root=ObjectVersion(
                bucket=fields.text(_BUCKET),
                name=fields.text(_NAME),
                generation=fields.integer(_GENERATION),
            ),
            landed=fields.time(_AT),
            sent_bytes=fields.integer(_BYTES),
            path=fields.optional_text(_PATH),
            expected_instances=expected_instances(labels),
        )
        fields.check()
        return provenance


def member_version(container: ObjectVersion, path: str) -> ObjectVersion:
    """Return what a member of a container that landed is known as."""
    return ObjectVersion(
        bucket=container.bucket,
        name=f"{container.name}{INSIDE}{path}",
        generation=container.generation,
        container=container.name,
    )


def upload_event_id(version: ObjectVersion) -> str:
    """Return the id of the event that an object, or a member, was sent."""
    return derived_id("dicom.object.uploaded", version.natural_key)
