"""The rule that holds for an attribute: a profile compiled for the data sets of one SOP class.

In this order: what no profile may keep; the profile's overrides; Table E.1-1 with the options;
and what holds where the table is silent. The table lists what is known to identify. An attribute
that it does not list is kept only when it cannot carry an identity by its Value Representation, or
when the standard describes it; what the dictionary (PS3.6) does not know is removed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache, lru_cache
from types import MappingProxyType
from typing import Final

from pydicom.datadict import get_entry

from shared.dicom.deidentification.attribute_types import Need, Types, types_of
from shared.dicom.deidentification.characters import SPECIFIC_CHARACTER_SET
from shared.dicom.deidentification.options import COLUMNS, Option
from shared.dicom.deidentification.profile import Override, Profile, Treatment
from shared.dicom.deidentification.table import Row, safe_private, table
from shared.dicom.deidentification.understanding import BINARY_VRS, NUMBER_VRS, TEXT_VRS
from shared.dicom.elements import PIXEL_DATA_TAGS

Path = tuple[int, ...]


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
    otherwise: Action = Action.DUMMY  # where a value cannot be kept or cleaned
    constant: str | None = None  # in place of a dummy
    hashed: bool = False  # the dummy is the value's pseudonym


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
_STEP_CONTENT_ITEMS: Final = 0x00400612  # in Specimen Preparation Sequence, which the table lists
_SECURITY_GROUP: Final = 0x4010  # of DICOS: passengers, owners and routes
_BY_VR: Final = {
    **dict.fromkeys(("PN", "AE", "UR", "DA", "DT", "TM", "AS"), (Action.REMOVE, "identifying-vr")),
    **dict.fromkeys(("LT", "ST", "UT", "UC"), (Action.DUMMY, "free-text")),
    **dict.fromkeys(("OB", "UN"), (Action.REMOVE, "opaque-bytes")),
    "UI": (Action.UID, "uid"),
}
# Where an option speaks of a kind of value, it speaks of the attributes that the table omits, too.
_BY_VR_AND_OPTION: Final = (
    (Option.RETAIN_MODIFIED_DATES, frozenset({"DA", "DT", "TM"}), Action.CLEAN),
    (Option.RETAIN_FULL_DATES, frozenset({"DA", "DT", "TM"}), Action.KEEP),
    (Option.RETAIN_UIDS, frozenset({"UI"}), Action.KEEP),
    (Option.CLEAN_DESCRIPTORS, frozenset({"LT", "ST", "UT", "UC"}), Action.CLEAN),
)
_RETIRED_KEPT_VRS: Final = frozenset(
    {"CS", "DS", "IS", "US", "SS", "UL", "SL", "FL", "FD", "AT", "US or SS"}
)
_ECHOED_VRS: Final = frozenset(
    {"PN", "AE", "LO", "SH", "ST", "LT", "UT", "UC", "UR", "DA", "DT", "UI"}
)
# Options under which a value stays: what it says is said of many patients, so it is no identifier.
_DESCRIPTIVE: Final = frozenset({"clean_descriptors", "retain_patient_characteristics"})
_NOT_ECHOED: Final = frozenset({0x00080201, 0x0016004F, 0x00160050, 0x300A0216})  # offset, makers
PRIVATE_GROUP: Final = 0x00010000  # the bit of a tag that an odd group has
_FIRST_DATA_SET_GROUP: Final = 0x0008
_LENGTH_TO_END: Final = 0x00080001
OVERRIDE: Final = "override"
OVERLAYS: Final = 0x60  # the first digits of their groups
_REPEATING_GROUPS: Final = {0x50: "E.1-1 50xx", OVERLAYS: "E.1-1 60xx"}
PRIVATE: Final = Rule(Action.REMOVE, "E.1-1 private")
_NOT_OF_THE_DATA_SET: Final = Rule(Action.REMOVE, "not-of-the-data-set")
_NESTED_PIXELS: Final = Rule(Action.REMOVE, "nested-pixel-data")
_UNKNOWN: Final = Rule(Action.REMOVE, "unknown-attribute")
_JUDGED_BY_VALUE: Final = TEXT_VRS | NUMBER_VRS | BINARY_VRS | {"UI"}
_TREATMENTS: Final = {
    Treatment.KEEP: Action.KEEP,
    Treatment.REMOVE: Action.REMOVE,
    Treatment.EMPTY: Action.EMPTY,
    Treatment.DUMMY: Action.DUMMY,
    Treatment.UID: Action.UID,
    Treatment.HASH: Action.DUMMY,
    Treatment.CLEAN: Action.CLEAN,
    Treatment.DATE_SHIFT: Action.CLEAN,
    Treatment.REPLACE: Action.DUMMY,
}


class Rules(dict[int, Rule]):
    """The rules for the attributes of one data set, or of the items of one sequence.

    Each is made when it is first asked for; those of attributes that the dictionary has are kept.
    `judged_by_value` has the VRs of those attributes of which nothing but the value decides whether
    an element of that VR is kept as it is: nine in ten, which one look-up then settles.
    """

    __slots__ = ("_below", "_variants", "book", "judged_by_value", "path", "types")

    def __init__(self, book: RuleBook, types: Types, path: Path | None) -> None:
        self.book, self.types, self.path = book, types, path
        self.judged_by_value: dict[int, str] = {}
        self._below: dict[int, Rules] = {}
        self._variants: dict[tuple[int, Rule], Rules] = {}

    def __missing__(self, tag: int) -> Rule:
        """The rule for an attribute that was not asked for before."""
        rule = decided(self.book.profile, self.types, self.path, tag)
        if rule.vr:
            self[tag] = rule
            if _is_judged_by_value(tag, rule):
                self.judged_by_value[tag] = rule.vr
        return rule

    def below(self, tag: int) -> Rules:
        """The rules for the items of a sequence."""
        rules = self._below.get(tag)
        if rules is None:
            rules = self.book.items(self.types.below(tag), self._path_below(tag))
            if tag in self:
                self._below[tag] = rules
        return rules

    def with_rule(self, tag: int, rule: Rule) -> Rules:
        """These rules, but for one attribute."""
        variant = self._variants.get((tag, rule))
        if variant is None:
            variant = self._variants[tag, rule] = Rules(self.book, self.types, self.path)
            variant[tag] = rule
        return variant

    def _path_below(self, tag: int) -> Path | None:
        below = None if self.path is None else (*self.path, tag)
        return below if below in self.book.paths else None


def _is_judged_by_value(tag: int, rule: Rule) -> bool:
    stays = rule.action is Action.KEEP and not rule.echoed
    return stays and rule.vr in _JUDGED_BY_VALUE and tag != SPECIFIC_CHARACTER_SET


class RuleBook:
    """A profile's rules for objects of one SOP class."""

    def __init__(self, profile: Profile, types: Types) -> None:
        paths = [override.path for override in profile.overrides if override.path]
        self.profile = profile
        self.paths = frozenset(path[:length] for path in paths for length in range(len(path)))
        self.private: Mapping[str, Mapping[tuple[int, int], Rule]] = _private_rules(profile)
        self._items: dict[tuple[str, Path | None], Rules] = {}
        self.root = self.items(types, () if paths else None)

    def items(self, types: Types, path: Path | None) -> Rules:
        """The rules for data sets of the same Types at a path, None where no override looks."""
        key = types.name, path
        if key not in self._items:
            self._items[key] = Rules(self, types, path)
        return self._items[key]


def rules_for(profile: Profile, sop_class_uid: str) -> Rules:
    """The profile's rules for the data set of an object."""
    return _book(profile, types_of(sop_class_uid)).root


@lru_cache(maxsize=512)  # profiles times IODs; all SOP classes that are not known count as one
def _book(profile: Profile, types: Types) -> RuleBook:
    return RuleBook(profile, types)


def decided(profile: Profile, types: Types, path: Path | None, tag: int) -> Rule:
    """The profile's rule for a standard attribute."""
    group = tag >> 16
    if tag & PRIVATE_GROUP:
        return PRIVATE
    if group < _FIRST_DATA_SET_GROUP or not tag & 0xFFFF or tag == _LENGTH_TO_END:
        return _NOT_OF_THE_DATA_SET
    if tag in PIXEL_DATA_TAGS:
        return _NESTED_PIXELS
    rule = _of_the_standard(profile.options, tag, types.of(tag))
    vr = (dictionary_vr(tag) or "").split(" or ", maxsplit=1)[0]
    for override in reversed(profile.overrides):
        if override.matches(tag, vr, path):
            return overridden(rule, override)
    return rule


def overridden(rule: Rule, override: Override) -> Rule:
    """The rule with an override in its place."""
    treatment = override.treatment
    hashed = treatment is Treatment.HASH
    return Rule(
        _TREATMENTS[treatment],
        OVERRIDE,
        rule.vr,
        echoed=treatment is not Treatment.KEEP and (rule.echoed or hashed),
        otherwise=rule.action if rule.action in _PLAIN else Action.DUMMY,
        constant=override.value if treatment is Treatment.REPLACE else None,
        hashed=hashed,
    )


_PLAIN: Final = frozenset({Action.REMOVE, Action.EMPTY, Action.DUMMY})


def _of_the_standard(options: frozenset[Option], tag: int, need: Need) -> Rule:
    group = tag >> 24
    if group in _REPEATING_GROUPS:
        return _of_a_repeating_group(options, tag)
    row = table().by_tag.get(tag)
    return _unlisted(options, tag) if row is None else _listed(options, tag, row, need)


def _of_a_repeating_group(options: frozenset[Option], tag: int) -> Rule:
    """Curves and overlays go whole, unless graphics are cleaned of text: curves are retired."""
    vr, group = dictionary_vr(tag) or "", tag >> 24
    name = _REPEATING_GROUPS[group]
    if Option.CLEAN_GRAPHICS in options and group == OVERLAYS and vr:
        name = f"{name} {Action.CLEAN} {Option.CLEAN_GRAPHICS}"
        return Rule(Action.CLEAN, name, vr, otherwise=Action.REMOVE)
    return Rule(Action.REMOVE, name, vr)


def _listed(options: frozenset[Option], tag: int, row: Row, need: Need) -> Rule:
    vr = dictionary_vr(tag) or ""
    basic = decided_action(row.basic, vr, need)
    rule = Rule(basic, f"E.1-1 {row.basic}", vr, _is_echoed(vr, tag, row), basic)
    for option, column in COLUMNS.items():
        code = row.options.get(column)
        if code is not None and option in options:
            return _of_option(rule, Action(code), option)
    return rule


def _of_option(rule: Rule, action: Action, option: Option) -> Rule:
    otherwise = rule.action if rule.action in _PLAIN else Action.DUMMY
    echoed = rule.echoed and action is not Action.KEEP
    name = f"{rule.name} {action} {option}"
    return replace(rule, action=action, name=name, echoed=echoed, otherwise=otherwise)


def decided_action(code: str, vr: str, need: Need) -> Action:
    """What a code of the table means where an attribute is of a Type (PS3.15 Table E.1-1a).

    The first alternative that keeps the object valid. Where the SOP class is not known, the one
    that is valid everywhere; but an empty sequence satisfies Type 2 alone, so it is removed.
    References (X/Z/U*) are always kept, with every UID in them replaced: they are what the other
    objects are found by.
    """
    if code == "X/Z/U*":
        return Action.KEEP
    if "/" not in code:
        return _STRONGER.get((code, need), Action(code))
    if code == "X/Z" and vr == "SQ" and need is Need.UNKNOWN:
        return Action.REMOVE
    wanted = _WANTED[need]
    return next((Action(each) for each in code.split("/") if each in wanted), _LAST[code])


# A dummy is one way of Z; and an empty value says no more than none where there has to be one.
_STRONGER: Final = MappingProxyType(
    {("Z", Need.VALUE): Action.DUMMY, ("X", Need.PRESENCE): Action.EMPTY}
)
_WANTED: Final = MappingProxyType(
    {Need.NOTHING: "XZD", Need.PRESENCE: "ZD", Need.VALUE: "D", Need.UNKNOWN: "D"}
)
_LAST: Final = MappingProxyType(
    {"X/Z": Action.EMPTY, "Z/D": Action.DUMMY, "X/D": Action.DUMMY, "X/Z/D": Action.DUMMY}
)


def _is_echoed(vr: str, tag: int, row: Row) -> bool:
    """Identifiers are; what an option would keep as a description of the patient is not."""
    descriptive = not _DESCRIPTIVE.isdisjoint(row.options) or tag in _NOT_ECHOED
    return vr in _ECHOED_VRS and not descriptive


def _unlisted(options: frozenset[Option], tag: int) -> Rule:
    try:
        vr, _, _, retired, keyword = get_entry(tag)
    except KeyError:
        return _UNKNOWN
    if not keyword:
        return _UNKNOWN
    if retired and vr not in _RETIRED_KEPT_VRS:
        return Rule(Action.REMOVE, "retired-attribute", vr)
    return _unlisted_by_vr(options, tag, vr)


def _unlisted_by_vr(options: frozenset[Option], tag: int, vr: str) -> Rule:
    if tag in CODING or tag in _KEPT_BYTES:
        return Rule(Action.KEEP, "kept", vr)
    if tag == _STEP_CONTENT_ITEMS and Option.CLEAN_STRUCTURED_CONTENT in options:
        return Rule(Action.CLEAN, "kept", vr)
    if tag in _UNLISTED_IDENTIFIERS or tag >> 16 == _SECURITY_GROUP:
        return Rule(Action.DUMMY, "unlisted-identifier", vr, vr in _ECHOED_VRS)
    return rule_by_vr(options, vr)


def rule_by_vr(options: frozenset[Option], vr: str) -> Rule:
    """The rule for attributes of a VR that neither Table E.1-1 nor a list of ours names."""
    action, name = _BY_VR.get(vr, (Action.KEEP, "kept"))
    for option, vrs, instead in _BY_VR_AND_OPTION:
        if option in options and vr in vrs:
            otherwise = action if action in _PLAIN else Action.DUMMY
            return Rule(instead, f"{name} {instead} {option}", vr, otherwise=otherwise)
    return Rule(action, name, vr)


def _private_rules(profile: Profile) -> dict[str, dict[tuple[int, int], Rule]]:
    """By private creator, the rules for those elements of its blocks that are not just removed."""
    rules: dict[str, dict[tuple[int, int], Rule]] = {}
    if Option.RETAIN_SAFE_PRIVATE in profile.options:
        for creator, elements in safe_private().items():
            rules[creator] = {element: _safe(vr) for element, vr in elements.items()}
    for override in profile.overrides:
        if override.private_creator:
            element = int(override.tag[:4], 16), int(override.tag[6:], 16)
            rule = overridden(PRIVATE, override)
            rules.setdefault(override.private_creator, {})[element] = rule
    return rules


def _safe(vr: str) -> Rule:
    name = f"E.3.10-1 {Action.KEEP} {Option.RETAIN_SAFE_PRIVATE}"
    return Rule(Action.KEEP, name, vr, otherwise=Action.REMOVE)


@cache
def dictionary_vr(tag: int) -> str | None:
    """The VR that PS3.6 gives the attribute, alternatives included (`US or SS`)."""
    try:
        vr: str = get_entry(tag)[0]
    except KeyError:
        return None
    return vr
