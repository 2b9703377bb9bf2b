"""What kind of value an element has, and whether it is one that its attribute can have."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from shared.dicom.elements import RawElement

TEXT_VRS: Final = frozenset({"AE", "CS", "LO", "LT", "PN", "SH", "ST", "UC", "UR", "UT"})
NUMBER_VRS: Final = frozenset({"DS", "IS"})
TEMPORAL_VRS: Final = frozenset({"AS", "DA", "DT", "TM"})
BINARY_VRS: Final = frozenset(
    "AT FD FL OB OD OF OL OV OW SL SS SV UL UN US UV".split()  # noqa: SIM905 - as PS3.5 lists them
)
BULK_VRS: Final = frozenset({"FD", "FL", "OD", "OF", "OL", "OV", "OW", "SL", "SS", "UL", "US"})
_KINDS: Final = (TEXT_VRS, NUMBER_VRS, TEMPORAL_VRS, BINARY_VRS, frozenset({"UI"}))
_KIND_OF: Final = {vr: number for number, kind in enumerate(_KINDS) for vr in kind}
_KNOWN_VRS: Final = TEXT_VRS | NUMBER_VRS | TEMPORAL_VRS | BINARY_VRS | {"UI", "SQ"}
_PADDING: Final = b"\x00"
_OF_UIDS: Final = b"0123456789.\\ \x00"
_OF_NUMBERS: Final = b"0123456789+-.eE \\"


def understood(element: RawElement, expected: str, *, little_endian: bool) -> RawElement | None:
    """The element under a VR that its value can have, or None when there is none.

    An unknown VR is read as the expected one, which is empty when nothing is known (PS3.5 Section
    6.2.2); a value that encloses items where none are expected, or none where a sequence is, is
    not understood.
    """
    vr = element.vr
    if vr == expected and (not element.value if vr == "SQ" else element.items is None):
        return element
    if (vr is None or vr == "UN" or vr not in _KNOWN_VRS) and expected:
        if not little_endian and expected not in TEXT_VRS:
            return None
        element = replace(element, vr=expected.split(" or ", maxsplit=1)[0])
    return element if _is_consistent(element, expected) else None


def _is_consistent(element: RawElement, expected: str) -> bool:
    if element.vr == "SQ" or element.items is not None:
        return element.vr == "SQ" and expected in {"", "SQ"} and not element.value
    if expected == "SQ" or element.vr not in _KNOWN_VRS:
        return False
    opaque = element.vr in {"OB", "UN"}
    return not expected or not opaque or element.vr in expected.split(" or ")


def is_of_the_kind(vr: str, expected: str) -> bool:
    """Text where the dictionary has numbers, or the reverse, is not what it says it is."""
    return not expected or (vr in _KIND_OF and _KIND_OF[vr] == _KIND_OF.get(expected[:2]))


def is_of_uids(value: bytes) -> bool:
    """Whether a UI has nothing in it but UIDs and their padding."""
    return not value.translate(None, _OF_UIDS)


def is_number(value: bytes) -> bool:
    """Whether a DS or IS has nothing in it but numbers."""
    rest = value.translate(None, _OF_NUMBERS)  # a fraction of the time that a pattern takes
    return not rest or (rest == _PADDING and value.endswith(_PADDING))
