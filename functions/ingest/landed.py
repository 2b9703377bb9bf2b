"""What is to be decided: an upload, or an object that the pipeline keeps, as what it was sent."""

from collections.abc import Container
from dataclasses import dataclass, replace

from shared.contracts.expected import EXPECTED_LABEL
from shared.contracts.objects import StoredObject
from shared.contracts.provenance import Provenance, upload_event_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Landed:
    """One object, where it stands and what it is known as.

    For an upload both are the same. A member stands in the staging area, a released object in the
    quarantine, one that is decided anew in the archive; everything about it happens under the
    generation, and the path, that were sent.
    """

    stored: StoredObject  # to be read, copied and deleted
    source: StoredObject  # as outcomes name it
    sent: Provenance

    @classmethod
    def of(cls, stored: StoredObject, keeping: Container[str]) -> "Landed":
        """Return what a stored object is; labels count in the buckets that no facility writes to.

        Raises:
            ContractError: it is kept and its labels do not say what it was sent as.
        """
        if stored.version.bucket not in keeping:
            return cls(stored=stored, source=stored, sent=Provenance.of_upload(stored))
        sent = Provenance.from_labels(stored.labels)
        source = replace(stored, version=sent.version, created=sent.landed)
        return cls(stored=stored, source=source, sent=sent)

    @property
    def is_mislabelled(self) -> bool:
        """Whether its sender said with it how many instances its study has, but no usable number.

        Only an upload can be: what the pipeline keeps carries usable numbers on, and no others.
        """
        return EXPECTED_LABEL in self.stored.labels and self.sent.expected_instances is None

    @property
    def upload_event_id(self) -> str:
        """The id of the event that it was sent, which its outcome answers."""
        return upload_event_id(self.sent.version)

    @property
    def root_event_id(self) -> str:
        """The id of the upload from which it descends."""
        return upload_event_id(self.sent.root)
