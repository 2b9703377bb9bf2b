"""The walk over all data sets of one object: what is required, and the form of every value."""

from __future__ import annotations

from typing import Final

from shared.dicom.character_sets import DEFAULT_CHARACTER_SET, CharacterSet, character_set
from shared.dicom.elements import Header, RawElement
from shared.dicom.validation.findings import Findings, Place
from shared.dicom.validation.modules import NOTHING, Node
from shared.dicom.validation.rules import RULES, Rule, with_vr
from shared.dicom.validation.surroundings import Surroundings
from shared.dicom.validation.value_forms import (
    BYTES_PER_VALUE,
    COUNTED,
    STRINGS,
    TEXTS,
    Accept,
    accepts,
    count,
    decoded,
    faults,
)

SPECIFIC_CHARACTER_SET: Final = 0x00080005
_PRIVATE_BIT: Final = 0x10000
_BLANK: Final = b" \x00"


class _Forms(dict[str | None, Accept]):
    """Tests of any number of values by their representation."""

    def __missing__(self, vr: str | None) -> Accept:
        accept = self[vr] = accepts(vr or "UN", 0, None)
        return accept


_FORMS: Final = _Forms()


class Walk:
    """Checks the data sets of one object."""

    def __init__(self, header: Header, sop_class_uid: str, findings: Findings) -> None:
        self._little = header.encoding.little_endian
        self._sop_class_uid = sop_class_uid
        self._findings = findings

    def data_set(  # noqa: C901 - the hot loop
        self,
        elements: tuple[RawElement, ...],
        node: Node = NOTHING,
        place: Place | None = None,
        charset: CharacterSet = DEFAULT_CHARACTER_SET,
        *,
        also_present: frozenset[int] = frozenset(),
    ) -> None:
        """Check one data set or item against what is required of it, and all its values."""
        place = place or self._findings.root
        self.require(elements, node, place, also_present)
        rules, forms, filled = RULES, _FORMS, node.filled
        for element in elements:
            tag, value = element.tag, element.value
            if not value:
                self._without_value(element, node, place, charset)
                continue
            if tag & _PRIVATE_BIT:
                if not forms[element.vr](value):
                    self._explain_form(tag, value, element.vr, place, charset)
            elif (rule := rules[tag]) is None:
                self._without_rule(element, value, place, charset)
            elif element.vr != rule.vrs[0]:
                self._with_other_vr(element, value, rule, place, charset)
            elif not rule.accept(value):
                self._explain(element, value, rule, place, charset)
            if len(value) & 1:
                self._findings.add("odd-length", place, tag)
            if value[0] in _BLANK and tag in filled and _is_blank(element, value):
                self._findings.add("empty-type-1", place, tag)
            if tag == SPECIFIC_CHARACTER_SET:
                charset = character_set(value)

    def require(
        self,
        elements: tuple[RawElement, ...],
        node: Node,
        place: Place,
        also_present: frozenset[int] = frozenset(),
    ) -> None:
        """Find the required attributes that are missing."""
        if node is NOTHING:
            return
        present = {element.tag for element in elements} | also_present
        add = self._findings.add
        for tag in sorted(node.type_1 - present):
            add("missing-type-1", place, tag)
        for tag in sorted(node.type_2 - present):
            add("missing-type-2", place, tag)
        here: Surroundings | None = None
        for tag, code, condition in node.conditional:
            if tag not in present:
                here = here or self.surroundings(elements, place, also_present)
                if condition(here):
                    add(code, place, tag)

    def surroundings(
        self,
        elements: tuple[RawElement, ...],
        place: Place,
        also_present: frozenset[int] = frozenset(),
    ) -> Surroundings:
        """Return the elements as conditions ask for them; items have no SOP class."""
        return Surroundings(
            elements,
            self._sop_class_uid if place is self._findings.root else "",
            little_endian=self._little,
            also_present=also_present,
        )

    def _without_value(
        self, element: RawElement, node: Node, place: Place, charset: CharacterSet
    ) -> None:
        """Check a sequence, an empty element, or one whose value was too large to read."""
        tag = element.tag
        if element.items:
            below = node.below(tag)
            for index, item in enumerate(element.items):
                inside = self._findings.inside(place, tag, index)
                self.data_set(item.elements, below, inside, charset)
        elif element.items is None and element.extent.length:
            size = BYTES_PER_VALUE.get(element.vr or "", 2)
            if element.extent.length % size:
                self._findings.add("value-length", place, tag)
        elif tag in node.filled:
            self._findings.add("empty-type-1", place, tag)
        if element.items is not None and not tag & _PRIVATE_BIT and not _is_sequence(tag):
            self._findings.add("vr-differs", place, tag)

    def _without_rule(
        self, element: RawElement, value: bytes, place: Place, charset: CharacterSet
    ) -> None:
        """Check a value of an even group that the dictionary does not know."""
        tag = element.tag
        if tag & 0xFFFF:  # no group length
            self._findings.add("unknown-attribute", place, tag)
        if not _FORMS[element.vr](value):
            self._explain_form(tag, value, element.vr, place, charset)

    def _with_other_vr(
        self, element: RawElement, value: bytes, rule: Rule, place: Place, charset: CharacterSet
    ) -> None:
        """Check a value that is not of the dictionary's first representation."""
        tag, vr = element.tag, element.vr
        if vr is None or vr == "UN":
            return
        if vr not in rule.vrs:
            self._findings.add("vr-differs", place, tag)
            if not _FORMS[vr](value):
                self._explain_form(tag, value, vr, place, charset)
        elif not (rule := with_vr(rule, vr)).accept(value):
            self._explain(element, value, rule, place, charset)

    def _explain(
        self, element: RawElement, value: bytes, rule: Rule, place: Place, charset: CharacterSet
    ) -> None:
        """Find what is wrong with a value that the quick test did not take, perhaps nothing."""
        tag, vr = element.tag, rule.vrs[0]
        self._explain_form(tag, value, vr, place, charset)
        if vr in COUNTED:
            multiplicity = count(value, vr, charset)
            if multiplicity and not rule.allows_count(multiplicity):
                self._findings.add("vm-differs", place, tag)
        if rule.enumerated and not self._is_enumerated(value, vr, rule, charset):
            self._findings.add("not-enumerated", place, tag)

    def _explain_form(
        self, tag: int, value: bytes, vr: str | None, place: Place, charset: CharacterSet
    ) -> None:
        for code in faults(value, vr or "", charset):
            self._findings.add(code, place, tag)
        if vr in TEXTS and charset is DEFAULT_CHARACTER_SET and not value.isascii():
            self._findings.add("missing-type-1c", self._findings.root, SPECIFIC_CHARACTER_SET)

    def _is_enumerated(self, value: bytes, vr: str, rule: Rule, charset: CharacterSet) -> bool:
        values: list[str | int]
        if vr in STRINGS:
            values = [each.strip("\x00 ") for each in decoded(value, vr, charset).split("\\")]
        else:
            values = [int.from_bytes(value[:2], "little" if self._little else "big")]
        pairs = zip(values, rule.enumerated, strict=False)
        return all(each == "" or each in known for each, known in pairs)


def _is_sequence(tag: int) -> bool:
    rule = RULES[tag]
    return rule is None or rule.vrs[0] == "SQ"


def _is_blank(element: RawElement, value: bytes) -> bool:
    return element.vr in STRINGS and not value.strip(_BLANK)
