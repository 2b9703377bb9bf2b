"""What keeps a value from being kept although its attribute may stay."""

from __future__ import annotations

from typing import Final

from shared.dicom.deidentification.characters import (
    SPECIFIC_CHARACTER_SET,
    Encodings,
    decoded,
    is_known_set,
    trimmed,
)
from shared.dicom.deidentification.dates import is_temporal
from shared.dicom.deidentification.echoes import Echoes
from shared.dicom.deidentification.reasons import HeldError, HoldReason
from shared.dicom.deidentification.rules import Action, Rule
from shared.dicom.deidentification.understanding import (
    BINARY_VRS,
    BULK_VRS,
    NUMBER_VRS,
    TEMPORAL_VRS,
    TEXT_VRS,
    is_number,
    is_of_the_kind,
    is_of_uids,
)
from shared.dicom.elements import RawElement

ECHO: Final = Rule(Action.DUMMY, "echo")
TOO_MANY_BYTES: Final = Rule(Action.REMOVE, "too-long")
NOT_UNDERSTOOD: Final = Rule(Action.REMOVE, "not-of-its-vr")
_TOO_LONG: Final = Rule(Action.DUMMY, "too-long")
_NOT_OF_ITS_VR: Final = Rule(Action.EMPTY, "not-of-its-vr")


def objection(element: RawElement, rule: Rule, encodings: Encodings, echoes: Echoes) -> Rule | None:
    """The rule that keeps a value from being kept, if there is one.

    Raises:
        HeldError: `numbers-too-long`, there is none under which the object may be released.
    """
    vr, value = element.vr or "", element.value
    if not is_of_the_kind(vr, rule.vr):
        return NOT_UNDERSTOOD
    if value is None:
        return _objection_to_unread(vr)
    if element.tag == SPECIFIC_CHARACTER_SET:
        return None if is_known_set(value) else NOT_UNDERSTOOD
    if vr in TEXT_VRS:
        text = decoded(trimmed(value), encodings)
        return ECHO if text and echoes.in_text(element.tag, vr, text) else None
    return _objection_to_value(vr, value, rule, echoes) if value else None


def _objection_to_value(vr: str, value: bytes, rule: Rule, echoes: Echoes) -> Rule | None:
    if vr in BINARY_VRS:
        return ECHO if echoes.in_bytes(value) else None
    if vr in NUMBER_VRS:
        return _objection_to_number(value, echoes)
    if vr in TEMPORAL_VRS:
        return _objection_to_date(vr, value, rule, echoes)
    return None if vr == "UI" and is_of_uids(value) else _NOT_OF_ITS_VR


def _objection_to_unread(vr: str) -> Rule | None:
    """A value too long to read: arrays of binary numbers pass, text and opaque bytes do not.

    Numbers in text can neither pass unsearched nor be replaced without the object telling
    something else, as a contour of other points does.
    """
    if vr in BULK_VRS:
        return None
    if vr in NUMBER_VRS:
        raise HeldError(HoldReason.NUMBERS_TOO_LONG)
    return _TOO_LONG if vr in TEXT_VRS else TOO_MANY_BYTES


def _objection_to_date(vr: str, value: bytes, rule: Rule, echoes: Echoes) -> Rule | None:
    if not is_temporal(value, vr):
        return Rule(rule.otherwise, _NOT_OF_ITS_VR.name)
    if vr in {"DA", "DT"} and echoes.has_day(trimmed(value).decode("latin-1")):
        return Rule(rule.otherwise, ECHO.name)
    return None


def _objection_to_number(value: bytes, echoes: Echoes) -> Rule | None:
    if not is_number(value):
        return _NOT_OF_ITS_VR
    return ECHO if echoes.in_number(trimmed(value).decode("ascii")) else None
