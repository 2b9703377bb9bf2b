"""What a profile does, in words and row by row, told by the rules that do it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

from pydicom.datadict import keyword_for_tag

from shared.dicom.deidentification.attribute_types import Need, Types
from shared.dicom.deidentification.options import CODES, PROFILE_CODE, Option
from shared.dicom.deidentification.profile import Override, Profile
from shared.dicom.deidentification.rules import Action, Rule, decided, rule_by_vr, rules_for
from shared.dicom.deidentification.table import Row, table
from shared.dicom.vrs import LONG_VRS, SHORT_VRS

MEANINGS: Final = {
    Action.REMOVE: "removed",
    Action.EMPTY: "emptied, or a pseudonym",
    Action.DUMMY: "replaced by a dummy, or by a pseudonym",
    Action.KEEP: "kept, a sequence with its items cleaned",
    Action.UID: "each UID replaced by its pseudonym",
    Action.CLEAN: "cleaned: dates moved, texts without what identifies",
}
_WHEN: Final = (
    (Need.VALUE, "Type 1"),
    (Need.PRESENCE, "Type 2"),
    (Need.NOTHING, "Type 3"),
)


def describe(profile: Profile) -> str:
    """What the profile does with every class of attributes and with every row of Table E.1-1."""
    return "\n".join(_lines(profile)) + "\n"


def summary(profile: Profile) -> dict[Action, int]:
    """How many rows of Table E.1-1 have each action, for an SOP class that is not known."""
    rules = rules_for(profile, "")
    return Counter(rules[tag_of(row)].action for row in _rows())


def tag_of(row: Row) -> int:
    """A tag that a row speaks of; where it has wildcards, the first."""
    return int(row.tag.replace("x", "0"), 16)


def _lines(profile: Profile) -> Iterator[str]:
    value, _, meaning = PROFILE_CODE
    yield f"Profile {profile.name}: {meaning} ({value}), PS3.15 {table().edition}"
    yield from (f"  and {CODES[o][1]} ({CODES[o][0]})" for o in Option if o in profile.options)
    yield "Codes"
    yield from (f"  {action}: {meaning}" for action, meaning in MEANINGS.items())
    yield "Overrides, of which the last that matches holds"
    yield from (f"  {_override(override)}" for override in profile.overrides)
    yield "Private attributes"
    yield from (f"  {line}" for line in _private(profile))
    yield "Attributes that Table E.1-1 does not list, by value representation"
    by_vr = ((vr, rule_by_vr(profile.options, vr)) for vr in sorted(SHORT_VRS | LONG_VRS))
    yield from (f"  {vr}: {_told(rule)}" for vr, rule in by_vr)
    yield "Rows of Table E.1-1"
    yield from (f"  {_row(profile, row)}" for row in _rows())


def _rows() -> Iterator[Row]:
    return (row for row in table().rows if row.tag != "PRIVATE")


def _override(override: Override) -> str:
    match = (
        f"VR {override.vr}" if override.vr else f"tag {override.tag}" if override.tag else
        f"path {'.'.join(keyword_for_tag(tag) or f'{tag:08x}' for tag in override.path)}"
    )  # fmt: skip
    creator = f" of {override.private_creator}" if override.private_creator else ""
    return f"{match}{creator}: {override.treatment}"


def _private(profile: Profile) -> Iterator[str]:
    for creator, elements in rules_for(profile, "").book.private.items():
        for (group, element), rule in sorted(elements.items()):
            yield f"({group:04x},xx{element:02x}) of {creator}: {rule.action} ({rule.name})"
    yield "all others: X (E.1-1 private)"


def _row(profile: Profile, row: Row) -> str:
    return f"({row.tag[:4]},{row.tag[4:]}) {row.name}: {_by_need(profile, tag_of(row))}"


def _by_need(profile: Profile, tag: int) -> str:
    rules = [decided(profile, _needing(tag, need), None, tag) for need, _ in _WHEN]
    if len({rule.action for rule in rules}) == 1:
        return _told(rules[0])
    told = (f"{rule.action} when {when}" for rule, (_, when) in zip(rules, _WHEN, strict=True))
    return f"{', '.join(told)} ({rules[0].name})"


def _needing(tag: int, need: Need) -> Types:
    return Types("described", known=True, needs={tag: (need, -1)})


def _told(rule: Rule) -> str:
    return f"{rule.action} ({rule.name})"
