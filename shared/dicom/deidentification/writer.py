"""Data elements as bytes, in the encoding of their object (PS3.5 Section 7).

What is not in memory is not brought there: a value that was too large to read becomes an extent
of the source between the written bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from struct import Struct
from typing import Final, Protocol, cast

from shared.dicom.elements import UNDEFINED_LENGTH, Encoding, Extent, RawElement, RawItem
from shared.dicom.vrs import LONG_VRS, SHORT_VRS

Segment = bytes | Extent

_SHORT_CODES: Final[dict[str | None, bytes]] = {vr: vr.encode("ascii") for vr in SHORT_VRS}
_LONG_CODES: Final[dict[str | None, bytes]] = {vr: vr.encode("ascii") for vr in LONG_VRS}
_NUL_PADDED_VRS: Final = frozenset({"UI", "OB", "UN"})
_LONGEST_SHORT_VALUE: Final = 0xFFFF
_BARE_BYTES: Final = 8  # of a tag and a length
_ITEM: Final = (0xFFFE, 0xE000)
_ITEM_DELIMITATION: Final = (0xFFFE, 0xE00D)
_SEQUENCE_DELIMITATION: Final = (0xFFFE, 0xE0DD)
EXPLICIT_LITTLE: Final = Encoding(explicit_vr=True, little_endian=True)


def written(elements: Iterable[RawElement], encoding: Encoding) -> tuple[Segment, ...]:
    """The elements' bytes, with extents of the source where values are not in memory."""
    writer = _Writer(encoding)
    writer.elements(elements)
    return writer.segments()


def joined(segments: Iterable[Segment]) -> tuple[Segment, ...]:
    """The same segments with neighbouring bytes in one piece and empty ones left out."""
    pieces = tuple(segments)
    return _joined(pieces, [at for at, piece in enumerate(pieces) if isinstance(piece, Extent)])


def _joined(pieces: Sequence[Segment], extents: Iterable[int]) -> tuple[Segment, ...]:
    """As `joined`, where it is known at which places the extents are."""
    segments: list[Segment] = []
    start = 0
    for at in extents:
        segments += (_run(pieces[start:at]), pieces[at])
        start = at + 1
    return tuple(each for each in (*segments, _run(pieces[start:])) if each != b"")


def _run(pieces: Sequence[Segment]) -> bytes:
    return b"".join(cast("Sequence[bytes]", pieces))


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
        self._explicit, little = encoding.explicit_vr, encoding.little_endian
        self._short, self._long, self._bare = _SHORT[little], _LONG[little], _BARE[little]
        self._short_codes = _SHORT_CODES if self._explicit else {}
        self._end_of_item = self._bare(*_ITEM_DELIMITATION, 0)
        self._end_of_sequence = self._bare(*_SEQUENCE_DELIMITATION, 0)
        self._pieces: list[Segment] = []
        self._extents: list[int] = []

    def segments(self) -> tuple[Segment, ...]:
        """What has been written."""
        return _joined(self._pieces, self._extents)

    def elements(self, elements: Iterable[RawElement]) -> int:
        """Write the elements; most need no more calls than are seen here."""
        write, short, short_codes = self._pieces.append, self._short, self._short_codes
        length = 0
        for element in elements:
            tag, vr, value = element.tag, element.vr, element.value
            if value is None:
                length += self._elsewhere(element)
                continue
            size = len(value)
            if size & 1:
                value += b"\x00" if vr is None or vr in _NUL_PADDED_VRS else b" "
                size += 1
            code = short_codes.get(vr)
            if code is not None and size <= _LONGEST_SHORT_VALUE:
                header = short(tag >> 16, tag & 0xFFFF, code, size)
            else:
                header = self._header(tag, vr, size)
            write(header)
            write(value)
            length += len(header) + size
        return length

    def _elsewhere(self, element: RawElement) -> int:
        """Write what has no value of its own: items, or bytes of the source."""
        if element.items is not None:
            return self._sequence(element, element.items)
        return self._streamed(element)

    def _streamed(self, element: RawElement) -> int:
        extent = element.extent
        padding = b"" if element.undefined_length else b"\x00" * (extent.length & 1)
        length = extent.length + len(padding)
        stated = UNDEFINED_LENGTH if element.undefined_length else length
        header = self._header(element.tag, element.vr, stated)
        self._pieces.append(header)
        if extent.length:
            self._extents.append(len(self._pieces))
            self._pieces += (extent, padding)
        return len(header) + length

    def _sequence(self, element: RawElement, items: tuple[RawItem, ...]) -> int:
        at = self._reserve()
        length = sum(map(self._item, items))
        if not element.undefined_length:
            self._pieces[at] = header = self._header(element.tag, "SQ", length)
            return len(header) + length
        self._pieces[at] = header = self._header(element.tag, "SQ", UNDEFINED_LENGTH)
        self._pieces.append(self._end_of_sequence)
        return len(header) + length + _BARE_BYTES

    def _item(self, item: RawItem) -> int:
        at = self._reserve()
        length = self.elements(item.elements)
        if not item.undefined_length:
            self._pieces[at] = self._bare(*_ITEM, length)
            return _BARE_BYTES + length
        self._pieces[at] = self._bare(*_ITEM, UNDEFINED_LENGTH)
        self._pieces.append(self._end_of_item)
        return _BARE_BYTES + length + _BARE_BYTES

    def _reserve(self) -> int:
        """Leave a place for a header that says how long what follows is."""
        self._pieces.append(b"")
        return len(self._pieces) - 1

    def _header(self, tag: int, vr: str | None, length: int) -> bytes:
        code = self._short_codes.get(vr)
        if code is not None and length <= _LONGEST_SHORT_VALUE:
            return self._short(tag >> 16, tag & 0xFFFF, code, length)
        if not self._explicit:
            return self._bare(tag >> 16, tag & 0xFFFF, length)
        code = _LONG_CODES.get(vr, b"UN")  # a value too long for its VR, PS3.5 6.2.2
        return self._long(tag >> 16, tag & 0xFFFF, code, 0, length)


_SHORT: Final = (Struct(">HH2sH").pack, Struct("<HH2sH").pack)  # by whether little-endian
_LONG: Final = (Struct(">HH2sHL").pack, Struct("<HH2sHL").pack)
_BARE: Final = (Struct(">HHL").pack, Struct("<HHL").pack)
