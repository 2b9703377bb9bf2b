"""Sequences and items during the walk: what opens them, what ends them (PS3.5 Section 7.5)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from shared.dicom.element_headers import (
    DELIMITERS,
    IMPLICIT,
    ITEM,
    ITEM_TAG_BYTES,
    SEQUENCE_DELIMITATION,
    SHORT_HEADER,
    fragments_end,
)
from shared.dicom.elements import UNDEFINED_LENGTH, Extent, RawElement, RawItem
from shared.dicom.levels import ElementsLevel, Level, SequenceLevel
from shared.dicom.limits import Limits
from shared.dicom.notation import NOTATIONS, Notation
from shared.dicom.source import Windows
from shared.dicom.vrs import EXPLICIT_VRS
from shared.errors import FormatError, LimitError

OVERRUN: Final = {False: "truncated", True: "element-overruns-item"}  # by whether it is bounded
_ITEM_VRS: Final = frozenset({"SQ", "UN", None})
VR_OF_FIRST: Final = SHORT_HEADER + 4  # where from an item's start its first element's VR is
ITEM_AND_VR: Final = VR_OF_FIRST + 2


class ContainerWalk:
    """The chain of open containers, and the budget of what may stand in them."""

    def __init__(self, windows: Windows, limits: Limits, warnings: dict[str, None]) -> None:
        self._windows = windows
        self._limits = limits
        self._warnings = warnings
        self._level: Level | None = None  # the innermost that is open
        self._elements_read = 0
        self._private_bytes = 0
        self._position = 0
        self._start, self._data = 0, b""  # the window that was asked for last

    def _opens(self, level: ElementsLevel, tag: int, vr: str | None, length: int) -> bool:
        """Tell whether the value is taken care of: a container opened, or fragments passed."""
        if vr == "SQ":
            self._open_sequence(level, tag, vr, length, little=level.notation.little_endian)
            return True
        if length == UNDEFINED_LENGTH and vr not in _ITEM_VRS:
            self._skip_fragments(level, tag, vr)
            return True
        if length < SHORT_HEADER:
            return False
        little = ITEM_TAG_BYTES.get(self._peek(self._position, 4))
        if little is not None:
            self._open_sequence(level, tag, vr, length, little=little)
        elif length == UNDEFINED_LENGTH:
            self._open_sequence(level, tag, vr, length, little=level.notation.little_endian)
        return little is not None or length == UNDEFINED_LENGTH

    def _open_sequence(
        self, level: ElementsLevel, tag: int, vr: str | None, length: int, *, little: bool
    ) -> None:
        self._count()
        if level.depth >= self._limits.max_nesting_depth:
            raise LimitError("nesting-too-deep")
        start = self._position
        undefined = length == UNDEFINED_LENGTH
        end = level.end if undefined else start + length
        if end > level.end:
            raise FormatError(OVERRUN[level.bounded])
        may_be_explicit = level.notation.explicit_vr
        explicit = may_be_explicit and vr != "UN"  # PS3.5 Section 6.2.2, Note 4
        self._level = SequenceLevel(
            end,
            NOTATIONS[explicit, little],
            level.bounded or not undefined,
            undefined,
            level,
            tag,
            vr,
            start,
            None if undefined or vr == "SQ" else end,
            may_be_explicit,
        )

    def _read_item_header(self, level: SequenceLevel) -> None:
        if self._position >= level.end:
            self._close(level)
            return
        at, data = self._at(self._position, ITEM_AND_VR), self._data
        if at + SHORT_HEADER > len(data):
            raise FormatError("truncated")
        group, number, length = IMPLICIT[level.notation.little_endian](data, at)
        tag = group << 16 | number
        if tag == ITEM:
            self._open_item(level, length, data[at + VR_OF_FIRST : at + ITEM_AND_VR])
        elif tag == SEQUENCE_DELIMITATION and level.undefined:
            self._finish_sequence(level, SHORT_HEADER)
        elif tag in DELIMITERS:
            self._skip_stray_delimiter()
        else:
            raise FormatError("malformed-sequence")

    def _open_item(self, level: SequenceLevel, length: int, code: bytes) -> None:
        self._count()
        if len(level.items) >= self._limits.max_items_per_sequence:
            raise LimitError("too-many-items")
        self._position += SHORT_HEADER
        undefined = length == UNDEFINED_LENGTH
        end = level.end if undefined else self._position + length
        if end > level.end:
            if not level.bounded or self._is_presumed:
                raise FormatError(OVERRUN[level.bounded])
            self._warn("item-length-wrong")
            end = level.end
        notation = self._item_notation(level, code) if level.detects_notation else level.notation
        bounded = level.bounded or not undefined
        depth = level.within.depth + 1
        self._level = ElementsLevel(end, notation, bounded, undefined, level, depth)

    @staticmethod
    def _item_notation(level: SequenceLevel, code: bytes) -> Notation:
        """Return how the first element of an item of an explicit data set is written."""
        notation = level.notation
        letters = notation.explicit_vr and code.isalpha() and code.isupper()
        return NOTATIONS[letters or code in EXPLICIT_VRS, notation.little_endian]

    def _close(self, level: Level) -> None:
        """Leave a level whose end has been reached."""
        if level.undefined:
            if not level.bounded:
                raise FormatError("truncated")
            self._warn("missing-delimiter")
        if isinstance(level, SequenceLevel):
            self._finish_sequence(level, 0)
        else:
            self._finish_item(level)

    def _finish_item(self, level: ElementsLevel) -> None:
        """Leave an item, or the data set itself, which belongs to nothing."""
        self._level = sequence = level.within
        if sequence is not None:
            sequence.items.append(RawItem(tuple(level.elements), level.undefined))

    def _finish_sequence(self, level: SequenceLevel, delimiter: int) -> None:
        extent = Extent(level.start, self._position - level.start)
        self._position += delimiter
        self._level = level.within
        level.within.elements.append(
            RawElement(level.tag, level.vr, extent, None, tuple(level.items), level.undefined)
        )

    def _take_as_bytes(self) -> bool:
        """Give up on the innermost value that was only presumed to enclose items."""
        for level in self._open_levels():
            if isinstance(level, SequenceLevel) and level.resume is not None:
                self._level = level.within
                self._position = level.resume
                level.within.elements.append(self._plain(level))
                return True
        return False

    def _plain(self, level: SequenceLevel) -> RawElement:
        extent = Extent(level.start, self._position - level.start)
        self._require(self._position)
        if extent.length > self._limits.max_inline_value_bytes:
            return RawElement(level.tag, level.vr, extent)
        value = self._peek(extent.offset, extent.length)
        return RawElement(level.tag, level.vr, extent, value)

    def _skip_fragments(self, level: ElementsLevel, tag: int, vr: str | None) -> None:
        self._count()
        start = self._position
        end = self._fragments_end(level)
        extent = Extent(start, end - start)
        inline = extent.length <= self._limits.max_inline_value_bytes
        value = self._peek(start, extent.length) if inline else None
        level.elements.append(RawElement(tag, vr, extent, value, None, undefined_length=True))
        self._position = end + SHORT_HEADER

    def _fragments_end(self, level: ElementsLevel) -> int:
        return fragments_end(
            self._peek,
            self._position,
            level.end,
            self._count,
            little=level.notation.little_endian,
        )

    def _skip_stray_delimiter(self) -> None:
        self._count()
        self._warn("stray-delimiter")
        self._position += SHORT_HEADER

    def _open_levels(self) -> Iterator[Level]:
        """Yield what is open, the innermost first."""
        level = self._level
        while level is not None:
            yield level
            level = level.within

    @property
    def _is_presumed(self) -> bool:
        """Whether this may yet turn out to be the inside of a value without items."""
        sequences = (level for level in self._open_levels() if isinstance(level, SequenceLevel))
        return any(sequence.resume is not None for sequence in sequences)

    def _at(self, offset: int, length: int) -> int:
        """Return where in `_data` so many bytes stand, or all up to the end of the stream."""
        at = offset - self._start
        if at < 0 or at + length > len(self._data):
            self._start, self._data = self._windows.window(offset, length)
            at = offset - self._start
        return at

    def _peek(self, offset: int, length: int) -> bytes:
        at = self._at(offset, length)
        return self._data[at : at + length]

    def _require(self, offset: int) -> None:
        if not self._windows.reaches(offset):
            raise FormatError("truncated")

    def _count(self) -> None:
        self._elements_read += 1
        if self._elements_read > self._limits.max_elements:
            raise LimitError("too-many-elements")

    def _count_private(self, length: int) -> None:
        self._private_bytes += length
        if self._private_bytes > self._limits.max_private_bytes:
            raise LimitError("too-many-private-bytes")

    def _warn(self, code: str) -> None:
        self._warnings[code] = None
