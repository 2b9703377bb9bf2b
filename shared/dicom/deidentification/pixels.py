"""Encapsulated pixel data: where they end, and what their codestreams' headers say.

Native pixel data need no look: their length is declared and checked by the reader.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from shared.dicom.deidentification.echoes import Echoes
from shared.dicom.elements import UNDEFINED_LENGTH, Extent, RawElement
from shared.dicom.source import Source, WindowedSource
from shared.errors import FormatError

_ITEM: Final = b"\xfe\xff\x00\xe0"
_SEQUENCE_DELIMITATION: Final = b"\xfe\xff\xdd\xe0"
_ITEM_HEADER: Final = 8
# Many fragments come in one window: a request takes longer than to read what lies between them.
_FIRST_WINDOW_BYTES: Final = 512 * 1024
_LARGEST_WINDOW_BYTES: Final = 4 * 1024 * 1024
_CODESTREAM_HEADER_BYTES: Final = 4096  # JPEG comments and application segments come first


def bounded_pixels(pixels: RawElement, source: Source, echoes: Echoes) -> tuple[RawElement, bool]:
    """The pixel data up to their delimiter, and whether a codestream's header has an identifier.

    Raises:
        FormatError: the pixel data are not a run of fragments with a delimiter.
    """
    windows = WindowedSource(source, _FIRST_WINDOW_BYTES, _LARGEST_WINDOW_BYTES)
    end, echoed = pixels.extent.offset, False
    for fragment in fragments(windows, pixels.extent.offset):
        head = windows.read(fragment.offset, min(fragment.length, _CODESTREAM_HEADER_BYTES))
        echoed = echoed or echoes.in_bytes(head)
        end = fragment.offset + fragment.length
    length = end + _ITEM_HEADER - pixels.extent.offset
    return replace(pixels, extent=Extent(pixels.extent.offset, length)), echoed


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
