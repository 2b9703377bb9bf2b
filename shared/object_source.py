"""One object generation as a `Source` for the DICOM reader."""

from dataclasses import dataclass

from shared.contracts.objects import StoredObject
from shared.ports import ObjectStore


@dataclass(frozen=True, slots=True)
class ObjectSource:
    """Ranged reads of exactly one generation."""

    objects: ObjectStore
    stored: StoredObject

    @property
    def size(self) -> int:
        """Return the object's size in bytes."""
        return self.stored.size

    def read(self, offset: int, length: int) -> bytes:
        """Return the bytes `[offset, offset + length)`, fewer only where the object ends."""
        return self.objects.read(self.stored.version, offset, length)
