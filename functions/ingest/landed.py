"""What is to be decided: an upload, or a member of one that was staged."""

from dataclasses import dataclass, replace

from shared.contracts import layout
from shared.contracts.member import Member, upload_event_id
from shared.contracts.objects import ObjectVersion, StoredObject


@dataclass(frozen=True, slots=True, kw_only=True)
class Landed:
    """One object, where it stands and what it is known as.

    For an upload both are the same. A member stands in the staging area under a name of no
    meaning, and everything about it happens under its container's generation and its path.
    """

    stored: StoredObject  # to be read, copied and deleted
    source: StoredObject  # as outcomes name it
    member: Member | None = None

    @classmethod
    def of(cls, stored: StoredObject, staging_bucket: str) -> "Landed":
        """Return what a stored object is.

        Raises:
            ContractError: it is staged and not labelled as a member.
        """
        if not layout.is_staged(stored.version, staging_bucket):
            return cls(stored=stored, source=stored)
        member = Member.from_labels(stored.labels)
        source = replace(stored, version=member.version, created=member.landed)
        return cls(stored=stored, source=source, member=member)

    @property
    def key(self) -> str:
        """The natural key, under which every effect is idempotent."""
        return self.source.version.natural_key

    @property
    def upload_event_id(self) -> str:
        """The id of the event that it was sent, which its outcome answers."""
        return upload_event_id(self.source.version)

    @property
    def root(self) -> ObjectVersion:
        """The generation that a facility sent."""
        return self.member.container if self.member else self.source.version

    @property
    def root_event_id(self) -> str:
        """The id of the upload from which it descends."""
        return upload_event_id(self.root)

    @property
    def depth(self) -> int:
        """How many containers are around it."""
        return self.member.depth if self.member else 0

    @property
    def sent_bytes(self) -> int:
        """Its share of the bytes that the facility sent."""
        return self.member.sent_bytes if self.member else self.source.size

    def inner(self, name: str, sent_bytes: int) -> Member:
        """Return the member of this container that has a name in it."""
        path = f"{self.member.path}{layout.INSIDE}{name}" if self.member else name
        return Member(
            container=self.root, path=path, landed=self.source.created, sent_bytes=sent_bytes
        )
