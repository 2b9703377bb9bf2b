"""The inflated form of a deflated data set, made in bounded chunks (PS3.5 Section A.5)."""

from __future__ import annotations

import zlib
from typing import Final

from shared.dicom.limits import MIB, Limits
from shared.dicom.source import WindowedSource
from shared.errors import FormatError, LimitError

_CHUNK: Final = 16 * 1024
_WINDOW: Final = 64 * 1024
_RATIO_FROM: Final = MIB
_ZLIB_HEADER_BYTES: Final = 5
_BEST_RATIO: Final = 1_032  # of deflation: 258 bytes take two bits


class InflatedWindows:
    """Windows over the inflated stream; offsets count from its first byte.

    Inflating stops as soon as a window is filled, so that pixel data are inflated only where
    `has_pixels` is asked, and never kept.
    """

    def __init__(self, source: WindowedSource, offset: int, limits: Limits) -> None:
        self._source = source
        self._offset = self._begin = offset
        self._limits = limits
        self.is_wrapped = _has_zlib_header(source.read(offset, _ZLIB_HEADER_BYTES))
        self._inflater = zlib.decompressobj(zlib.MAX_WBITS if self.is_wrapped else -zlib.MAX_WBITS)
        self._data = bytearray()
        self._start = 0  # offset of _data in the inflated stream
        self._ended = False

    @property
    def end(self) -> int | None:
        """Length of the inflated stream once it is known."""
        return self._inflated if self._ended else None

    @property
    def _inflated(self) -> int:
        return self._start + len(self._data)

    def window(self, offset: int, length: int) -> tuple[int, bytes]:
        """Return (start, data) that hold `length` bytes from `offset`, or all up to the end."""
        self._inflate_to(offset + length)
        at = offset - self._start
        return offset, bytes(self._data[at : at + max(length, _WINDOW)])

    def reaches(self, offset: int) -> bool:
        """Tell whether the stream is that long; what stands before `offset` is let go."""
        while self._inflated < offset and not self._ended:
            self._start, self._data = self._inflated, bytearray()
            self._inflate_to(min(offset, self._inflated + _WINDOW))
        return offset <= self._inflated

    def has_pixels(self, until: int) -> bool | None:
        """Tell whether the stream reaches `until`, None where that takes too much to tell.

        What is inflated is let go. A stream that cannot be that long is told without inflating.
        """
        rest = self._source.size - self._offset + len(self._inflater.unconsumed_tail)
        if until > self._inflated + rest * _BEST_RATIO + _CHUNK:
            return False
        bounded = until <= self._limits.max_inflated_bytes
        if not self._ended and (rest > self._limits.max_deflated_pixel_bytes or not bounded):
            return None
        while self._inflated < until and not self._ended:
            self._start, self._data = self._inflated, bytearray()
            self._inflate_chunk()
        return until <= self._inflated

    def _inflate_to(self, offset: int) -> None:
        while self._inflated < offset and not self._ended:
            self._inflate_chunk()
            self._check()

    def _inflate_chunk(self) -> None:
        compressed = self._inflater.unconsumed_tail
        if not compressed:
            compressed = self._source.read(self._offset, _CHUNK)
            self._offset += len(compressed)
        try:
            piece = self._inflater.decompress(compressed, _WINDOW)
        except zlib.error:
            raise FormatError("inflate-failed") from None
        self._data += piece
        self._ended = self._inflater.eof
        if not self._ended and not compressed and not piece:
            raise FormatError("truncated")

    def _check(self) -> None:
        if self._inflated > self._limits.max_inflated_bytes:
            raise LimitError("inflated-too-large")
        consumed = self._offset - self._begin - len(self._inflater.unconsumed_tail)
        allowed = max(_RATIO_FROM, consumed * self._limits.max_inflation_ratio)
        if self._inflated > allowed:
            raise LimitError("inflation-ratio-too-high")


def _has_zlib_header(head: bytes) -> bool:
    """Tell an RFC 1950 header from a stored block, which alone can start alike."""
    if len(head) < _ZLIB_HEADER_BYTES or head[0] != 0x78:  # noqa: PLR2004 - 32 KiB window
        return False
    stored = head[1] ^ head[3] == 0xFF and head[2] ^ head[4] == 0xFF  # noqa: PLR2004
    return not stored and int.from_bytes(head[:2], "big") % 31 == 0
