"""The rule that holds for an attribute: Table E.1-1, and what holds where it is silent.

The table lists what is known to identify. An attribute that it does not list is kept only
when it cannot carry an identity by its Value Representation, or when the standard describes it;
what the dictionary (PS3.6) does not know is removed.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Final

from pydicom.datadict import get_entry

from shared.dicom.deidentification.table import Row, table
from shared.dicom.elements import PIXEL_DATA_TAGS


class Action(StrEnum):
    """The action codes of PS3.15 Table E.1-1a."""

    REMOVE = "X"
    EMPTY = "Z"
    DUMMY = "D"
    KEEP = "K"
    UID = "U"
    CLEAN = "C"


@dataclass(frozen=True, slots=True)
class Rule:
    """What is done with an attribute, and the rule that says so."""

    action: Action
    name: str
    vr: str = ""  # the dictionary's
    echoed: bool = False  # the original value is searched for in what is kept


# A compound code lets the attribute's Type choose. Without the Types, the strongest alternative
# is taken: a dummy satisfies Types 1, 2 and 3, an empty value 2 and 3 (PS3.5 Section 7.4); but an
# empty sequence satisfies Type 2 alone, so a sequence is removed unless it is known to be one.
COMPOUND: Final = {
    "Z/D": Action.DUMMY,
    "X/D": Action.DUMMY,
    "X/Z/D": Action.DUMMY,
    "X/Z": Action.EMPTY,
    "X/Z/U*": Action.KEEP,  # a sequence of references: kept, every UID in it replaced
}
_TYPE_2_SEQUENCES: Final = frozenset({0x00400555})  # Acquisition Context Sequence
# What names and describes a coding scheme, and what a coded concept means (PS3.3 Section 8).
CODING: Final = frozenset(
    {
        0x00080108, 0x0008010C, 0x0008010D, 0x0008010E, 0x00080114, 0x00080115, 0x00080116,
        0x00080117, 0x00080118, 0x00080119, 0x00080120,
    }
)  # fmt: skip
_KEPT_BYTES: Final = frozenset({0x00282000})  # ICC Profile
# Identifiers of persons, devices and addresses that Table E.1-1 does not list.
_UNLISTED_IDENTIFIERS: Final = frozenset(
    {
        0x00102295,  # Breed Registration Number
        0x00181003,  # Device ID
        0x00181803,  # NTP Source Address
        0x00880130,  # Storage Media File-set ID
        0x01000426,  # Authorization Equipment Certification Number
        0x21000160,  # Owner ID
        0x30020020,  # Radiation Machine Name
    }
)
_SECURITY_GROUP: Final = 0x4010  # of DICOS: passengers, owners and routes
_BY_VR: Final = {
    **dict.fromkeys(("PN", "AE", "UR", "DA", "DT", "TM", "AS"), (Action.REMOVE, "identifying-vr")),
    **dict.fromkeys(("LT", "ST", "UT", "UC"), (Action.DUMMY, "free-text")),
    **dict.fromkeys(("OB", "UN"), (Action.REMOVE, "opaque-bytes")),
    "UI": (Action.UID, "uid"),
}
_RETIRED_KEPT_VRS: Final = frozenset(
    {"CS", "DS", "IS", "US", "SS", "UL", "SL", "FL", "FD", "AT", "US or SS"}
)
_ECHOED_VRS: Final = frozenset(
    {"PN", "AE", "LO", "SH", "ST", "LT", "UT", "UC", "UR", "DA", "DT", "UI"}
)
# Options under which a value stays: what it says is said of many patients, so it is no identifier.
_DESCRIPTIVE: Final = frozenset({"clean_descriptors", "retain_patient_characteristics"})
_NOT_ECHOED: Final = frozenset({0x00080201, 0x0016004F, 0x00160050, 0x300A0216})  # offset, makers
_FIRST_DATA_SET_GROUP: Final = 0x0008
_LENGTH_TO_END: Final = 0x00080001
_REPEATING_GROUPS: Final = {0x50: "E.1-1 50xx", 0x60: "E.1-1 60xx"}


@cache
def rule_for(tag: int) -> Rule:
    """The Basic Profile's rule for an attribute of the data set."""
    group = tag >> 16
    if group & 1:
        return Rule(Action.REMOVE, "E.1-1 private")
    if group < _FIRST_DATA_SET_GROUP or not tag & 0xFFFF or tag == _LENGTH_TO_END:
        return Rule(Action.REMOVE, "not-of-the-data-set")
    if tag in PIXEL_DATA_TAGS:
        return Rule(Action.REMOVE, "nested-pixel-data")
    if group >> 8 in _REPEATING_GROUPS:
        return Rule(Action.REMOVE, _REPEATING_GROUPS[group >> 8])
    row = table().by_tag.get(tag)
    return _listed(tag, row) if row is not None else _unlisted(tag)


def _listed(tag: int, row: Row) -> Rule:
    vr = dictionary_vr(tag) or ""
    action = COMPOUND[row.basic] if "/" in row.basic else Action(row.basic)
    if row.basic == "X/Z" and vr == "SQ" and tag not in _TYPE_2_SEQUENCES:
        action = Action.REMOVE
    return Rule(action, f"E.1-1 {row.basic}", vr, _is_echoed(vr, tag, row))


def _is_echoed(vr: str, tag: int, row: Row) -> bool:
    """Identifiers are; what an option would keep as a description of the patient is not."""
    descriptive = not _DESCRIPTIVE.isdisjoint(row.options) or tag in _NOT_ECHOED
    return vr in _ECHOED_VRS and not descriptive


def _unlisted(tag: int) -> Rule:
    try:
        vr, _, _, retired, keyword = get_entry(tag)
    except KeyError:
        return Rule(Action.REMOVE, "unknown-attribute")
    if not keyword:
        return Rule(Action.REMOVE, "unknown-attribute")
    if retired and vr not in _RETIRED_KEPT_VRS:
        return Rule(Action.REMOVE, "retired-attribute")
    return _unlisted_by_vr(tag, vr)


def _unlisted_by_vr(tag: int, vr: str) -> Rule:
    if tag in CODING or tag in _KEPT_BYTES:
        return Rule(Action.KEEP, "kept", vr)
    if tag in _UNLISTED_IDENTIFIERS or tag >> 16 == _SECURITY_GROUP:
        return Rule(Action.DUMMY, "unlisted-identifier", vr, vr in _ECHOED_VRS)
    action, name = _BY_VR.get(vr, (Action.KEEP, "kept"))
    return Rule(action, name, vr)


@cache
def dictionary_vr(tag: int) -> str | None:
    """The VR that PS3.6 gives the attribute, alternatives included (`US or SS`)."""
    try:
        vr: str = get_entry(tag)[0]
    except KeyError:
        return None
    return vr
