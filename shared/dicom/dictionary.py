"""The data dictionary (PS3.6), loaded only when an element does not say its own VR."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import Final

# What an ambiguous entry is read as until Pixel Representation (0028,0103) is known.
_READ_AS: Final = {"US or SS": "US", "OB or OW": "OW", "US or OW": "OW", "US or SS or OW": "OW"}


def dictionary_vr(tag: int) -> str | None:
    """Return the VR of a standard element, a private creator or a group length; else None."""
    if tag & 0x10000:
        element = tag & 0xFFFF
        return "LO" if 0x10 <= element < 0x100 else None if element else "UL"  # noqa: PLR2004
    return vr_table().get(tag) or _repeating_vr(tag)


@lru_cache(maxsize=4096)
def private_vr(tag: int, creator: str) -> str | None:
    """Return the VR that a vendor's private dictionary has for an element; else None."""
    if not creator or not tag >> 16 & 1:
        return None
    from pydicom.datadict import private_dictionary_VR  # noqa: PLC0415 - 0.3 s, often not needed

    try:
        return _READ_AS.get(vr := private_dictionary_VR(tag, creator), vr)
    except KeyError:
        return None


@cache
def signed_by_pixel_representation() -> frozenset[int]:
    """Return the tags whose VR is US or SS as Pixel Representation says."""
    from pydicom._dicom_dict import DicomDictionary  # noqa: PLC0415

    return frozenset(tag for tag, entry in DicomDictionary.items() if entry[0] == "US or SS")


@cache
def vr_table() -> dict[int, str]:
    """Return tag -> VR of every standard element that does not repeat."""
    from pydicom._dicom_dict import DicomDictionary  # noqa: PLC0415

    entries = DicomDictionary.items()
    return {tag: _READ_AS.get(row[0], row[0]) for tag, row in entries if row[0] != "NONE"}


@lru_cache(maxsize=4096)
def _repeating_vr(tag: int) -> str | None:
    from pydicom.datadict import dictionary_VR  # noqa: PLC0415

    if tag & 0xFFFF == 0:
        return "UL"
    try:
        return _READ_AS.get(vr := dictionary_VR(tag), vr)
    except KeyError:
        return None
