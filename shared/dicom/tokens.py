"""The walk over a data set: bytes in, raw elements out, without recursion (PS3.5 Section 7)."""

from __future__ import annotations

from typing import Final, NamedTuple

from shared.dicom.dictionary import dictionary_vr
from shared.dicom.element_headers import (
    DELIMITERS,
    EXPLICIT,
    FIRST_DELIMITER,
    ITEM,
    ITEM_DELIMITATION,
    ITEM_TAG_BYTES,
    LENGTH,
    LONG_HEADER,
    SHORT_HEADER,
)
from shared.dicom.elements import (
    PIXEL_DATA_TAGS,
    UNDEFINED_LENGTH,
    Encoding,
    Extent,
    RawElement,
)
from shared.dicom.levels import ENDLESS, ElementsLevel, SequenceLevel
from shared.dicom.limits import LONG_TEXT_VRS, Limits
from shared.dicom.notation import NOTATIONS, ElementHeader
from shared.dicom.regular import RegularWalk
from shared.dicom.source import Windows
from shared.dicom.vrs import EXPLICIT_VRS
from shared.errors import FormatError

_MAY_ENCLOSE: Final = frozenset({"SQ", "UN", None})


class Stop(NamedTuple):
    """The element at which a walk stopped: its header, not its value."""

    tag: int
    vr: str | None
    length: int
    value_offset: int


class DataSetWalk(RegularWalk):
    """Reads one data set into raw elements, within limits."""

    def __init__(self, windows: Windows, limits: Limits, warnings: dict[str, None]) -> None:
        super().__init__(windows, limits, warnings)
        self._stops_at_pixels = True
        self.stop: Stop | None = None

    def read(
        self, offset: int, encoding: Encoding, *, stops_at_pixels: bool = True
    ) -> tuple[RawElement, ...]:
        """Return the elements from `offset` to the pixel data or the end of the stream."""
        end = self._windows.end
        root = ElementsLevel(
            ENDLESS if end is None else end,
            NOTATIONS[encoding.explicit_vr, encoding.little_endian],
            bounded=False,
            undefined=False,
            within=None,
            depth=0,
        )
        self._level = root
        self._position = offset
        self._at(offset, LONG_HEADER)
        self._stops_at_pixels = stops_at_pixels
        self._walk()
        return tuple(root.elements)

    def _walk(self) -> None:
        while (level := self._level) is not None:
            try:
                if isinstance(level, ElementsLevel):
                    level = self._read_regular(level)
                if isinstance(level, SequenceLevel):
                    self._read_item_header(level)
                else:
                    self._read_any(level)
            except FormatError:
                if not self._take_as_bytes():
                    raise

    def _read_any(self, level: ElementsLevel) -> None:
        """Read one element of any kind, or what stands in the place of one."""
        position = self._position
        if position >= level.end:
            self._close(level)
            return
        header = self._peek(position, LONG_HEADER)
        if len(header) < SHORT_HEADER:
            self._end_short(level, header)
            return
        described = level.notation.header(header, 0) or self._irregular(level, header)
        if described is None:
            return
        tag, vr, length, size = described
        if tag in PIXEL_DATA_TAGS and self._stops_at_pixels and level.within is None:
            self.stop = Stop(tag, vr, length, position + size)
            self._level = None
            return
        self._position = position + size
        may_enclose = vr in _MAY_ENCLOSE or length == UNDEFINED_LENGTH
        if not (may_enclose and self._opens(level, tag, vr, length)):
            self._read_value(level, tag, vr, length)

    def _read_value(self, level: ElementsLevel, tag: int, vr: str | None, length: int) -> None:
        start = self._position
        stop = start + length
        value = None
        if stop > level.end:
            self._forgive_overrun(level, stop)
        if length > self._most_inline() and not self._keeps_text(vr, length):
            self._require(stop)
        else:
            value = self._peek(start, length)
            if len(value) < length:
                raise FormatError("truncated")
            self._count_inline(tag, length)
        self._count()
        level.elements.append(RawElement(tag, vr, Extent(start, length), value))
        self._position = stop

    def _keeps_text(self, vr: str | None, length: int) -> bool:
        longest = self._limits.max_text_value_bytes
        return vr in LONG_TEXT_VRS and length <= longest and self._inline_left >= 0

    def _end_short(self, level: ElementsLevel, rest: bytes) -> None:
        """Close the data set where the stream ends before another element's header."""
        if level.within is not None:
            raise FormatError("truncated")
        if rest:
            if any(rest):
                raise FormatError("truncated")
            self._warn("trailing-padding")
        self._position += len(rest)
        self._level = None

    def _forgive_overrun(self, level: ElementsLevel, stop: int) -> None:
        """Let an element end its too short item, where the next item or nothing follows it."""
        levels = tuple(self._open_levels())
        root = levels[-1]
        if stop > root.end or not level.bounded:
            raise FormatError("truncated")
        if self._is_presumed or not (stop == root.end or self._peek(stop, 4) in ITEM_TAG_BYTES):
            raise FormatError("element-overruns-item")
        self._warn("item-length-wrong")
        for each in levels:
            each.end = max(each.end, stop)

    def _irregular(self, level: ElementsLevel, header: bytes) -> ElementHeader | None:
        """Return what an odd header may mean, None where no element is to be read."""
        explicit, little = level.notation.explicit_vr, level.notation.little_endian
        group, number, code, _ = EXPLICIT[little](header, 0)
        tag = group << 16 | number
        if tag in DELIMITERS:
            self._delimiter(level, tag)
            return None
        if not any(header) and self._only_zeros_follow(level):
            return None
        if explicit and code in EXPLICIT_VRS and 0 < tag < FIRST_DELIMITER:
            raise FormatError("truncated")
        if explicit and code.isalpha() and code.isupper():
            self._warn("unknown-vr")
            return tag, *self._unknown_vr(level, code.decode("ascii"), header)
        if explicit:
            self._warn("implicit-element")
        return tag, dictionary_vr(tag), LENGTH[little](header, 4)[0], SHORT_HEADER

    def _unknown_vr(self, level: ElementsLevel, vr: str, header: bytes) -> tuple[str, int, int]:
        """Take a 32-bit length as PS3.5 6.2 wants it, but a 16-bit one where only that fits."""
        little = level.notation.little_endian
        if len(header) == LONG_HEADER and header[6:8] == b"\x00\x00":
            length: int = LENGTH[little](header, SHORT_HEADER)[0]
            if self._position + LONG_HEADER + length <= level.end < ENDLESS:
                return vr, length, LONG_HEADER
        return vr, int.from_bytes(header[6:8], "little" if little else "big"), SHORT_HEADER

    def _only_zeros_follow(self, level: ElementsLevel) -> bool:
        """Close the data set when nothing but zeros is left of it."""
        end = self._windows.end
        if level.within is not None or end is None:
            return False
        length = end - self._position
        if length > self._limits.max_trailing_bytes or any(self._peek(self._position, length)):
            return False
        self._warn("trailing-padding")
        self._position = end
        self._level = None
        return True

    def _delimiter(self, level: ElementsLevel, tag: int) -> None:
        if level.undefined and tag == ITEM_DELIMITATION:
            self._position += SHORT_HEADER
            self._finish_item(level)
        elif level.undefined:
            self._warn("missing-delimiter")
            self._finish_item(level)
        elif tag == ITEM:
            raise FormatError("malformed-element")
        else:
            self._skip_stray_delimiter()
