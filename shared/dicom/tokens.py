"""The walk over a data set: bytes in, raw elements out, without recursion (PS3.5 Section 7)."""

from __future__ import annotations

from typing import Final, NamedTuple

from shared.dicom.containers import ContainerWalk
from shared.dicom.dictionary import dictionary_vr, vr_table
from shared.dicom.element_headers import (
    DELIMITERS,
    EXPLICIT,
    FIRST_DELIMITER,
    IMPLICIT,
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
    RawElement,
    plain_element,
)
from shared.dicom.levels import ENDLESS, Level
from shared.dicom.limits import LONG_TEXT_VRS, Limits
from shared.dicom.source import Windows
from shared.dicom.vrs import EXPLICIT_VRS
from shared.errors import FormatError, LimitError

_FIRST_PIXEL_TAG: Final = min(PIXEL_DATA_TAGS)
_ALWAYS_INLINE: Final = 64  # as long as a UID


class Stop(NamedTuple):
    """The element at which a walk stopped: its header, not its value."""

    tag: int
    vr: str | None
    length: int
    value_offset: int


class DataSetWalk(ContainerWalk):
    """Reads one data set into raw elements, within limits."""

    def __init__(self, windows: Windows, limits: Limits, warnings: dict[str, None]) -> None:
        super().__init__(windows, limits, warnings)
        self._stops_at_pixels = True
        self._inline_left = limits.max_inline_bytes
        self.stop: Stop | None = None

    @property
    def position(self) -> int:
        """The offset of the first byte that the walk has not consumed."""
        return self._position

    def read(
        self, offset: int, encoding: Encoding, *, stops_at_pixels: bool = True
    ) -> tuple[RawElement, ...]:
        """Return the elements from `offset` to the pixel data or the end of the stream."""
        end = self._windows.end
        root = Level(
            end=ENDLESS if end is None else end, bounded=False, encoding=encoding, undefined=False
        )
        self._levels = [root]
        self._position = offset
        self._stops_at_pixels = stops_at_pixels
        while self._levels:
            self._step()
        return tuple(root.elements)

    def _step(self) -> None:
        level = self._levels[-1]
        try:
            if level.is_sequence:
                self._read_item_header(level)
            else:
                self._read_elements(level)
        except FormatError:
            if not self._take_as_bytes():
                raise

    def _read_elements(self, level: Level) -> None:
        first = len(level.elements)
        try:
            self._read_run(level, first + self._limits.max_elements - self._elements_read)
        finally:
            self._elements_read += len(level.elements) - first

    def _read_run(self, level: Level, most: int) -> None:  # noqa: C901, PLR0912, PLR0915
        """Read plain elements until the level ends or a container opens: the hot loop."""
        explicit, little = level.encoding.explicit_vr, level.encoding.little_endian
        unpack = (EXPLICIT if explicit else IMPLICIT)[little]
        unpack_length = LENGTH[little]
        elements = level.elements
        append = elements.append
        known_vrs, made = EXPLICIT_VRS.get, plain_element
        standard = dictionary_vr if explicit else vr_table().get
        inline, always = self._most_inline(), _ALWAYS_INLINE
        stops = self._stops_at_pixels and len(self._levels) == 1
        start = filled = at = 0
        data = b""
        position, end = self._position, level.end
        while position < end:
            at = position - start
            if at + LONG_HEADER > filled:
                start, data = self._window(position, LONG_HEADER)
                filled, at = len(data), position - start
                if at + SHORT_HEADER > filled:
                    self._end_short(level, position, data[at:])
                    return
            if explicit:
                group, number, code, length = unpack(data, at)
                known = known_vrs(code)
            else:
                group, number, length = unpack(data, at)
                code, known = b"", None
            tag = group << 16 | number
            value = at + SHORT_HEADER
            if not 0 < tag < FIRST_DELIMITER or (explicit and known is None):
                self._position = position
                taken = self._irregular(level, tag, code, data[at : at + LONG_HEADER])
                if taken is None:
                    return
                vr, length, size = taken
                value = at + size
            elif known is None:
                vr = standard(tag) or dictionary_vr(tag)
            elif known[1]:
                vr, value = known[0], at + LONG_HEADER
                if value > filled:
                    raise FormatError("truncated")
                length = unpack_length(data, at + SHORT_HEADER)[0]
            else:
                vr = known[0]
            if tag >= _FIRST_PIXEL_TAG and stops and tag in PIXEL_DATA_TAGS:
                self._position = position
                self.stop = Stop(tag, vr, length, start + value)
                self._levels.pop()
                return
            position = start + value
            if (
                length == UNDEFINED_LENGTH
                or vr == "SQ"
                or (
                    (vr is None or vr == "UN")
                    and (data[value : value + 4] in ITEM_TAG_BYTES or value + 4 > filled)
                )
            ):
                self._position = position
                if self._opens(level, tag, vr, length):
                    return
            stop = position + length
            if stop > end:
                self._forgive_overrun(level, stop)
                end = stop
            if length > inline and not self._keeps_text(vr, length):
                self._require(stop)
                append(plain_element(tag, vr, position, length, None))
            else:
                if value + length > filled:
                    start, data = self._window(position, length)
                    filled, value = len(data), position - start
                    if value + length > filled:
                        raise FormatError("truncated")
                append(made(tag, vr, position, length, data[value : value + length]))
                if group & 1:
                    self._count_private(length)
                if length > always:
                    self._inline_left -= length
                    inline = inline if self._inline_left >= 0 else always
            position = stop
            if len(elements) > most:
                raise LimitError("too-many-elements")
        self._position = position
        self._close(level)

    def _most_inline(self) -> int:
        """Return how long a value may be that is read, before all of them take too much memory."""
        if self._inline_left < 0:
            return _ALWAYS_INLINE
        return self._limits.max_inline_value_bytes

    def _keeps_text(self, vr: str | None, length: int) -> bool:
        longest = self._limits.max_text_value_bytes
        return vr in LONG_TEXT_VRS and length <= longest and self._inline_left >= 0

    def _end_short(self, level: Level, position: int, rest: bytes) -> None:
        """Close the data set where the stream ends before another element's header."""
        if level is not self._levels[0]:
            raise FormatError("truncated")
        if rest:
            if any(rest):
                raise FormatError("truncated")
            self._warn("trailing-padding")
        self._position = position + len(rest)
        self._levels.pop()

    def _forgive_overrun(self, level: Level, stop: int) -> None:
        """Let an element end its too short item, where the next item or nothing follows it."""
        root = self._levels[0]
        if stop > root.end or not level.bounded:
            raise FormatError("truncated")
        if self._is_presumed or not (stop == root.end or self._peek(stop, 4) in ITEM_TAG_BYTES):
            raise FormatError("element-overruns-item")
        self._warn("item-length-wrong")
        for each in self._levels:
            each.end = max(each.end, stop)

    def _irregular(
        self, level: Level, tag: int, code: bytes, header: bytes
    ) -> tuple[str | None, int, int] | None:
        """Return (VR, length, header size) of an odd element, None where none is to be read."""
        if tag >= FIRST_DELIMITER and tag in DELIMITERS:
            self._delimiter(level, tag)
            return None
        if not any(header) and self._only_zeros_follow(level):
            return None
        length: int = LENGTH[level.encoding.little_endian](header, 4)[0]
        if not level.encoding.explicit_vr:
            return dictionary_vr(tag), length, SHORT_HEADER
        if code.isalpha() and code.isupper():
            self._warn("unknown-vr")
            return self._unknown_vr(level, code.decode("ascii"), header)
        self._warn("implicit-element")
        return dictionary_vr(tag), length, SHORT_HEADER

    def _unknown_vr(self, level: Level, vr: str, header: bytes) -> tuple[str, int, int]:
        """Take a 32-bit length as PS3.5 6.2 wants it, but a 16-bit one where only that fits."""
        little = level.encoding.little_endian
        if len(header) == LONG_HEADER and header[6:8] == b"\x00\x00":
            length: int = LENGTH[little](header, SHORT_HEADER)[0]
            if self._position + LONG_HEADER + length <= level.end < ENDLESS:
                return vr, length, LONG_HEADER
        return vr, int.from_bytes(header[6:8], "little" if little else "big"), SHORT_HEADER

    def _only_zeros_follow(self, level: Level) -> bool:
        """Close the data set when nothing but zeros is left of it."""
        end = self._windows.end
        if level is not self._levels[0] or end is None:
            return False
        length = end - self._position
        if length > self._limits.max_trailing_bytes or any(self._peek(self._position, length)):
            return False
        self._warn("trailing-padding")
        self._position = end
        self._levels.pop()
        return True

    def _delimiter(self, level: Level, tag: int) -> None:
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
