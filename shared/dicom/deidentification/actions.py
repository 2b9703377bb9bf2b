"""The actions of PS3.15 Section E.3 on raw elements, recorded without values."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Final

from shared.dicom.deidentification.characters import (
    DEFAULT,
    SPECIFIC_CHARACTER_SET,
    Encodings,
    decoded,
    encodings_of,
    is_known_set,
    trimmed,
)
from shared.dicom.deidentification.dummies import TEXT, dummy, mapped_uids
from shared.dicom.deidentification.echoes import Echoes
from shared.dicom.deidentification.pseudonyms import PseudonymKey
from shared.dicom.deidentification.rules import Action, Rule, dictionary_vr, rule_for
from shared.dicom.elements import RawElement, RawItem

PATIENT_NAME: Final = 0x00100010
PATIENT_ID: Final = 0x00100020
ACCESSION_NUMBER: Final = 0x00080050
TEXT_VRS: Final = frozenset({"AE", "CS", "LO", "LT", "PN", "SH", "ST", "UC", "UR", "UT"})
NUMBER_VRS: Final = frozenset({"DS", "IS"})
TEMPORAL_VRS: Final = frozenset({"AS", "DA", "DT", "TM"})
BINARY_VRS: Final = frozenset(
    "AT FD FL OB OD OF OL OV OW SL SS SV UL UN US UV".split()  # noqa: SIM905 - as PS3.5 lists them
)
_BULK_VRS: Final = frozenset({"FD", "FL", "OD", "OF", "OL", "OV", "OW", "SL", "SS", "UL", "US"})
_NUMBER: Final = re.compile(rb"[0-9+\-.eE \\]*\x00?")


@dataclass(frozen=True, slots=True)
class ActionTaken:
    """What was done to one attribute: tags and item numbers, action code and rule; no value."""

    path: str
    action: Action
    rule: str


@dataclass(slots=True, repr=False)
class Cleaner:
    """Applies the profile to the data sets of one object."""

    key: PseudonymKey
    patient: str  # the pseudonym of the object's patient
    issuer: str
    echoes: Echoes
    little_endian: bool
    taken: list[ActionTaken] = field(default_factory=list)

    def clean(
        self,
        elements: Iterable[RawElement],
        encodings: Encodings = DEFAULT,
        prefix: str = "",
        *,
        dummied: bool = False,
    ) -> tuple[RawElement, ...]:
        """The elements that may be kept or stand for others, in the order of their tags."""
        place = _Place(encodings_of(elements := tuple(elements), encodings), prefix, dummied)
        kept: dict[int, RawElement] = {}
        for element in elements:
            cleaned = self._element(element, place)
            if cleaned is not None:
                kept.setdefault(element.tag, cleaned)
        return tuple(kept[tag] for tag in sorted(kept))

    def _element(self, element: RawElement, place: _Place) -> RawElement | None:
        rule = rule_for(element.tag)
        if rule.action is Action.REMOVE:
            return self._perform(element, rule, place)
        understood = _understood(element, little_endian=self.little_endian)
        if understood is None:
            return self._perform(element, _NOT_UNDERSTOOD, place)
        if rule.action is Action.KEEP and place.dummied and understood.vr in _DUMMIED_VRS:
            rule = _INSIDE_DUMMY
        return self._perform(understood, rule, place)

    def _perform(self, element: RawElement, rule: Rule, place: _Place) -> RawElement | None:
        match rule.action:
            case Action.KEEP:
                return self._keep(element, place)
            case Action.UID:
                return self._uid(element, rule, place)
            case Action.EMPTY:
                return self._empty(element, rule, place)
            case Action.DUMMY | Action.CLEAN:
                return self._dummy(element, rule, place)
            case Action.REMOVE:
                self._record(place, element, rule)
        return None

    def _record(self, place: _Place, element: RawElement, rule: Rule) -> None:
        self.taken.append(ActionTaken(f"{place.prefix}{element.tag:08X}", rule.action, rule.name))

    def _empty(self, element: RawElement, rule: Rule, place: _Place) -> RawElement:
        self._record(place, element, rule)
        if element.tag in _PSEUDONYMS:
            return _with_value(element, self._pseudonym(element, place))
        if element.vr == "SQ":
            return replace(element, value=None, items=())
        return _with_value(element, b"")

    def _dummy(self, element: RawElement, rule: Rule, place: _Place) -> RawElement | None:
        if element.items is not None:
            self._record(place, element, rule)
            return self._sequence(element, place, dummied=True)
        if element.vr == "UI":
            return self._uid(element, rule, place)
        if element.tag in _PSEUDONYMS:
            return self._empty(element, rule, place)
        if element.value is not None and not trimmed(element.value):
            return _with_value(element, b"")
        self._record(place, element, rule)
        value = dummy(element.tag, element.vr or "")
        return None if value is None else _with_value(element, value)

    def _uid(self, element: RawElement, rule: Rule, place: _Place) -> RawElement | None:
        if element.value is None:
            return self._perform(element, _TOO_MANY_BYTES, place)
        value = mapped_uids(element.value, self.key)
        if value == trimmed(element.value):
            return element
        self._record(place, element, rule)
        return _with_value(element, value)

    def _keep(self, element: RawElement, place: _Place) -> RawElement | None:
        if element.items is not None:
            return self._sequence(element, place, dummied=place.dummied)
        rule = self._objection(element, place)
        if rule is _ECHO and element.vr == "CS":
            return self._without_echoing_terms(element, place)
        return element if rule is None else self._perform(element, rule, place)

    def _without_echoing_terms(self, element: RawElement, place: _Place) -> RawElement:
        """A Code String's other values stay: what they stand for depends on their position."""
        self._record(place, element, _ECHO)
        terms = decoded(trimmed(element.value or b""), place.encodings).split("\\")
        echoing = (self.echoes.in_text(element.tag, "CS", term) for term in terms)
        kept = (
            TEXT if echoes else term.encode("ascii", "replace")
            for term, echoes in zip(terms, echoing, strict=True)
        )
        return _with_value(element, b"\\".join(kept))

    def _sequence(self, element: RawElement, place: _Place, *, dummied: bool) -> RawElement:
        items = tuple(
            RawItem(
                self.clean(
                    item.elements,
                    place.encodings,
                    f"{place.prefix}{element.tag:08X}[{number}].",
                    dummied=dummied,
                ),
                item.undefined_length,
            )
            for number, item in enumerate(element.items or ())
        )
        return replace(element, items=items)

    def _objection(self, element: RawElement, place: _Place) -> Rule | None:
        """The rule that keeps a value from being kept, if there is one."""
        vr, value = element.vr or "", element.value
        if not _is_of_the_kind(vr, dictionary_vr(element.tag)):
            return _NOT_UNDERSTOOD
        if value is None:
            return _objection_to_unread(vr)
        if not value:
            return None
        if element.tag == SPECIFIC_CHARACTER_SET:
            return None if is_known_set(value) else _NOT_UNDERSTOOD
        if vr in TEXT_VRS:
            text = decoded(trimmed(value), place.encodings)
            return _ECHO if self.echoes.in_text(element.tag, vr, text) else None
        return self._objection_to_number(vr, value)

    def _objection_to_number(self, vr: str, value: bytes) -> Rule | None:
        if vr in NUMBER_VRS:
            if not _NUMBER.fullmatch(value):
                return _NOT_OF_ITS_VR
            return _ECHO if self.echoes.in_number(trimmed(value).decode("ascii")) else None
        if vr in BINARY_VRS:
            return _ECHO if self.echoes.in_bytes(value) else None
        return None if vr == "UI" else _NOT_OF_ITS_VR

    def _pseudonym(self, element: RawElement, place: _Place) -> bytes:
        text = decoded(trimmed(element.value or b""), place.encodings)
        return _PSEUDONYMS[element.tag](self, text).encode("ascii")

    def _pseudonymous_patient_id(self, text: str) -> str:
        return self.key.patient_id(text, self.issuer) if text else self.patient

    def _pseudonymous_accession(self, text: str) -> str:
        return self.key.accession_number(text) if text else ""


@dataclass(frozen=True, slots=True)
class _Place:
    encodings: Encodings
    prefix: str  # the path of the enclosing item
    dummied: bool  # inside a sequence that is a dummy as a whole


# Code Strings and numbers inside a dummy sequence are kept as anywhere: they name nobody, and their
# enumerated values and multiplicities are what makes the item valid.
_DUMMIED_VRS: Final = TEXT_VRS - {"CS"}
_ECHO: Final = Rule(Action.DUMMY, "echo")
_TOO_LONG: Final = Rule(Action.DUMMY, "too-long")
_TOO_MANY_BYTES: Final = Rule(Action.REMOVE, "too-long")
_NOT_OF_ITS_VR: Final = Rule(Action.EMPTY, "not-of-its-vr")
_NOT_UNDERSTOOD: Final = Rule(Action.REMOVE, "not-of-its-vr")
_INSIDE_DUMMY: Final = Rule(Action.DUMMY, "inside-dummy")


def _objection_to_unread(vr: str) -> Rule | None:
    """A value too long to read: arrays of numbers pass, text and opaque bytes do not."""
    if vr in _BULK_VRS:
        return None
    return _TOO_LONG if vr in TEXT_VRS | NUMBER_VRS else _TOO_MANY_BYTES


def _with_value(element: RawElement, value: bytes) -> RawElement:
    return RawElement(element.tag, element.vr, element.extent, value)


def _understood(element: RawElement, *, little_endian: bool) -> RawElement | None:
    """The element under a VR that its value can have, or None when there is none.

    An unknown VR is read as the dictionary's (PS3.5 Section 6.2.2); a value that encloses items
    where the dictionary has none, or none where it has a sequence, is not understood.
    """
    vr, expected = element.vr, dictionary_vr(element.tag)
    if vr == expected and vr != "SQ" and element.items is None:
        return element
    if (vr is None or vr == "UN" or vr not in _KNOWN_VRS) and expected is not None:
        if not little_endian and expected not in TEXT_VRS:
            return None
        element = replace(element, vr=expected.split(" or ", maxsplit=1)[0])
    return element if _is_consistent(element, expected) else None


def _is_consistent(element: RawElement, expected: str | None) -> bool:
    if element.vr == "SQ" or element.items is not None:
        return element.vr == "SQ" and expected in {None, "SQ"} and not element.value
    if expected == "SQ" or element.vr not in _KNOWN_VRS:
        return False
    opaque = element.vr in {"OB", "UN"}
    return expected is None or not opaque or element.vr in expected.split(" or ")


def _is_of_the_kind(vr: str, expected: str | None) -> bool:
    """Text where the dictionary has numbers, or the reverse, is not what it says it is."""
    return expected is None or any(vr in kind and expected[:2] in kind for kind in _KINDS)


_KINDS: Final = (TEXT_VRS, NUMBER_VRS, TEMPORAL_VRS, BINARY_VRS, frozenset({"UI"}))
_KNOWN_VRS: Final = TEXT_VRS | NUMBER_VRS | TEMPORAL_VRS | BINARY_VRS | {"UI", "SQ"}
_PSEUDONYMS: Final[dict[int, Callable[[Cleaner, str], str]]] = {
    PATIENT_NAME: lambda cleaner, _: cleaner.patient,
    PATIENT_ID: Cleaner._pseudonymous_patient_id,  # noqa: SLF001
    ACCESSION_NUMBER: Cleaner._pseudonymous_accession,  # noqa: SLF001
}
