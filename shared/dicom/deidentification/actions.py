"""The actions of PS3.15 Section E.3 on raw elements, recorded without values."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from functools import lru_cache
from operator import is_, lt
from typing import ClassVar, Final, NamedTuple, TypeAlias

from shared.dicom.deidentification import dates, free_text
from shared.dicom.deidentification.characters import (
    DEFAULT,
    Encodings,
    decoded,
    encoded,
    encodings_of,
    trimmed,
)
from shared.dicom.deidentification.content import CONTENT_SEQUENCES, item_rules
from shared.dicom.deidentification.dummies import TEXT, dummy, mapped_uids
from shared.dicom.deidentification.echoes import Echoes
from shared.dicom.deidentification.graphics import GRAPHIC_ANNOTATION_SEQUENCE, without_text
from shared.dicom.deidentification.harmless import DUMMIED_VRS
from shared.dicom.deidentification.objections import (
    ECHO,
    NOT_UNDERSTOOD,
    TOO_MANY_BYTES,
    objection,
)
from shared.dicom.deidentification.place import Place
from shared.dicom.deidentification.private_blocks import is_creator
from shared.dicom.deidentification.pseudonyms import PseudonymKey
from shared.dicom.deidentification.rules import (
    OVERLAYS,
    OVERRIDE,
    PRIVATE,
    PRIVATE_GROUP,
    Action,
    Rule,
    Rules,
)
from shared.dicom.deidentification.understanding import TEMPORAL_VRS, TEXT_VRS, understood
from shared.dicom.elements import RawElement, RawItem

PATIENT_NAME: Final = 0x00100010
PATIENT_ID: Final = 0x00100020
ACCESSION_NUMBER: Final = 0x00080050
_TEXTS_OF_MANY: Final = frozenset({"LO", "SH", "UC"})  # a backslash ends a value
_FREE_TEXT_VRS: Final = frozenset({"LO", "LT", "SH", "ST", "UC", "UT"})


class ActionTaken(NamedTuple):
    """What was done to one attribute: tags and item numbers, action code and rule; no value."""

    path: str
    action: Action
    rule: str


@lru_cache(maxsize=4096)
def _digits(tag: int) -> str:
    return f"{tag:08X}"


_new_tuple: Final = tuple.__new__  # a fraction of what the named tuple's own constructor takes

_Performing: TypeAlias = "Callable[[Cleaner, RawElement, Rule, Place], RawElement | None]"


@dataclass(slots=True, repr=False)
class Cleaner:
    """Applies a profile to the data sets of one object."""

    key: PseudonymKey
    patient: str  # the pseudonym of the object's patient
    issuer: str  # of the patient ids
    authority: str  # of the accession numbers
    echoes: Echoes
    little_endian: bool
    days: int  # by which the patient's dates are moved, where the profile moves them
    taken: list[ActionTaken] = field(default_factory=list)

    def clean(
        self, elements: Iterable[RawElement], rules: Rules, encodings: Encodings = DEFAULT
    ) -> tuple[RawElement, ...]:
        """The elements that may be kept or stand for others, in the order of their tags."""
        elements = tuple(elements)
        return self._clean(Place(elements, rules, encodings_of(elements, encodings)))

    def _clean(self, place: Place) -> tuple[RawElement, ...]:
        """As `clean`; the very same elements where nothing changes."""
        judged = place.rules.judged_by_value
        harmless = self.echoes.harmless.in_dummies if place.dummied else self.echoes.harmless
        kept, changed = [], False
        for element in place.elements:
            vr = element.vr
            # Most elements that stay are settled here, without a call.
            if vr == judged.get(element.tag, "") and element.value in harmless[vr]:
                kept.append(element)
                continue
            cleaned = self._element(element, place)
            if cleaned is not element:
                changed = True
            if cleaned is not None:
                kept.append(cleaned)
        if place.rules.book.private:
            kept += self._reservations(kept, place)
        tags = [element.tag for element in kept]
        if all(map(lt, tags, tags[1:])):
            return tuple(kept) if changed else place.elements
        first = {element.tag: element for element in reversed(kept)}
        return tuple(first[tag] for tag in sorted(first))

    def _reservations(self, kept: list[RawElement], place: Place) -> list[RawElement]:
        """A block of which something is kept keeps its creator; the others go."""
        private = {element.tag for element in kept if element.tag & PRIVATE_GROUP}
        reserved = {place.blocks.reservation(tag) for tag in private}
        found = [element for element in reserved if element is not None]
        tags = {element.tag for element in found}
        for element in place.elements:
            if is_creator(element.tag) and element.tag not in tags:
                self._record(place, element, PRIVATE)
        return found

    def _element(self, element: RawElement, place: Place) -> RawElement | None:
        tag, private = element.tag, place.rules.book.private
        if not tag & PRIVATE_GROUP:
            rule = place.rules[tag]
        elif private and is_creator(tag):
            return None  # until it is known whether something of its block is kept
        else:
            rule = (place.blocks.rule(tag, private) if private else None) or PRIVATE
        if rule.action is Action.REMOVE:
            self._record(place, element, rule)
            return None
        known = understood(element, rule.vr, little_endian=self.little_endian)
        if known is None:
            self._record(place, element, NOT_UNDERSTOOD)
            return None
        if place.dummied and rule.action is Action.KEEP and known.vr in DUMMIED_VRS:
            rule = _INSIDE_DUMMY
        return self._performing[rule.action](self, known, rule, place)

    def _perform(self, element: RawElement, rule: Rule, place: Place) -> RawElement | None:
        return self._performing[rule.action](self, element, rule, place)

    def _remove(self, element: RawElement, rule: Rule, place: Place) -> None:
        self._record(place, element, rule)

    def _record(self, place: Place, element: RawElement, rule: Rule) -> None:
        prefix = place.prefix
        path = (place.named() if prefix is None else prefix) + _digits(element.tag)
        self.taken.append(_new_tuple(ActionTaken, (path, rule.action, rule.name)))

    def _instead(self, element: RawElement, rule: Rule, place: Place) -> RawElement | None:
        """What is done with a value that can be neither kept nor cleaned."""
        return self._perform(element, replace(rule, action=rule.otherwise), place)

    def _empty(self, element: RawElement, rule: Rule, place: Place) -> RawElement:
        self._record(place, element, rule)
        if element.tag in _PSEUDONYMS and rule.name != OVERRIDE:
            return _with_value(element, self._pseudonym(element, place))
        if element.vr == "SQ":
            return replace(element, value=None, items=())
        return _with_value(element, b"")

    def _dummy(self, element: RawElement, rule: Rule, place: Place) -> RawElement | None:
        if element.items is not None:
            self._record(place, element, rule)
            return self._sequence(element, place, dummied=True)
        if element.vr == "UI" and rule.constant is None:
            return self._uid(element, rule, place)
        if element.tag in _PSEUDONYMS and rule.name != OVERRIDE:
            return self._empty(element, rule, place)
        if element.value is not None and not trimmed(element.value) and rule.constant is None:
            return _with_value(element, b"")
        self._record(place, element, rule)
        value = self._dummy_value(element, rule, place)
        return None if value is None else _with_value(element, value)

    def _dummy_value(self, element: RawElement, rule: Rule, place: Place) -> bytes | None:
        if rule.constant is not None:
            return rule.constant.encode("ascii")
        if rule.hashed and element.vr in TEXT_VRS and element.value is not None:
            return self._hashed(element.value, place)
        return dummy(element.tag, element.vr or "")

    def _uid(self, element: RawElement, rule: Rule, place: Place) -> RawElement | None:
        if element.value is None:
            return self._perform(element, TOO_MANY_BYTES, place)
        value = mapped_uids(element.value, self.key)
        if value == trimmed(element.value):
            return element
        self._record(place, element, rule)
        return _with_value(element, value)

    def _cleaned(self, element: RawElement, rule: Rule, place: Place) -> RawElement | None:
        """Values of similar meaning that do not identify; or what the profile says instead."""
        vr, value = element.vr or "", element.value
        if element.items is not None:
            return self._cleaned_sequence(element, rule, place)
        if element.tag >> 24 == OVERLAYS:
            kept = element.tag >> 16 in place.regions and vr not in _OVERLAY_TEXT_VRS
            return (self._keep if kept else self._instead)(element, rule, place)
        if value is None:
            return self._instead(element, rule, place)
        if not trimmed(value):
            return _with_value(element, b"")
        cleaned = self._clean_value(vr, value, place)
        if cleaned is None:
            return self._instead(element, rule, place)
        if cleaned != trimmed(value):
            self._record(place, element, rule)
        return _with_value(element, cleaned)

    def _cleaned_sequence(self, element: RawElement, rule: Rule, place: Place) -> RawElement | None:
        if element.tag in CONTENT_SEQUENCES:
            return self._content(element, rule, place)
        if element.tag == GRAPHIC_ANNOTATION_SEQUENCE:
            element = without_text(element)
        return self._sequence(element, place, dummied=place.dummied)

    def _clean_value(self, vr: str, value: bytes, place: Place) -> bytes | None:
        if vr in {"DA", "DT", "TM"}:
            return dates.moved(value, vr, self.days)
        if vr == "AE":
            return self._hashed(value, place)
        return self._clean_text(vr, value, place) if vr in _FREE_TEXT_VRS else None

    def _clean_text(self, vr: str, value: bytes, place: Place) -> bytes | None:
        text = decoded(trimmed(value), place.encodings)
        parts = text.split("\\") if vr in _TEXTS_OF_MANY else [text]
        cleaned = [free_text.cleaned(part, self.echoes) for part in parts]
        if None in cleaned:
            return None
        return encoded("\\".join(part or TEXT.decode() for part in cleaned), place.encodings)

    def _hashed(self, value: bytes, place: Place) -> bytes:
        text = decoded(trimmed(value), place.encodings)
        return "\\".join(self.key.value(part.strip()) for part in text.split("\\")).encode("ascii")

    def _keep(self, element: RawElement, rule: Rule, place: Place) -> RawElement | None:
        if element.items is not None:
            return self._sequence(element, place, dummied=place.dummied)
        against = objection(element, rule, place.encodings, self.echoes)
        if against is ECHO and element.vr == "CS":
            return self._without_echoing_terms(element, place)
        if against is not None:
            return self._perform(element, against, place)
        return self._capped(element, rule, place) if element.vr == "AS" else element

    def _capped(self, element: RawElement, rule: Rule, place: Place) -> RawElement:
        value = dates.capped_age(element.value or b"")
        if value == trimmed(element.value or b""):
            return element
        self._record(place, element, replace(rule, action=Action.CLEAN))
        return _with_value(element, value)

    def _without_echoing_terms(self, element: RawElement, place: Place) -> RawElement:
        """A Code String's other values stay: what they stand for depends on their position."""
        self._record(place, element, ECHO)
        terms = decoded(trimmed(element.value or b""), place.encodings).split("\\")
        echoing = (self.echoes.in_text(element.tag, "CS", term) for term in terms)
        kept = (
            TEXT if echoes else term.encode("ascii", "replace")
            for term, echoes in zip(terms, echoing, strict=True)
        )
        return _with_value(element, b"\\".join(kept))

    def _sequence(self, element: RawElement, place: Place, *, dummied: bool) -> RawElement:
        """The sequence with its items cleaned."""
        tag, rules = element.tag, place.rules.below(element.tag)
        items = enumerate(element.items or ())
        cleaned = [self._item(item, rules, dummied, (place, tag, at)) for at, item in items]
        return _with_items(element, cleaned)

    def _content(self, element: RawElement, rule: Rule, place: Place) -> RawElement | None:
        """The content items that may stay, each cleaned by its concept.

        Where none may, the sequence goes, or is empty where it has to be there.
        """
        tag, below = element.tag, place.rules.below(element.tag)
        kept = []
        for number, item in enumerate(element.items or ()):
            rules = item_rules(item, below)
            if rules is None:
                path = f"{place.named()}{tag:08X}[{number}]"
                self.taken.append(ActionTaken(path, Action.REMOVE, "E.3.4-1"))
            else:
                kept.append((item, rules, place.dummied, (place, tag, number)))
        if not kept and element.items and rule.otherwise is not Action.EMPTY:
            return None
        return _with_items(element, [self._item(*each) for each in kept])

    def _item(
        self,
        item: RawItem,
        rules: Rules,
        dummied: bool,  # noqa: FBT001 - asked for every item
        within: tuple[Place, int, int],
    ) -> RawItem:
        """The item with its elements cleaned; the very same where nothing changes."""
        elements = item.elements
        harmless = self.echoes.harmless.in_dummies if dummied else self.echoes.harmless
        if _all_stay(elements, rules.judged_by_value, harmless):
            return item
        encodings = encodings_of(elements, within[0].encodings)
        cleaned = self._clean(Place(elements, rules, encodings, dummied, within))
        return item if cleaned is elements else RawItem(cleaned, item.undefined_length)

    def _pseudonym(self, element: RawElement, place: Place) -> bytes:
        text = decoded(trimmed(element.value or b""), place.encodings)
        return _PSEUDONYMS[element.tag](self, text).encode("ascii")

    def _pseudonymous_patient_id(self, text: str) -> str:
        return self.key.patient_id(text, self.issuer) if text else self.patient

    def _pseudonymous_accession(self, text: str) -> str:
        return self.key.accession_number(text, self.authority) if text else ""

    _performing: ClassVar[Mapping[Action, _Performing]] = {
        Action.KEEP: _keep,
        Action.UID: _uid,
        Action.EMPTY: _empty,
        Action.DUMMY: _dummy,
        Action.CLEAN: _cleaned,
        Action.REMOVE: _remove,
    }


_INSIDE_DUMMY: Final = Rule(Action.DUMMY, "inside-dummy")
_OVERLAY_TEXT_VRS: Final = TEXT_VRS - {"CS"} | TEMPORAL_VRS


def _all_stay(
    elements: tuple[RawElement, ...],
    judged: Mapping[int, str],
    harmless: Mapping[str, AbstractSet[bytes | None]],
) -> bool:
    """Whether it is settled for all of an item, as for most codes, and they are in order."""
    previous = -1
    for element in elements:
        tag, vr = element.tag, element.vr
        if vr != judged.get(tag, "") or element.value not in harmless[vr] or tag <= previous:
            return False
        previous = tag
    return True


def _with_items(element: RawElement, items: list[RawItem]) -> RawElement:
    """The sequence with these items; the very same where they are its own."""
    before = element.items or ()
    if len(items) == len(before) and all(map(is_, items, before)):
        return element
    return RawElement(
        element.tag, element.vr, element.extent, None, tuple(items), element.undefined_length
    )


def _with_value(element: RawElement, value: bytes) -> RawElement:
    return RawElement(element.tag, element.vr, element.extent, value)


_PSEUDONYMS: Final[dict[int, Callable[[Cleaner, str], str]]] = {
    PATIENT_NAME: lambda cleaner, _: cleaner.patient,
    PATIENT_ID: Cleaner._pseudonymous_patient_id,  # noqa: SLF001
    ACCESSION_NUMBER: Cleaner._pseudonymous_accession,  # noqa: SLF001
}
