"""The walk over a data set: bytes in, raw elements out, without recursion (PS3.5 Section 7)."""

from __future__ import annotations

from collections.abc import Callable
from struct import Struct
from typing import Final, NamedTuple

from shared.dicom.dictionary import dictionary_vr
from shared.dicom.elements import (
    PIXEL_DATA_TAGS,
    UNDEFINED_LENGTH,
    Encoding,
    Extent,
    RawElement,
    RawItem,
)
from shared.dicom.levels import ENDLESS, Level
from shared.dicom.limits import Limits
from shared.dicom.source import Windows
from shared.dicom.vrs import EXPLICIT_VRS
from shared.errors import FormatError, LimitError

ITEM: Final = 0xFFFEE000
ITEM_DELIMITATION: Final = 0xFFFEE00D
SEQUENCE_DELIMITATION: Final = 0xFFFEE0DD
DELIMITERS: Final = 0xFFFE0000
FIRST_PIXEL_TAG: Final = min(PIXEL_DATA_TAGS)

SHORT_HEADER: Final = 8
LONG_HEADER: Final = 12
_DELIMITER_TAGS: Final = frozenset({ITEM, ITEM_DELIMITATION, SEQUENCE_DELIMITATION})
_ITEM_VRS: Final = frozenset({"SQ", "UN", None})
_OVERRUN: Final = {False: "truncated", True: "element-overruns-item"}
_ITEM_TAGS: Final = {b"\xfe\xff\x00\xe0": True, b"\xff\xfe\xe0\x00": False}

_EXPLICIT: Final = {True: Struct("<HH2sH").unpack_from, False: Struct(">HH2sH").unpack_from}
_IMPLICIT: Final = {True: Struct("<HHL").unpack_from, False: Struct(">HHL").unpack_from}
_LENGTH: Final = {True: Struct("<L").unpack_from, False: Struct(">L").unpack_from}


class Stop(NamedTuple):
    """The element at which a walk stopped: its header, not its value."""

    tag: int
    vr: str | None
    length: int
    value_offset: int


class DataSetWalk:
    """Reads one data set into raw elements, within limits."""

    def __init__(self, windows: Windows, limits: Limits, warnings: dict[str, None]) -> None:
        self._windows = windows
        self._limits = limits
        self._warnings = warnings
        self._levels: list[Level] = []
        self._elements_read = 0
        self._private_bytes = 0
        self._position = 0
        self._stops_at_pixels = True
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
        unpack = (_EXPLICIT if explicit else _IMPLICIT)[little]
        unpack_length = _LENGTH[little]
        elements = level.elements
        append = elements.append
        known_vrs = EXPLICIT_VRS.get
        inline = self._limits.max_inline_value_bytes
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
            if not 0 < tag < DELIMITERS or (explicit and known is None):
                self._position = position
                taken = self._irregular(level, tag, code, data[at : at + LONG_HEADER])
                if taken is None:
                    return
                vr, length, size = taken
                value = at + size
            elif known is None:
                vr = dictionary_vr(tag)
            elif known[1]:
                vr, value = known[0], at + LONG_HEADER
                if value > filled:
                    raise FormatError("truncated")
                length = unpack_length(data, at + SHORT_HEADER)[0]
            else:
                vr = known[0]
            if tag >= FIRST_PIXEL_TAG and stops and tag in PIXEL_DATA_TAGS:
                self._position = position
                self.stop = Stop(tag, vr, length, start + value)
                self._levels.pop()
                return
            position = start + value
            if length == UNDEFINED_LENGTH or vr == "SQ" or vr == "UN" or vr is None:  # noqa: PLR1714
                self._position = position
                if self._opens(level, tag, vr, length):
                    return
            stop = position + length
            if stop > end:
                self._forgive_overrun(level, stop)
                end = stop
            if length > inline:
                self._require(stop)
                append(RawElement(tag, vr, Extent(position, length)))
            else:
                if value + length > filled:
                    start, data = self._window(position, length)
                    filled, value = len(data), position - start
                    if value + length > filled:
                        raise FormatError("truncated")
                append(RawElement(tag, vr, Extent(position, length), data[value : value + length]))
                if group & 1:
                    self._count_private(length)
            position = stop
            if len(elements) > most:
                raise LimitError("too-many-elements")
        self._position = position
        self._close(level)

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

    # Elements that are not as the encoding wants them.

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

    @property
    def _is_presumed(self) -> bool:
        """Whether this may yet turn out to be the inside of a value without items."""
        return any(level.resume is not None for level in self._levels)

    def _forgive_overrun(self, level: Level, stop: int) -> None:
        """Let an element end its too short item, where the next item or nothing follows it."""
        root = self._levels[0]
        if stop > root.end or not level.bounded:
            raise FormatError("truncated")
        if self._is_presumed or not (stop == root.end or self._peek(stop, 4) in _ITEM_TAGS):
            raise FormatError("element-overruns-item")
        self._warn("item-length-wrong")
        for each in self._levels:
            each.end = max(each.end, stop)

    def _irregular(
        self, level: Level, tag: int, code: bytes, header: bytes
    ) -> tuple[str | None, int, int] | None:
        """Return (VR, length, header size) of an odd element, None where none is to be read."""
        if tag >= DELIMITERS and tag in _DELIMITER_TAGS:
            self._delimiter(level, tag)
            return None
        if not any(header) and self._only_zeros_follow(level):
            return None
        length: int = _LENGTH[level.encoding.little_endian](header, 4)[0]
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
            length: int = _LENGTH[little](header, SHORT_HEADER)[0]
            if self._position + LONG_HEADER + length <= level.end < ENDLESS:
                return vr, length, LONG_HEADER
        return vr, int.from_bytes(header[6:8], "little" if little else "big"), SHORT_HEADER

    def _only_zeros_follow(self, level: Level) -> bool:
        """Close the data set when nothing but zeros is left of it."""
        if level is not self._levels[0] or level.end == ENDLESS:
            return False
        length = level.end - self._position
        if length > self._limits.max_trailing_bytes or any(self._peek(self._position, length)):
            return False
        self._warn("trailing-padding")
        self._position = level.end
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

    def _skip_stray_delimiter(self) -> None:
        self._count()
        self._warn("stray-delimiter")
        self._position += SHORT_HEADER

    # Containers.

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
        little = _ITEM_TAGS.get(self._peek(self._position, 4))
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
            raise FormatError(_OVERRUN[level.bounded])
        explicit = level.encoding.explicit_vr and vr != "UN"  # PS3.5 Section 6.2.2, Note 4
        self._levels.append(
            Level(
                end=end,
                bounded=level.bounded or not undefined,
                encoding=Encoding(explicit_vr=explicit, little_endian=little),
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
        group, number, length = _IMPLICIT[level.encoding.little_endian](header, 0)
        tag = group << 16 | number
        if tag == ITEM:
            self._open_item(level, length, header[SHORT_HEADER + 4 :])
        elif tag == SEQUENCE_DELIMITATION and level.undefined:
            self._finish_sequence(level, SHORT_HEADER)
        elif tag in _DELIMITER_TAGS:
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
                raise FormatError(_OVERRUN[level.bounded])
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
        if not level.detects_encoding:
            return level.encoding
        letters = code.isalpha() and code.isupper() and level.encoding.explicit_vr
        explicit = code in EXPLICIT_VRS or letters
        return Encoding(explicit_vr=explicit, little_endian=level.encoding.little_endian)

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


def fragments_end(
    peek: Callable[[int, int], bytes],
    offset: int,
    end: int,
    count: Callable[[], None],
    *,
    little: bool,
) -> int:
    """Return the offset of the Sequence Delimitation Item of encapsulated data (PS3.5 A.4)."""
    while True:
        header = peek(offset, SHORT_HEADER)
        if len(header) < SHORT_HEADER:
            raise FormatError("truncated")
        group, number, length = _IMPLICIT[little](header, 0)
        tag = group << 16 | number
        if tag == SEQUENCE_DELIMITATION:
            return offset
        if tag != ITEM or length == UNDEFINED_LENGTH:
            raise FormatError("malformed-fragments")
        count()
        offset += SHORT_HEADER + length
        if offset > end:
            raise FormatError("truncated")
