"""What a de-identified object says of itself, and its File Meta Information."""

from __future__ import annotations

from functools import lru_cache
from operator import attrgetter
from typing import Final

from shared.dicom.deidentification.options import CODES, PROFILE_CODE, Option
from shared.dicom.deidentification.profile import Profile
from shared.dicom.deidentification.table import table
from shared.dicom.elements import Extent, RawElement, RawItem

PREAMBLE: Final = bytes(128) + b"DICM"
IMPLEMENTATION_CLASS_UID: Final = "2.25.193406287341550728843620183572614983117"
IMPLEMENTATION_VERSION_NAME: Final = "INLET_1"

_NOWHERE: Final = Extent(0, 0)
_TAG: Final = attrgetter("tag")
_SOP_CLASS_UID: Final = 0x00080016
_SOP_INSTANCE_UID: Final = 0x00080018


def made(tag: int, vr: str, value: str) -> RawElement:
    """An element that stands in no source."""
    return RawElement(tag, vr, _NOWHERE, value.encode("ascii"))


def with_marks(
    elements: tuple[RawElement, ...], profile: Profile, applied: frozenset[Option]
) -> tuple[RawElement, ...]:
    """The data set with the attributes that tell what was done (PS3.15 Section E.1.1)."""
    marks = {mark.tag: mark for mark in _marks(profile, applied)}
    others = (element for element in elements if element.tag not in marks)
    return tuple(sorted((*others, *marks.values()), key=_TAG))


@lru_cache(maxsize=64)
def _marks(profile: Profile, applied: frozenset[Option]) -> tuple[RawElement, ...]:
    codes = (CODES[option] for option in Option if option in applied)
    items = (PROFILE_CODE, *((value, "DCM", meaning) for value, meaning in codes))
    return (
        made(0x00120062, "CS", "YES"),  # Patient Identity Removed
        made(0x00120063, "LO", method(profile)),
        RawElement(0x00120064, "SQ", _NOWHERE, items=tuple(_code(*item) for item in items)),
        made(0x00280303, "CS", _temporal_information(applied)),
    )


def method(profile: Profile) -> str:
    """What De-identification Method (0012,0063) says of a profile; names of profiles are public."""
    with_overrides = "\\With overrides of the profile" if profile.overrides else ""
    return f"PS3.15 {table().edition} Basic Profile by Inlet{with_overrides}"


def _code(value: str, scheme: str, meaning: str) -> RawItem:
    return RawItem(
        (
            made(0x00080100, "SH", value),
            made(0x00080102, "SH", scheme),
            made(0x00080104, "LO", meaning),
        )
    )


def _temporal_information(applied: frozenset[Option]) -> str:
    """The value of Longitudinal Temporal Information Modified (0028,0303)."""
    if Option.RETAIN_FULL_DATES in applied:
        return "UNMODIFIED"
    return "MODIFIED" if Option.RETAIN_MODIFIED_DATES in applied else "REMOVED"


def file_meta(dataset: tuple[RawElement, ...], transfer_syntax_uid: str) -> tuple[RawElement, ...]:
    """File Meta Information made anew (PS3.10 Section 7.1), without its group length."""
    values = {element.tag: element.value or b"" for element in dataset}
    return (
        RawElement(0x00020001, "OB", _NOWHERE, b"\x00\x01"),
        RawElement(0x00020002, "UI", _NOWHERE, values.get(_SOP_CLASS_UID, b"")),
        RawElement(0x00020003, "UI", _NOWHERE, values.get(_SOP_INSTANCE_UID, b"")),
        made(0x00020010, "UI", transfer_syntax_uid),
        made(0x00020012, "UI", IMPLEMENTATION_CLASS_UID),
        made(0x00020013, "SH", IMPLEMENTATION_VERSION_NAME),
    )


def group_length(length: int) -> RawElement:
    """File Meta Information Group Length (0002,0000)."""
    return RawElement(0x00020000, "UL", _NOWHERE, length.to_bytes(4, "little"))
