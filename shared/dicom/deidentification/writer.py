"""Data elements as bytes, in the encoding of their object (PS3.5 Section 7).

What is not in memory is not brought there: a value that was too large to read becomes an extent
of the source between the written bytes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from struct import Struct
from typing import Final, Protocol

from shared.dicom.elements import UNDEFINED_LENGTH, Encoding, Extent, RawElement, RawItem

Segment = bytes | Extent

_LONG_VRS: Final = frozenset(
    {"OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV", "UC", "UN", "UR", "UT", "UV"}
)
_NUL_PADDED_VRS: Final = frozenset({"UI", "OB", "UN"})
_LONGEST_SHORT_VALUE: Final = 0xFFFF
_ITEM: Final = 0xFFFEE000
_ITEM_DELIMITATION: Final = 0xFFFEE00D
_SEQUENCE_DELIMITATION: Final = 0xFFFEE0DD
EXPLICIT_LITTLE: Final = Encoding(explicit_vr=True, little_endian=True)


def written(elements: Iterable[RawElement], encoding: Encoding) -> tuple[Segment, ...]:
    """The elements' bytes, with extents of the source where values are not in memory."""
    writer = _Writer(encoding)
    writer.elements(elements)
    return writer.segments()


def joined(segments: Iterable[Segment]) -> tuple[Segment, ...]:
    """The same segments with neighbouring bytes in one piece and empty ones left out."""
    pieces: list[Segment] = []
    run: list[bytes] = []
    for segment in segments:
        if isinstance(segment, bytes):
            run.append(segment)
        elif segment.length:
            pieces += (b"".join(run), segment)
            run = []
    return tuple(piece for piece in (*pieces, b"".join(run)) if piece != b"")


class Sized(Protocol):
    """A run of bytes of known length."""

    @property
    def length(self) -> int:
        """The bytes of the run."""


def length_of(segments: Iterable[bytes | Sized]) -> int:
    """The bytes that the segments stand for."""
    return sum(len(s) if isinstance(s, bytes) else s.length for s in segments)


@dataclass(slots=True)
class _Writer:
    encoding: Encoding
    pieces: list[Segment] = field(default_factory=list)

    def segments(self) -> tuple[Segment, ...]:
        return joined(self.pieces)

    def elements(self, elements: Iterable[RawElement]) -> None:
        for element in elements:
            if element.items is not None:
                self._sequence(element, element.items)
            elif element.value is None:
                self._streamed(element)
            else:
                self._plain(element.tag, element.vr or "UN", element.value)

    def _plain(self, tag: int, vr: str, value: bytes) -> None:
        if len(value) & 1:
            value += b"\x00" if vr in _NUL_PADDED_VRS else b" "
        self.pieces += (self._header(tag, vr, len(value)), value)

    def _streamed(self, element: RawElement) -> None:
        extent, vr = element.extent, element.vr or "UN"
        padding = b"\x00" * (extent.length & 1)
        length = UNDEFINED_LENGTH if element.undefined_length else extent.length + len(padding)
        self.pieces += (self._header(element.tag, vr, length), extent)
        if padding and not element.undefined_length:
            self.pieces.append(padding)

    def _sequence(self, element: RawElement, items: tuple[RawItem, ...]) -> None:
        inner = _Writer(self.encoding)
        for item in items:
            inner._item(item)
        length = UNDEFINED_LENGTH if element.undefined_length else length_of(inner.pieces)
        self.pieces += (self._header(element.tag, "SQ", length), *inner.pieces)
        if element.undefined_length:
            self.pieces.append(self._bare(_SEQUENCE_DELIMITATION, 0))

    def _item(self, item: RawItem) -> None:
        inner = _Writer(self.encoding)
        inner.elements(item.elements)
        length = UNDEFINED_LENGTH if item.undefined_length else length_of(inner.pieces)
        self.pieces += (self._bare(_ITEM, length), *inner.pieces)
        if item.undefined_length:
            self.pieces.append(self._bare(_ITEM_DELIMITATION, 0))

    def _header(self, tag: int, vr: str, length: int) -> bytes:
        if not self.encoding.explicit_vr:
            return self._bare(tag, length)
        group, number, little = tag >> 16, tag & 0xFFFF, self.encoding.little_endian
        if vr not in _LONG_VRS and length <= _LONGEST_SHORT_VALUE:
            return _SHORT[little](group, number, vr.encode("ascii"), length)
        long_vr = vr if vr in _LONG_VRS else "UN"  # a value too long for its VR, PS3.5 6.2.2
        return _LONG[little](group, number, long_vr.encode("ascii"), 0, length)

    def _bare(self, tag: int, length: int) -> bytes:
        return _BARE[self.encoding.little_endian](tag >> 16, tag & 0xFFFF, length)


_SHORT: Final = {True: Struct("<HH2sH").pack, False: Struct(">HH2sH").pack}
_LONG: Final = {True: Struct("<HH2sHL").pack, False: Struct(">HH2sHL").pack}
_BARE: Final = {True: Struct("<HHL").pack, False: Struct(">HHL").pack}
