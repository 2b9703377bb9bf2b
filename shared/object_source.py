"""One object generation as a `Source` for the DICOM reader."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
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


def ahead(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The same chunks, each of which is fetched while the one before it is used.

    What `chunks` raises is raised here in its place. No more than one chunk waits.
    """
    with ThreadPoolExecutor(1, "ahead") as reader:
        coming = reader.submit(next, chunks, None)
        while (chunk := coming.result()) is not None:
            coming = reader.submit(next, chunks, None)
            yield chunk
