"""The fixed parts of elements and items in the byte stream (PS3.5 Section 7.1, 7.5 and A.4)."""

from __future__ import annotations

from collections.abc import Callable
from struct import Struct
from typing import Final

from shared.dicom.elements import UNDEFINED_LENGTH
from shared.errors import FormatError

ITEM: Final = 0xFFFEE000
ITEM_DELIMITATION: Final = 0xFFFEE00D
SEQUENCE_DELIMITATION: Final = 0xFFFEE0DD
FIRST_DELIMITER: Final = 0xFFFE0000
DELIMITERS: Final = frozenset({ITEM, ITEM_DELIMITATION, SEQUENCE_DELIMITATION})
ITEM_TAG_BYTES: Final = {b"\xfe\xff\x00\xe0": True, b"\xff\xfe\xe0\x00": False}  # little endian?

SHORT_HEADER: Final = 8  # bytes of tag, VR and 16-bit length, or of tag and 32-bit length
LONG_HEADER: Final = 12  # bytes of tag, VR, reserved and 32-bit length

# By byte order, True for little endian.
EXPLICIT: Final = {True: Struct("<HH2sH").unpack_from, False: Struct(">HH2sH").unpack_from}
IMPLICIT: Final = {True: Struct("<HHL").unpack_from, False: Struct(">HHL").unpack_from}
LENGTH: Final = {True: Struct("<L").unpack_from, False: Struct(">L").unpack_from}


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
        group, number, length = IMPLICIT[little](header, 0)
        tag = group << 16 | number
        if tag == SEQUENCE_DELIMITATION:
            return offset
        if tag != ITEM or length == UNDEFINED_LENGTH:
            raise FormatError("malformed-fragments")
        count()
        offset += SHORT_HEADER + length
        if offset > end:
            raise FormatError("truncated")
