"""Sequences and items during the walk: what opens them, what ends them (PS3.5 Section 7.5)."""

from __future__ import annotations

from itertools import product
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
from shared.dicom.elements import UNDEFINED_LENGTH, Encoding, Extent, RawElement, RawItem
from shared.dicom.levels import Level
from shared.dicom.limits import Limits
from shared.dicom.source import Windows
from shared.dicom.vrs import EXPLICIT_VRS
from shared.errors import FormatError, LimitError

OVERRUN: Final = {False: "truncated", True: "element-overruns-item"}  # by Level.bounded
_ENCODINGS: Final = {each: Encoding(*each) for each in product((True, False), repeat=2)}
_ITEM_VRS: Final = frozenset({"SQ", "UN", None})


class ContainerWalk:
    """The stack of open containers, and the budget of what may stand in them."""

    def __init__(self, windows: Windows, limits: Limits, warnings: dict[str, None]) -> None:
        self._windows = windows
        self._limits = limits
        self._warnings = warnings
        self._levels: list[Level] = []
        self._elements_read = 0
        self._private_bytes = 0
        self._position = 0

    def _opens(self, level: Level, tag: int, vr: str | None, length: int) -> bool:
        """Tell whether the value is taken care of: a container opened, or fragments passed."""
        if length == UNDEFINED_LENGTH and vr not in _ITEM_VRS:
            self._skip_fragments(level, tag, vr)
            return True
        if vr == "SQ":
            self._open_sequence(level, tag, vr, length, little=level.encoding.little_endian)
            return True
        if length < SHORT_HEADER:
            return False
        little = ITEM_TAG_BYTES.get(self._peek(self._position, 4))
        if little is not None:
            self._open_sequence(level, tag, vr, length, little=little)
        elif length == UNDEFINED_LENGTH:
            self._open_sequence(level, tag, vr, length, little=level.encoding.little_endian)
        return little is not None or length == UNDEFINED_LENGTH

    def _open_sequence(
        self, level: Level, tag: int, vr: str | None, length: int, *, little: bool
    ) -> None:
        self._count()
        if len(self._levels) // 2 >= self._limits.max_nesting_depth:
            raise LimitError("nesting-too-deep")
        undefined = length == UNDEFINED_LENGTH
        end = level.end if undefined else self._position + length
        if end > level.end:
            raise FormatError(OVERRUN[level.bounded])
        explicit = level.encoding.explicit_vr and vr != "UN"  # PS3.5 Section 6.2.2, Note 4
        self._levels.append(
            Level(
                end=end,
                bounded=level.bounded or not undefined,
                encoding=_ENCODINGS[explicit, little],
                undefined=undefined,
                is_sequence=True,
                tag=tag,
                vr=vr,
                start=self._position,
                resume=None if undefined or vr == "SQ" else end,
                detects_encoding=level.encoding.explicit_vr,
            )
        )

    def _read_item_header(self, level: Level) -> None:
        if self._position >= level.end:
            self._close(level)
            return
        header = self._peek(self._position, SHORT_HEADER + 6)
        if len(header) < SHORT_HEADER:
            raise FormatError("truncated")
        group, number, length = IMPLICIT[level.encoding.little_endian](header, 0)
        tag = group << 16 | number
        if tag == ITEM:
            self._open_item(level, length, header[SHORT_HEADER + 4 :])
        elif tag == SEQUENCE_DELIMITATION and level.undefined:
            self._finish_sequence(level, SHORT_HEADER)
        elif tag in DELIMITERS:
            self._skip_stray_delimiter()
        else:
            raise FormatError("malformed-sequence")

    def _open_item(self, level: Level, length: int, code: bytes) -> None:
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
        self._levels.append(
            Level(
                end=end,
                bounded=level.bounded or not undefined,
                encoding=self._item_encoding(level, code),
                undefined=undefined,
            )
        )

    @staticmethod
    def _item_encoding(level: Level, code: bytes) -> Encoding:
        encoding = level.encoding
        if not level.detects_encoding:
            return encoding
        letters = encoding.explicit_vr and code.isalpha() and code.isupper()
        return _ENCODINGS[letters or code in EXPLICIT_VRS, encoding.little_endian]

    def _close(self, level: Level) -> None:
        """Leave a level whose end has been reached."""
        if level is self._levels[0]:
            self._levels.pop()
            return
        if level.undefined:
            if not level.bounded:
                raise FormatError("truncated")
            self._warn("missing-delimiter")
        if level.is_sequence:
            self._finish_sequence(level, 0)
        else:
            self._finish_item(level)

    def _finish_item(self, level: Level) -> None:
        self._levels.pop()
        self._levels[-1].items.append(RawItem(tuple(level.elements), level.undefined))

    def _finish_sequence(self, level: Level, delimiter: int) -> None:
        self._levels.pop()
        extent = Extent(level.start, self._position - level.start)
        self._position += delimiter
        self._levels[-1].elements.append(
            RawElement(level.tag, level.vr, extent, None, tuple(level.items), level.undefined)
        )

    def _take_as_bytes(self) -> bool:
        """Give up on the innermost value that was only presumed to enclose items."""
        presumed = [level for level in self._levels if level.resume is not None]
        if not presumed or presumed[-1].resume is None:
            return False
        level = presumed[-1]
        del self._levels[self._levels.index(level) :]
        self._position = level.resume or 0
        self._levels[-1].elements.append(self._plain(level))
        return True

    def _plain(self, level: Level) -> RawElement:
        extent = Extent(level.start, self._position - level.start)
        self._require(self._position)
        if extent.length > self._limits.max_inline_value_bytes:
            return RawElement(level.tag, level.vr, extent)
        value = self._peek(extent.offset, extent.length)
        return RawElement(level.tag, level.vr, extent, value)

    def _skip_fragments(self, level: Level, tag: int, vr: str | None) -> None:
        start = self._position
        end = self._fragments_end(level)
        extent = Extent(start, end - start)
        inline = extent.length <= self._limits.max_inline_value_bytes
        value = self._peek(start, extent.length) if inline else None
        level.elements.append(RawElement(tag, vr, extent, value, None, undefined_length=True))
        self._position = end + SHORT_HEADER

    def _fragments_end(self, level: Level) -> int:
        return fragments_end(
            self._peek,
            self._position,
            level.end,
            self._count,
            little=level.encoding.little_endian,
        )

    def _skip_stray_delimiter(self) -> None:
        self._count()
        self._warn("stray-delimiter")
        self._position += SHORT_HEADER

    @property
    def _is_presumed(self) -> bool:
        """Whether this may yet turn out to be the inside of a value without items."""
        return any(level.resume is not None for level in self._levels)

    def _window(self, offset: int, length: int) -> tuple[int, bytes]:
        return self._windows.window(offset, length)

    def _peek(self, offset: int, length: int) -> bytes:
        start, data = self._window(offset, length)
        return data[offset - start : offset - start + length]

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
