"""Content items by their concepts: the Clean Structured Content Option (PS3.15 Section E.3.4).

The name of a content item says what its value is. Table E.3.4-1 has an action for the names that
identify. Names that it does not list, but a coding scheme that everybody has, are treated by their
value type. What has a name of a private or unknown coding scheme goes, and everything below it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Final

from shared.dicom.deidentification.characters import DEFAULT, decoded, trimmed
from shared.dicom.deidentification.options import COLUMNS, Option
from shared.dicom.deidentification.rules import Action, Rule, Rules
from shared.dicom.deidentification.table import ContentRow, content_rows
from shared.dicom.elements import RawElement, RawItem

# Content, Acquisition Context and Specimen Preparation Step Content Item Sequence.
CONTENT_SEQUENCES: Final = frozenset({0x0040A730, 0x00400555, 0x00400612})
REFERENCED_CONTENT_ITEM: Final = 0x0040DB73  # an item by its position
_VALUE_TYPE: Final = 0x0040A040
_CONCEPT_NAME: Final = 0x0040A043
_CONCEPT_CODE: Final = 0x0040A168
_CODE_VALUE, _LONG_CODE_VALUE, _URN_CODE_VALUE = 0x00080100, 0x00080119, 0x00080120
_SCHEME: Final = 0x00080102
_VALUES: Final = {
    "TEXT": 0x0040A160, "PNAME": 0x0040A123, "DATE": 0x0040A121, "TIME": 0x0040A122,
    "DATETIME": 0x0040A120, "UIDREF": 0x0040A124, "CODE": _CONCEPT_CODE, "NUM": 0x0040A300,
    "IMAGE": 0x00081199, "COMPOSITE": 0x00081199, "WAVEFORM": 0x00081199,
}  # fmt: skip
_NAMELESS: Final = frozenset(
    {"CONTAINER", "IMAGE", "COMPOSITE", "WAVEFORM", "SCOORD", "SCOORD3D", "TCOORD"}
)
_SCHEMES: Final = frozenset(
    {
        "ACR", "BI", "C4", "CPT4", "DCM", "FMA", "I10", "I10P", "I9", "I9C", "IETF4646",
        "ISO3166_1", "ISO639_1", "LN", "MA", "MDNS", "MSH", "NCDR", "NCIt", "NEU", "NPI",
        "PUBCHEM_CID", "RADLEX", "RFC5646", "RXNORM", "SCT", "SNM3", "SRT", "UCUM", "UMLS",
    }
)  # fmt: skip

_DESCRIBING: Final = frozenset(
    {COLUMNS[Option.CLEAN_DESCRIPTORS], COLUMNS[Option.RETAIN_DEVICE_IDENTITY]}
)

Concept = tuple[str, str]  # coding scheme designator, code value


def item_rules(item: RawItem, rules: Rules) -> Rules | None:
    """The rules for the attributes of a content item; None when the item goes."""
    value_type = _text(item.elements, _VALUE_TYPE)
    concept = _concept(item, _CONCEPT_NAME)
    options = rules.book.profile.options
    if concept is None:
        return rules if value_type in _NAMELESS else None
    row = _rows().get((*concept, value_type))
    if row is None and concept[0] not in _SCHEMES:
        return None
    action = _action(row, options) if row else _unlisted(value_type, options, item)
    if action is Action.REMOVE:
        return None
    tag = _VALUES.get(value_type)
    if tag is None or action is None:
        return rules
    return rules.with_rule(tag, _rule(tag, action, row, rules[tag]))


def identifying_text(item: RawItem, options: frozenset[Option]) -> bytes:
    """The text of a content item whose concept names an identifier that no option retains.

    What names a device is left out: often it is the name of its model, which stands elsewhere.
    """
    concept = _concept(item, _CONCEPT_NAME)
    row = _rows().get((*concept, "TEXT")) if concept else None
    if row is None or not _DESCRIBING.isdisjoint(row.options):
        return b""
    if _action(row, options) is Action.KEEP:
        return b""
    values = (element.value for element in item.elements if element.tag == _VALUES["TEXT"])
    return trimmed(next(values, None) or b"")


def _action(row: ContentRow, options: frozenset[Option]) -> Action:
    for option, column in COLUMNS.items():
        code = row.options.get(column)
        if code is not None and option in options:
            return Action(code)
    return Action.REMOVE if "X" in row.basic else Action(row.basic)


def _unlisted(value_type: str, options: frozenset[Option], item: RawItem) -> Action | None:
    """What is done with a concept that the table does not list, None: as the attribute's rule."""
    if value_type == "TEXT":
        return Action.CLEAN if Option.CLEAN_DESCRIPTORS in options else Action.DUMMY
    if value_type == "CODE":
        value = _concept(item, _CONCEPT_CODE)
        return Action.KEEP if value is not None and value[0] in _SCHEMES else Action.DUMMY
    return Action.DUMMY if value_type == "PNAME" else None


def _rule(tag: int, action: Action, row: ContentRow | None, rule: Rule) -> Rule:
    if rule.vr == "UI" and action is Action.DUMMY:
        action = Action.UID
    if rule.vr == "SQ" and action is Action.DUMMY and tag != _CONCEPT_CODE:
        action = Action.EMPTY if tag == _VALUES["NUM"] else Action.KEEP
    basic = row.basic if row else "unlisted"
    return Rule(action, f"E.3.4-1 {basic}", rule.vr, rule.echoed and action is not Action.KEEP)


@cache
def _rows() -> Mapping[tuple[str, str, str], ContentRow]:
    return {(row.scheme.partition(" ")[0], row.code, row.value_type): row for row in content_rows()}


def _concept(item: RawItem, sequence: int) -> Concept | None:
    for element in item.elements:
        if element.tag == sequence and element.items:
            elements = element.items[0].elements
            codes = (_text(elements, tag) for tag in _CODES)
            return _text(elements, _SCHEME), next((code for code in codes if code), "")
    return None


_CODES: Final = (_CODE_VALUE, _LONG_CODE_VALUE, _URN_CODE_VALUE)


def _text(elements: tuple[RawElement, ...], tag: int) -> str:
    values = (element.value or b"" for element in elements if element.tag == tag)
    return decoded(trimmed(next(values, b"")), DEFAULT)


def refers_by_position(elements: tuple[RawElement, ...]) -> bool:
    """Whether a content item stands for another by its position, which must then not change."""
    return any(element.tag == REFERENCED_CONTENT_ITEM for element in _all(elements))


def _all(elements: tuple[RawElement, ...]) -> Iterator[RawElement]:
    for element in elements:
        yield element
        for item in element.items or ():
            yield from _all(item.elements)
