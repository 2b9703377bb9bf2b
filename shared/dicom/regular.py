"""The walk over what nearly all of a data set is, where nearly all the time of reading goes.

Regular are values, sequences and items that lie in the window at hand and end where they should.
What is otherwise is left where it stands, for the walk that reads anything: nothing is refused
here, and nothing forgiven, so that this makes no difference but of time.
"""

from __future__ import annotations

from typing import Final, TypeAlias

from shared.dicom.containers import ITEM_AND_VR, VR_OF_FIRST, ContainerWalk
from shared.dicom.element_headers import (
    IMPLICIT,
    ITEM,
    ITEM_TAG_BYTES,
    SEQUENCE_DELIMITATION,
    SHORT_HEADER,
)
from shared.dicom.elements import UNDEFINED_LENGTH, Extent, RawElement, RawItem
from shared.dicom.levels import ElementsLevel, Level, SequenceLevel
from shared.dicom.limits import Limits
from shared.dicom.notation import FIRST_PIXEL_TAG, LONGEST_PLAIN, ElementHeader
from shared.dicom.source import Windows
from shared.dicom.vrs import EXPLICIT_VRS

PRIVATE: Final = 0x10000  # the bit of a tag
_MAY_ENCLOSE: Final = frozenset({"UN", None})
_ITEM_ENDS: Final = {  # by byte order, True for little endian
    True: b"\xfe\xff\x0d\xe0\x00\x00\x00\x00",
    False: b"\xff\xfe\xe0\x0d\x00\x00\x00\x00",
}

# An item or data set that is open: its elements so far, its end, and whether it has no length.
_Item: TypeAlias = tuple[list[RawElement], int, bool]
# A sequence that is open, after what it stands in: its tag, start and end, whether it has no
# length, and its items so far. Offsets count in the window.
_Open: TypeAlias = tuple[list[RawElement], int, bool, int, int, int, bool, list[RawItem]]


class RegularWalk(ContainerWalk):
    """Reads on as far as all is regular."""

    def __init__(self, windows: Windows, limits: Limits, warnings: dict[str, None]) -> None:
        super().__init__(windows, limits, warnings)
        self._inline_left = limits.max_inline_bytes

    def _read_regular(self, level: ElementsLevel) -> Level:  # noqa: C901, PLR0912, PLR0915
        """Read on within a level, and within what opens there; return the innermost level.

        All is in this one function and its variables, because a call, or an object for what is
        open, would take as long as the rest of an element.
        """
        data, start, notation = self._data, self._start, level.notation
        at = self._position - start
        # Whatever counts takes eight bytes or more, so that no more is read than may be.
        left = self._limits.max_elements - self._elements_read
        filled = min(len(data), at + SHORT_HEADER * left)
        depth_left = self._limits.max_nesting_depth - level.depth
        most_items = self._limits.max_items_per_sequence
        explicit, little = notation.explicit_vr, notation.little_endian
        unpack, item_end = IMPLICIT[little], _ITEM_ENDS[little]
        elements, end, undefined = level.elements, level.end - start, level.undefined
        opened: list[_Open] = []
        count = private = 0
        is_between = False
        while at >= 0:
            append, room = elements.append, min(end, filled)
            last = room - SHORT_HEADER
            while at <= last:
                value = at + SHORT_HEADER
                plain = notation[data[at:value]]
                if plain is None:
                    break
                tag, vr, length = plain
                stop = value + length
                if stop > room or (vr is None and data[value : value + 4] in ITEM_TAG_BYTES):
                    break
                append(RawElement(tag, vr, Extent(start + value, length), data[value:stop]))
                count += 1
                if tag & PRIVATE:
                    private += length
                at = stop
            after = at + SHORT_HEADER if undefined else at
            ends = data[at:after] == item_end and after <= end if undefined else at == end
            if opened and ends:
                close, endless, items = opened[-1][5:]
                items.append(RawItem(tuple(elements), undefined))
                at = after
            else:
                header = notation.header(data, at) if at <= last else None
                if header is None:
                    break
                tag, vr, length, size = header
                value = at + size
                if vr != "SQ" or tag >= FIRST_PIXEL_TAG:
                    element = self._larger(header, value, room)
                    if element is None:
                        break
                    append(element)
                    count += 1
                    at = value + length
                    continue
                endless = length == UNDEFINED_LENGTH
                close = end if endless else value + length
                if close > end or len(opened) >= depth_left:
                    break
                items = []
                opened.append((elements, end, undefined, tag, value, close, endless, items))
                count += 1
                at = value
            # Between items: the sequence ends, or another item starts.
            is_between = True
            has_ended = at == close and not endless
            if not has_ended:
                if at + ITEM_AND_VR > filled or at + SHORT_HEADER > close:
                    break
                group, number, length = unpack(data, at)
                tag = group << 16 | number
                has_ended = endless and tag == SEQUENCE_DELIMITATION
            if has_ended:
                elements, end, undefined, tag, value, _, _, items = opened.pop()
                extent = Extent(start + value, at - value)
                elements.append(RawElement(tag, "SQ", extent, None, tuple(items), endless))
                at += SHORT_HEADER if endless else 0
            else:
                undefined = length == UNDEFINED_LENGTH
                end = close if undefined else at + SHORT_HEADER + length
                if tag != ITEM or end > close or len(items) >= most_items:
                    break
                if explicit and data[at + VR_OF_FIRST : at + ITEM_AND_VR] not in EXPLICIT_VRS:
                    break
                elements = []
                count += 1
                at += SHORT_HEADER
            is_between = False
        self._position = start + at
        self._elements_read += count
        self._count_private(private)
        if not opened:
            return level
        item = None if is_between else (elements, end, undefined)
        self._level = innermost = _levels(level, opened, item, start)
        return innermost

    def _larger(self, header: ElementHeader, value: int, room: int) -> RawElement | None:
        """Return a larger element, or one that may enclose items but does not."""
        tag, vr, length, _ = header
        if value + length > room or length > self._most_inline() or tag >= FIRST_PIXEL_TAG:
            return None
        data = self._data
        if vr in _MAY_ENCLOSE and data[value : value + 4] in ITEM_TAG_BYTES:
            return None
        self._count_inline(tag, length)
        return RawElement(
            tag, vr, Extent(self._start + value, length), data[value : value + length]
        )

    def _count_inline(self, tag: int, length: int) -> None:
        if tag & PRIVATE:
            self._count_private(length)
        if length > LONGEST_PLAIN:
            self._inline_left -= length

    def _most_inline(self) -> int:
        """Return how long a value may be that is read, before all of them take too much memory."""
        if self._inline_left < 0:
            return LONGEST_PLAIN
        return max(self._limits.max_inline_value_bytes, LONGEST_PLAIN)


def _levels(level: ElementsLevel, opened: list[_Open], item: _Item | None, start: int) -> Level:
    """Return the innermost level of what was opened within a level, down to an item if any."""
    notation = level.notation
    within = [*(each[:3] for each in opened[1:]), item]
    for (*_, tag, value, close, endless, items), inner in zip(opened, within, strict=True):
        bounded = level.bounded or not endless
        begin = start + value
        sequence = SequenceLevel(
            start + close,
            notation,
            bounded,
            endless,
            level,
            tag,
            "SQ",
            begin,
            None,
            notation.explicit_vr,
            items,
        )
        if inner is None:
            return sequence
        elements, end, undefined = inner
        level = ElementsLevel(
            start + end,
            notation,
            bounded or not undefined,
            undefined,
            sequence,
            level.depth + 1,
            elements,
        )
    return level
