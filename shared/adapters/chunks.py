"""Iterators of bytes: as the file object that upload calls want, and by their fingerprint."""

import io
from collections.abc import Iterable

from shared.crc32c import extend


def fingerprint(chunks: Iterable[bytes]) -> tuple[int, str]:
    """Return the size in bytes and the CRC32C in eight hexadecimal digits."""
    size = crc32c = 0
    for chunk in chunks:
        size, crc32c = size + len(chunk), extend(crc32c, chunk)
    return size, f"{crc32c:08x}"


class ChunkReader(io.RawIOBase):
    """Reads an iterator once, forwards, holding no more than one chunk beyond what was asked."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        super().__init__()
        self._chunks = iter(chunks)
        self._rest = memoryview(b"")
        self._position = 0

    def readable(self) -> bool:
        """Return True."""
        return True

    def tell(self) -> int:
        """Return how many bytes were read so far."""
        return self._position

    def read(self, size: int = -1) -> bytes:
        """Return exactly `size` bytes, fewer only at the end; everything for -1."""
        parts, have = [self._rest], len(self._rest)
        while size < 0 or have < size:
            chunk = next(self._chunks, None)
            if chunk is None:
                break
            parts.append(memoryview(chunk))
            have += len(chunk)
        last = parts.pop()
        end = len(last) if size < 0 else len(last) - max(0, have - size)
        self._rest = last[end:]
        data = b"".join((*parts, last[:end]))
        self._position += len(data)
        return data
