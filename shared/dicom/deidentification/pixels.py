"""Encapsulated pixel data: where they end, and what their codestreams' headers say.

Native pixel data need no look: their length is declared and checked by the reader.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from struct import unpack_from
from typing import Final

from shared.dicom.deidentification.echoes import Echoes
from shared.dicom.deidentification.reasons import HeldError, HoldReason
from shared.dicom.elements import UNDEFINED_LENGTH, Extent
from shared.dicom.source import Source, WindowedSource, extent_pieces
from shared.errors import FormatError

_ITEM: Final = b"\xfe\xff\x00\xe0"
_SEQUENCE_DELIMITATION: Final = b"\xfe\xff\xdd\xe0"
_ITEM_HEADER: Final = 8
_PIECE_BYTES: Final = 4 << 20  # memory for larger ones is had anew from the system each time
_CODESTREAM_HEADER_BYTES: Final = 4096  # JPEG comments and application segments come first


@dataclass(frozen=True, slots=True)
class PassingFragments:
    """Encapsulated pixel data that go through unchanged up to their delimiter."""

    extent: Extent  # from the first item on, to the delimiter or any place behind it
    echoes: Echoes = field(repr=False)

    def pieces(self, source: Source) -> Iterator[bytes]:
        """The bytes in pieces of some MiB; of no fragment before its start was looked at.

        What a fragment starts with may be read twice, all else is read once.

        Raises:
            HeldError: they are not a run of fragments with a delimiter, or the header of a
                codestream has an identifier.
            TransientError: `short-read`, the source gave less than it has.
        """
        start = item = self.extent.offset
        while True:
            extent = Extent(start, min(_PIECE_BYTES, source.size - start))
            window = b"".join(extent_pieces(extent, source))
            item, is_delimited = self._walked(window, item - start, source.size - start)
            stop = min(item, len(window))
            if not stop:
                raise HeldError(HoldReason.PIXEL_DATA_INCONSISTENT)
            window = window[:stop]  # not two of them in memory
            yield window
            if is_delimited:
                return
            start, item = start + stop, start + item

    def check(self, source: Source) -> None:
        """Raise what `pieces` would."""
        for _ in self.pieces(source):
            continue

    def _walked(self, window: bytes, item: int, size: int) -> tuple[int, bool]:
        """Where the first item stands of which the start is not in the window, or the end of all.

        `item` and what is returned count from the window on, as does `size`, the source's end.
        """
        while item + _ITEM_HEADER <= len(window):
            tag, length = unpack_from("<4sL", window, item)
            first = item + _ITEM_HEADER
            if tag == _SEQUENCE_DELIMITATION:
                return first, True
            if tag != _ITEM or length == UNDEFINED_LENGTH or first + length > size:
                raise HeldError(HoldReason.PIXEL_DATA_INCONSISTENT)
            looked = first + min(length, _CODESTREAM_HEADER_BYTES)
            if looked > len(window):
                break
            if self.echoes.in_bytes(window[first:looked]):
                raise HeldError(HoldReason.IDENTITY_RESIDUE, ("codestream",))
            item = first + length
        return item, False


def fragments(windows: WindowedSource, offset: int) -> Iterator[Extent]:
    """The fragments of encapsulated pixel data, the offset table first (PS3.5 Section A.4).

    Raises:
        FormatError: they are not a run of fragments with a delimiter.
    """
    while True:
        head = windows.read(offset, _ITEM_HEADER)
        if head[:4] == _SEQUENCE_DELIMITATION:
            return
        length = int.from_bytes(head[4:], "little")
        offset += _ITEM_HEADER
        if head[:4] != _ITEM or length == UNDEFINED_LENGTH or not windows.reaches(offset + length):
            raise FormatError("malformed-fragments")
        yield Extent(offset, length)
        offset += length
