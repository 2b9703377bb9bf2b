"""Bytes read forwards, plain or inflated, in constant memory."""

from __future__ import annotations

import zlib
from typing import Final, Protocol

from shared.containers.limits import Allowance
from shared.containers.members import CHUNK_BYTES
from shared.dicom.source import WindowedSource
from shared.errors import FormatError

GZIP_MAGIC: Final = b"\x1f\x8b"
_GZIP_WINDOW: Final = 16 + zlib.MAX_WBITS  # RFC 1952: header, deflated data, checksum, size


class CorruptError(FormatError):
    """Compressed data are not what their checksum says, so no member can be vouched for."""


class Stream(Protocol):
    """A run of bytes that is read once."""

    position: int

    def read(self, length: int) -> bytes:
        """Return the next `length` bytes, fewer only where the run ends."""
        ...

    def skip(self, length: int) -> None:
        """Pass over bytes; a run that ends within them raises `FormatError`."""
        ...


class PlainStream:
    """A source, read forwards; passing over bytes reads none of them."""

    def __init__(self, source: WindowedSource) -> None:
        self._source = source
        self.position = 0

    def read(self, length: int) -> bytes:
        """Return the next bytes."""
        data = self._source.read(self.position, length)
        self.position += len(data)
        return data

    def skip(self, length: int) -> None:
        """Pass over bytes."""
        self.position += length
        if self.position > self._source.size:
            raise FormatError("container-damaged")


class InflatedStream:
    """What a gzip file holds, all its parts one after the other (RFC 1952 Section 2.2)."""

    def __init__(self, compressed: PlainStream, allowance: Allowance) -> None:
        self._compressed = compressed
        self._allowance = allowance
        self._inflater = zlib.decompressobj(_GZIP_WINDOW)
        self._input = b""
        self._ready = bytearray()
        self._produced = 0
        self._ended = False
        self.position = 0
        self.has_trailing_bytes = False

    def peek(self, length: int) -> bytes:
        """Return the next bytes and leave them."""
        while len(self._ready) < length and not self._ended:
            self._produce()
        return bytes(self._ready[:length])

    def read(self, length: int) -> bytes:
        """Return the next bytes.

        Raises:
            FormatError: the compressed data end early.
            CorruptError: they are damaged.
            LimitError: more has come out than the container may hold.
        """
        data = self.peek(length)
        del self._ready[: len(data)]
        self.position += len(data)
        return data

    def skip(self, length: int) -> None:
        """Pass over bytes."""
        while length:
            passed = len(self.read(min(length, CHUNK_BYTES)))
            if not passed:
                raise FormatError("container-damaged")
            length -= passed

    def _produce(self) -> None:
        if self._inflater.eof:
            self._next_part()
            return
        data = self._input or self._compressed.read(CHUNK_BYTES)
        try:
            output = self._inflater.decompress(data, CHUNK_BYTES)
        except zlib.error:
            raise CorruptError("container-damaged") from None
        self._input = self._inflater.unconsumed_tail
        if not data and not output:
            raise FormatError("container-damaged")
        self._produced += len(output)
        self._allowance.check_total(self._produced)
        self._ready += output

    def _next_part(self) -> None:
        """Start the next part, or end; padding with zeros is common on tapes."""
        rest = self._inflater.unused_data.lstrip(b"\0")
        while len(rest) < len(GZIP_MAGIC) and (more := self._compressed.read(CHUNK_BYTES)):
            rest = (rest + more).lstrip(b"\0")
        if rest.startswith(GZIP_MAGIC):
            self._inflater, self._input = zlib.decompressobj(_GZIP_WINDOW), rest
            return
        self._ended = True
        self.has_trailing_bytes = bool(rest)
