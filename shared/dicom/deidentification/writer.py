"""Data elements as bytes, in the encoding of their object (PS3.5 Section 7).

What is not in memory is not brought there: a value that was too large to read becomes an extent
of the source between the written bytes.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from struct import Struct
from typing import Final, Protocol, cast

from shared.dicom.elements import UNDEFINED_LENGTH, Encoding, Extent, RawElement, RawItem
from shared.dicom.vrs import LONG_VRS, SHORT_VRS

Segment = bytes | Extent

_SHORT_CODES: Final = {vr: vr.encode("ascii") for vr in SHORT_VRS}
_LONG_CODES: Final = {vr: vr.encode("ascii") for vr in LONG_VRS}
_NUL_PADDED_VRS: Final = frozenset({"UI", "OB", "UN"})
_LONGEST_SHORT_VALUE: Final = 0xFFFF
_BARE_BYTES: Final = 8  # of a tag and a length
_ITEM: Final = 0xFFFEE000
_ITEM_DELIMITATION: Final = 0xFFFEE00D
_SEQUENCE_DELIMITATION: Final = 0xFFFEE0DD
EXPLICIT_LITTLE: Final = Encoding(explicit_vr=True, little_endian=True)


def written(elements: Iterable[RawElement], encoding: Encoding) -> tuple[Segment, ...]:
    """The elements' bytes, with extents of the source where values are not in memory."""
    writer = _Writer(encoding)
    writer.elements(elements)
    return joined(writer.pieces)


def joined(segments: Iterable[Segment]) -> tuple[Segment, ...]:
    """The same segments with neighbouring bytes in one piece and empty ones left out."""
    pieces: list[Segment] = []
    for kind, run in groupby(segments, type):
        same = tuple(run)
        pieces += same if kind is Extent else (b"".join(cast("tuple[bytes, ...]", same)),)
    return tuple(piece for piece in pieces if piece != b"")


class Sized(Protocol):
    """A run of bytes of known length."""

    @property
    def length(self) -> int:
        """The bytes of the run."""


def length_of(segments: Iterable[bytes | Sized]) -> int:
    """The bytes that the segments stand for."""
    return sum(len(s) if isinstance(s, bytes) else s.length for s in segments)


class _Writer:
    """Writes one after the other, and tells of what it wrote how long it is."""

    def __init__(self, encoding: Encoding) -> None:
        self._explicit, self._little = encoding.explicit_vr, encoding.little_endian
        self.pieces: list[Segment] = []

    def elements(self, elements: Iterable[RawElement]) -> int:
        length = 0
        for element in elements:
            if element.items is not None:
                length += self._sequence(element, element.items)
            elif element.value is None:
                length += self._streamed(element)
            else:
                length += self._plain(element.tag, element.vr or "UN", element.value)
        return length

    def _plain(self, tag: int, vr: str, value: bytes) -> int:
        if len(value) & 1:
            value += b"\x00" if vr in _NUL_PADDED_VRS else b" "
        header = self._header(tag, vr, len(value))
        self.pieces += (header, value)
        return len(header) + len(value)

    def _streamed(self, element: RawElement) -> int:
        extent, vr = element.extent, element.vr or "UN"
        padding = b"" if element.undefined_length else b"\x00" * (extent.length & 1)
        length = extent.length + len(padding)
        header = self._header(
            element.tag, vr, UNDEFINED_LENGTH if element.undefined_length else length
        )
        self.pieces += (header, extent, padding) if extent.length else (header,)
        return len(header) + length

    def _sequence(self, element: RawElement, items: tuple[RawItem, ...]) -> int:
        at = self._reserve()
        length = sum(map(self._item, items))
        if not element.undefined_length:
            self.pieces[at] = header = self._header(element.tag, "SQ", length)
            return len(header) + length
        self.pieces[at] = header = self._header(element.tag, "SQ", UNDEFINED_LENGTH)
        self.pieces.append(self._bare(_SEQUENCE_DELIMITATION, 0))
        return len(header) + length + _BARE_BYTES

    def _item(self, item: RawItem) -> int:
        at = self._reserve()
        length = self.elements(item.elements)
        if not item.undefined_length:
            self.pieces[at] = self._bare(_ITEM, length)
            return _BARE_BYTES + length
        self.pieces[at] = self._bare(_ITEM, UNDEFINED_LENGTH)
        self.pieces.append(self._bare(_ITEM_DELIMITATION, 0))
        return _BARE_BYTES + length + _BARE_BYTES

    def _reserve(self) -> int:
        """Leave a place for a header that says how long what follows is."""
        self.pieces.append(b"")
        return len(self.pieces) - 1

    def _header(self, tag: int, vr: str, length: int) -> bytes:
        if not self._explicit:
            return self._bare(tag, length)
        code = _SHORT_CODES.get(vr)
        if code is not None and length <= _LONGEST_SHORT_VALUE:
            return _SHORT[self._little](tag >> 16, tag & 0xFFFF, code, length)
        code = _LONG_CODES.get(vr, b"UN")  # a value too long for its VR, PS3.5 6.2.2
        return _LONG[self._little](tag >> 16, tag & 0xFFFF, code, 0, length)

    def _bare(self, tag: int, length: int) -> bytes:
        return _BARE[self._little](tag >> 16, tag & 0xFFFF, length)


_SHORT: Final = (Struct(">HH2sH").pack, Struct("<HH2sH").pack)  # by whether little-endian
_LONG: Final = (Struct(">HH2sHL").pack, Struct("<HH2sHL").pack)
_BARE: Final = (Struct(">HHL").pack, Struct("<HHL").pack)
