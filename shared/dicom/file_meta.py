"""The File Meta Information and the command set, which have encodings of their own."""

from __future__ import annotations

from typing import Final

from shared.dicom.dictionary import dictionary_vr
from shared.dicom.element_headers import LONG_HEADER, SHORT_HEADER
from shared.dicom.elements import UNDEFINED_LENGTH, Extent, RawElement
from shared.dicom.limits import Limits
from shared.dicom.notation import NOTATIONS, Notation
from shared.dicom.source import WindowedSource
from shared.dicom.vrs import EXPLICIT_VRS
from shared.errors import FormatError, LimitError

FILE_META_GROUP: Final = 0x0002
COMMAND_GROUP: Final = 0x0000
GROUP_LENGTH: Final = 0x00020000
MEDIA_STORAGE_SOP_CLASS_UID: Final = 0x00020002
MEDIA_STORAGE_SOP_INSTANCE_UID: Final = 0x00020003
TRANSFER_SYNTAX_UID: Final = 0x00020010
IMPLEMENTATION_CLASS_UID: Final = 0x00020012

_TYPE_1: Final = frozenset(
    {
        MEDIA_STORAGE_SOP_CLASS_UID,
        MEDIA_STORAGE_SOP_INSTANCE_UID,
        TRANSFER_SYNTAX_UID,
        IMPLEMENTATION_CLASS_UID,
    }
)
_MOST_ELEMENTS: Final = 1_000
_NOTHING: Final = (0xFFFFFFFF, None, 0)  # of no group that is read here


def read_file_meta(
    windows: WindowedSource, offset: int, limits: Limits, warnings: dict[str, None]
) -> tuple[tuple[RawElement, ...], int]:
    """Return the elements of group 0002 and the offset after them (PS3.10 Section 7.1)."""
    explicit = windows.read(offset, 6)[4:] in EXPLICIT_VRS
    elements, end = _read_group(windows, offset, FILE_META_GROUP, limits, explicit=explicit)
    if not elements:
        warnings["no-file-meta"] = None
        return elements, end
    if not explicit:
        warnings["file-meta-implicit"] = None
    if not _group_length_agrees(elements, end):
        warnings["file-meta-group-length"] = None
    if not {element.tag for element in elements if element.value}.issuperset(_TYPE_1):
        warnings["file-meta-incomplete"] = None
    return elements, end


def read_command_set(
    windows: WindowedSource, offset: int, limits: Limits, warnings: dict[str, None]
) -> tuple[tuple[RawElement, ...], int]:
    """Return the elements of group 0000, always implicit little endian (PS3.7 Section 6.3)."""
    head = windows.read(offset, SHORT_HEADER)
    if head[:2] != b"\x00\x00" or not any(head):
        return (), offset
    elements, end = _read_group(windows, offset, COMMAND_GROUP, limits, explicit=False)
    warnings["command-set-elements"] = None
    return elements, end


def uid_value(elements: tuple[RawElement, ...], tag: int) -> str:
    """Return a UID without its padding, empty where there is none."""
    for element in elements:
        if element.tag == tag and element.value:
            return element.value.strip(b"\x00 ").decode("latin-1")
    return ""


def _read_group(
    windows: WindowedSource, offset: int, group: int, limits: Limits, *, explicit: bool
) -> tuple[tuple[RawElement, ...], int]:
    elements: list[RawElement] = []
    while len(elements) <= _MOST_ELEMENTS:
        offset = _read_plain(windows, offset, group, elements, NOTATIONS[explicit, True])
        header = windows.read(offset, LONG_HEADER)
        if len(header) < SHORT_HEADER or int.from_bytes(header[:2], "little") != group:
            return tuple(elements), offset
        element = _element(windows, offset, header, limits, explicit=explicit)
        elements.append(element)
        offset = element.extent.offset + element.extent.length
    raise LimitError("too-many-elements")


def _read_plain(
    windows: WindowedSource,
    offset: int,
    group: int,
    elements: list[RawElement],
    notation: Notation,
) -> int:
    """Read the elements of the group that are plain and in one window; return where they end."""
    start, data = windows.window(offset, LONG_HEADER)
    at = offset - start
    while at + SHORT_HEADER <= len(data) and len(elements) < _MOST_ELEMENTS:
        value = at + SHORT_HEADER
        tag, vr, length = notation[data[at:value]] or _NOTHING
        stop = value + length
        if tag >> 16 != group or stop > len(data):
            break
        elements.append(RawElement(tag, vr, Extent(start + value, length), data[value:stop]))
        at = stop
    return start + at


def _element(
    windows: WindowedSource, offset: int, header: bytes, limits: Limits, *, explicit: bool
) -> RawElement:
    tag = int.from_bytes(header[:2], "little") << 16 | int.from_bytes(header[2:4], "little")
    vr, length, size = _described(tag, header, explicit=explicit)
    extent = Extent(offset + size, length)
    if length == UNDEFINED_LENGTH:
        raise FormatError("malformed-element")
    if not windows.reaches(extent.offset + length):
        raise FormatError("truncated")
    if length > limits.max_inline_value_bytes:
        return RawElement(tag, vr, extent)
    return RawElement(tag, vr, extent, windows.read(extent.offset, length))


def _described(tag: int, header: bytes, *, explicit: bool) -> tuple[str | None, int, int]:
    known = EXPLICIT_VRS.get(header[4:6]) if explicit else None
    if known is None:
        return dictionary_vr(tag), int.from_bytes(header[4:8], "little"), SHORT_HEADER
    if known[1]:
        return known[0], int.from_bytes(header[8:12], "little"), LONG_HEADER
    return known[0], int.from_bytes(header[6:8], "little"), SHORT_HEADER


def _group_length_agrees(elements: tuple[RawElement, ...], end: int) -> bool:
    first = elements[0]
    if first.tag != GROUP_LENGTH or first.value is None:
        return False
    return int.from_bytes(first.value, "little") == end - first.extent.offset - first.extent.length
