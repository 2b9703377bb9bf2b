"""How the elements of a data set are written, and what their headers say (PS3.5 Section 7.1)."""

from __future__ import annotations

from itertools import product
from typing import Final, TypeAlias

from shared.dicom.dictionary import dictionary_vr
from shared.dicom.element_headers import (
    EXPLICIT,
    FIRST_DELIMITER,
    IMPLICIT,
    LENGTH,
    LONG_HEADER,
    SHORT_HEADER,
)
from shared.dicom.elements import PIXEL_DATA_TAGS
from shared.dicom.vrs import EXPLICIT_VRS

PlainHeader: TypeAlias = tuple[int, str | None, int]  # tag, VR, length
ElementHeader: TypeAlias = tuple[int, str | None, int, int]  # and the bytes of the header itself

LONGEST_PLAIN: Final = 64  # as long as a UID
FIRST_PIXEL_TAG: Final = min(PIXEL_DATA_TAGS)
_ENTERED: Final = frozenset({"SQ", "UN"})
_MOST_KNOWN: Final = 8_192
_UNKNOWN: Final = (None, False)


class Notation(dict[bytes, PlainHeader | None]):
    """The eight bytes before a value -> what they say of a plain element, None of another.

    Plain are small values that enclose nothing; those without a VR may enclose items where they
    look like it. Files have the same headers over and over, and to look one up takes a fraction of
    the time of reading it.
    """

    def __init__(self, explicit_vr: bool, little_endian: bool) -> None:  # noqa: FBT001 - its names
        super().__init__()
        self.explicit_vr = explicit_vr
        self.little_endian = little_endian
        self._explicit = EXPLICIT[little_endian]
        self._implicit = IMPLICIT[little_endian]
        self._length = LENGTH[little_endian]

    def __missing__(self, data: bytes) -> PlainHeader | None:
        if len(self) >= _MOST_KNOWN:  # untrusted files say what is kept here
            self.clear()
        self[data] = plain = self._plain(data)
        return plain

    def _plain(self, data: bytes) -> PlainHeader | None:
        header = self.header(data, 0)
        if header is None:
            return None
        tag, vr, length, size = header
        is_plain = size == SHORT_HEADER and length <= LONGEST_PLAIN and tag < FIRST_PIXEL_TAG
        return (tag, vr, length) if is_plain and vr not in _ENTERED else None

    def header(self, data: bytes, at: int) -> ElementHeader | None:
        """Return what stands in eight bytes or more there, None where it is odd or cut."""
        if not self.explicit_vr:
            group, number, length = self._implicit(data, at)
            tag = group << 16 | number
            regular = 0 < tag < FIRST_DELIMITER
            return (tag, dictionary_vr(tag), length, SHORT_HEADER) if regular else None
        group, number, code, length = self._explicit(data, at)
        tag = group << 16 | number
        vr, is_long = EXPLICIT_VRS.get(code, _UNKNOWN)
        if vr is None or not 0 < tag < FIRST_DELIMITER:
            return None
        if not is_long:
            return tag, vr, length, SHORT_HEADER
        if len(data) - at < LONG_HEADER:
            return None
        return tag, vr, self._length(data, at + SHORT_HEADER)[0], LONG_HEADER


NOTATIONS: Final = {each: Notation(*each) for each in product((True, False), repeat=2)}
