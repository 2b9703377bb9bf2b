"""Encapsulated pixel data, surveyed by item headers: never by what is in them (PS3.5 A.4).

The rule, by rising cost:

1. Items are walked while their headers stand in windows that are already fetched.
2. Where few enough headers are left by their mean distance, each is asked for.
3. Otherwise an offset table leads to the last frame, which is walked to the delimiter, and to two
   frames between; all its entries must ascend and name items where those are known.
4. Without a table to trust, the delimiter is looked for in the last bytes of the object.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

from shared.dicom.element_headers import (
    IMPLICIT,
    ITEM,
    SEQUENCE_DELIMITATION,
    SHORT_HEADER,
)
from shared.dicom.elements import PIXEL_DATA_TAGS, UNDEFINED_LENGTH, Extent
from shared.dicom.limits import KIB, Limits
from shared.dicom.offset_tables import (
    BASIC_ENTRY_BYTES,
    EXTENDED_ENTRY_BYTES,
    OffsetTable,
    read_offset_table,
)
from shared.dicom.source import WindowedSource
from shared.dicom.vrs import EXPLICIT_VRS
from shared.errors import FormatError

UNCHECKED: Final = "fragments-unchecked"
_TABLE_WRONG: Final = "offset-table-wrong"
_PROBE_BYTES: Final = 4 * KIB
_TAIL_BYTES: Final = 64 * KIB
_SAMPLED_FRAMES: Final = 2
_FIRST_ITEMS: Final = 2  # the basic offset table and a fragment
_DELIMITER: Final = {True: b"\xfe\xff\xdd\xe0" + bytes(4), False: b"\xff\xfe\xe0\xdd" + bytes(4)}
_LAST_PIXEL_TAG: Final = max(PIXEL_DATA_TAGS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """What attributes say of the fragments."""

    frames: int | None  # Number of Frames, None where it cannot be told
    one_each: bool  # a frame is one fragment
    at_least_one_each: bool  # a frame is one fragment or more
    extended_table: Extent | None  # Extended Offset Table (7FE0,0001)


_NOTHING_STATED: Final = Stated(
    frames=None, one_each=False, at_least_one_each=False, extended_table=None
)


class Survey(NamedTuple):
    """Where encapsulated pixel data end, after their delimiter, and what is odd about them."""

    end: int
    warnings: tuple[str, ...]


def survey_fragments(
    windows: WindowedSource, start: int, stated: Stated, limits: Limits, *, little: bool
) -> Survey:
    """Return the end of the pixel data whose value starts at `start`.

    Raises:
        FormatError: `truncated`, no delimiter ends them; `malformed-fragments`, something else
            than an item stands where an item must.
    """
    budget = limits.max_fragment_requests
    return _Surveying(windows, start, stated, limits, little=little, budget=budget).survey()


def held_fragments_end(windows: WindowedSource, start: int, limits: Limits, *, little: bool) -> int:
    """Return the same end where it takes no request to see it, else that of the object.

    Raises:
        FormatError: as `survey_fragments`, of the items that were seen.
    """
    return _Surveying(windows, start, _NOTHING_STATED, limits, little=little, budget=0).held_end()


class _Surveying:
    """The state of one survey."""

    def __init__(
        self,
        windows: WindowedSource,
        start: int,
        stated: Stated,
        limits: Limits,
        *,
        little: bool,
        budget: int,
    ) -> None:
        self._windows = windows
        self._start = start
        self._stated = stated
        self._limits = limits
        self._little = little
        self._unpack = IMPLICIT[little]
        self._budget = budget  # of requests
        self._window: tuple[int, bytes] = (0, b"")
        self._items: list[int] = []  # where the items walked over start, the basic table first
        self._reached = start
        self._warnings: dict[str, None] = {}

    def survey(self) -> Survey:
        end, self._reached = self._walk(self._start, self._items)
        tables = self._tables()
        wrong = [table for table in tables if not self._agrees(table, whole=end is not None)]
        if wrong:
            self._warnings[_TABLE_WRONG] = None
        if end is not None:
            self._count_fragments()
        elif tables and not wrong:
            end = self._end_after(tables[-1])
        return Survey(self._end_in_tail() if end is None else end, tuple(self._warnings))

    def held_end(self) -> int:
        return self._walk(self._start, self._items)[0] or self._windows.size

    def _walk(self, start: int, items: list[int]) -> tuple[int | None, int]:
        """Return the end, None where it costs too much to get there, and how far it got."""
        offset = start
        while len(items) < self._limits.max_fragments:
            if not self._is_held(offset) and not self._is_near(offset, items):
                break
            tag, length = self._header(offset)
            if tag == SEQUENCE_DELIMITATION:
                return offset + SHORT_HEADER, offset
            items.append(offset)
            offset = self._after(offset, tag, length)
        return None, offset

    def _after(self, offset: int, tag: int, length: int) -> int:
        if tag != ITEM or length == UNDEFINED_LENGTH:
            raise FormatError("malformed-fragments")
        end = offset + SHORT_HEADER + length
        if not self._windows.reaches(end):
            raise FormatError("truncated")
        return end

    def _is_held(self, offset: int) -> bool:
        start, data = self._window
        until = min(offset + SHORT_HEADER, self._windows.size)
        held = start <= offset and until <= start + len(data)
        return held or self._windows.holds(offset, until)

    def _is_near(self, offset: int, items: list[int]) -> bool:
        """Tell whether the requests left suffice to walk to the end, by the mean of the items."""
        if len(items) < _FIRST_ITEMS:
            return self._budget > 0
        mean = max((offset - items[1]) // (len(items) - 1), _PROBE_BYTES)
        return 1 + (self._windows.size - offset) // mean <= self._budget

    def _header(self, offset: int) -> tuple[int, int]:
        start, data = self._window
        if not start <= offset <= start + len(data) - SHORT_HEADER:
            start, data = self._window = self._fetched(offset)
        if len(data) - (offset - start) < SHORT_HEADER:
            raise FormatError("truncated")
        group, number, length = self._unpack(data, offset - start)
        return group << 16 | number, length

    def _fetched(self, offset: int) -> tuple[int, bytes]:
        if self._is_held(offset):
            return self._windows.window(offset, SHORT_HEADER)
        self._budget -= 1
        return self._windows.probe(offset, _PROBE_BYTES)

    def _tables(self) -> list[OffsetTable]:
        """Return the basic and the extended offset table, those that there are."""
        if not self._items:
            return []
        first = self._items[1] if len(self._items) > 1 else self._reached
        basic = Extent(self._items[0] + SHORT_HEADER, first - self._items[0] - SHORT_HEADER)
        tables = [self._table(basic, BASIC_ENTRY_BYTES, first)]
        if self._stated.extended_table is not None:
            tables.append(self._table(self._stated.extended_table, EXTENDED_ENTRY_BYTES, first))
        return [table for table in tables if table is not None]

    def _table(self, extent: Extent, entry_bytes: int, first: int) -> OffsetTable | None:
        if not extent.length:
            return None
        frames = self._stated.frames if self._stated.at_least_one_each else None
        if extent.length % entry_bytes or (frames and extent.length != frames * entry_bytes):
            return OffsetTable(0, (), in_order=False)
        table = read_offset_table(
            self._read, extent, first, entry_bytes, self._limits.max_offset_table_bytes
        )
        if not table.is_whole:
            self._warnings[UNCHECKED] = None
        return table

    def _read(self, offset: int, length: int) -> bytes:
        start, data = self._windows.probe(offset, length)
        return data[offset - start : offset - start + length]

    def _agrees(self, table: OffsetTable, *, whole: bool) -> bool:
        """Tell whether a table ascends and names items as far as they are known."""
        if not table.in_order or table.starts[-1] >= self._windows.size:
            return False
        known = set(self._items[1:])
        return all(start in known for start in table.starts if whole or start < self._reached)

    def _count_fragments(self) -> None:
        """Compare the fragments with Number of Frames, as far as the transfer syntax fixes it."""
        fragments, frames = len(self._items) - 1, self._stated.frames
        if fragments < 1:
            self._warnings["pixel-data-empty"] = None
        elif frames and (
            (fragments < frames and self._stated.at_least_one_each)
            or (fragments > frames and self._stated.one_each)
        ):
            self._warnings["fragment-count-differs"] = None

    def _end_after(self, table: OffsetTable) -> int | None:
        """Return the end to which the last frame of a table leads, None where it does not."""
        far = [start for start in table.starts[:-1] if start >= self._reached]
        parts = _SAMPLED_FRAMES + 1
        sampled = {far[len(far) * part // parts] for part in range(1, parts)} if far else set()
        try:
            for start in sorted(sampled):
                if self._budget > 0:
                    self._after(start, *self._header(start))
            return self._walk(table.starts[-1], [])[0]
        except FormatError:
            self._warnings[_TABLE_WRONG] = None
            return None

    def _end_in_tail(self) -> int:
        """Return the end that the last bytes of the object show."""
        self._warnings[UNCHECKED] = None
        size = self._windows.size
        begin = max(self._reached, size - _TAIL_BYTES)
        tail = self._read(begin, size - begin)
        ends = _ends_in(tail, _DELIMITER[self._little])
        if not ends:
            raise FormatError("truncated")
        content = len(tail.rstrip(b"\x00"))
        for end in ends:
            if end >= content or _is_element(tail, end, little=self._little):
                return begin + end
        return begin + ends[-1]


def _ends_in(data: bytes, delimiter: bytes) -> list[int]:
    ends, at = [], data.find(delimiter)
    while at >= 0:
        ends.append(at + len(delimiter))
        at = data.find(delimiter, at + len(delimiter))
    return ends


def _is_element(data: bytes, at: int, *, little: bool) -> bool:
    """Tell whether an element stands there that may follow pixel data."""
    if len(data) < at + SHORT_HEADER:
        return False
    group, number, _ = IMPLICIT[little](data, at)
    return (group << 16 | number) > _LAST_PIXEL_TAG and data[at + 4 : at + 6] in EXPLICIT_VRS
