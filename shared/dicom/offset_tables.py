"""The offset tables of encapsulated pixel data (PS3.5 Section A.4, PS3.3 Section C.7.6.3.1.8)."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from struct import unpack
from typing import Final, NamedTuple

from shared.dicom.elements import Extent

BASIC_ENTRY_BYTES: Final = 4
EXTENDED_ENTRY_BYTES: Final = 8


class OffsetTable(NamedTuple):
    """Where a table says that frames start, counted from the first byte of the object."""

    frames: int  # how many entries the whole table has
    starts: tuple[int, ...]  # the last ones, all where the table was short enough to read
    in_order: bool  # ascending, and the first frame is the first fragment

    @property
    def is_whole(self) -> bool:
        """Whether every entry was read."""
        return self.frames == len(self.starts)


def read_offset_table(
    read: Callable[[int, int], bytes],
    extent: Extent,
    first_fragment: int,
    entry_bytes: int,
    most_bytes: int,
) -> OffsetTable:
    """Return a table that is not empty, of a long one its last `most_bytes`."""
    frames = extent.length // entry_bytes
    count = min(frames, most_bytes // entry_bytes)
    end = extent.offset + extent.length
    data = read(end - count * entry_bytes, count * entry_bytes)
    offsets = unpack(f"<{count}{'I' if entry_bytes == BASIC_ENTRY_BYTES else 'Q'}", data)
    in_order = all(one < other for one, other in pairwise(offsets))
    if count == frames:
        in_order = in_order and offsets[0] == 0
    return OffsetTable(frames, tuple(first_fragment + each for each in offsets), in_order)
