"""Identities in every field that an event is made from: no byte of any event has one.

The fields are found by walking the dataclasses, so that one that is added is planted, too.
"""

import json
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from datetime import datetime
from enum import Enum
from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.contracts.event import PublicEvent
from shared.contracts.outcome import Expansion, ExpectedStudy, Outcome, OutcomeKind, Reference
from shared.contracts.study import Change
from shared.contracts.uid_mask import UidMask
from tests.events import a_receipt, a_stuck_upload, a_study, event_of
from tests.outcomes import AN_IDENTITY, METADATA, MOMENT, an_outcome

NAMES = ("Rivera^Ana^Lucia", "MRN-0042117", "Ana Rivera", "rivera.ana@example.org", "Ж")
BIRTHDAY = "19610504"  # which a UID, too, might be
OUTCOME = {
    "metadata": METADATA,
    "identity": AN_IDENTITY,
    "primary_at": MOMENT,
    "reason": "not-dicom",
    "metadata_uri": "gs://archive/a file.metadata.json",
    "references": (Reference(sop_instance_uid="1.2.3.4.5", file_id="IMAGES/IM1"),),
    "expected": (ExpectedStudy(study_instance_uid="1.2.3", instances=2),),
    "expected_instances": 2,
    "expansion": Expansion(members=2),
    "difference": "header",
    "profile": "basic",
    "profile_digest": "f" * 16,
    "key_id": "0" * 16,
    "withheld_uid": "1.2.3.4.6",
}


def _planted(value: Any, text: str) -> Any:
    """The same with the text wherever there was text, whatever was meant to stand there."""
    match value:
        case Enum() | bool() | int() | datetime() | None:
            return value
        case str():
            return text
        case dict():
            return {name: _planted(item, text) for name, item in value.items()}
        case list() | tuple():
            return type(value)(_planted(item, text) for item in value)
    assert is_dataclass(value)
    assert not isinstance(value, type)
    planted = {field.name: _planted(getattr(value, field.name), text) for field in fields(value)}
    return replace(value, **planted)


def _told(event: PublicEvent) -> str:
    """Every byte of an event, in both modes."""
    message = event.to_message()
    structured = json.dumps(event.to_structured(), ensure_ascii=False)
    attributes = json.dumps(dict(message.attributes), ensure_ascii=False)
    return f"{message.data.decode()}\n{attributes}\n{message.ordering_key}\n{structured}"


def _texts(value: Any, path: str = "") -> Iterator[str]:
    """The path of each text in a value."""
    match value:
        case Enum():
            return
        case str():
            yield path
        case dict():
            for name, item in value.items():
                yield from _texts(item, f"{path}.{name}")
        case list() | tuple():
            for item in value:
                yield from _texts(item, f"{path}[]")
    if is_dataclass(value):
        for field in fields(value):
            yield from _texts(getattr(value, field.name), f"{path}.{field.name}")


def _full(kind: OutcomeKind) -> Outcome:
    return an_outcome(kind, **OUTCOME)


def test_every_field_of_an_outcome_is_planted() -> None:
    """Each is there, and none is left out for being empty."""
    full = _full(OutcomeKind.ARCHIVED)
    empty = [field.name for field in fields(full) if getattr(full, field.name) in (None, ())]
    assert empty == []
    assert sum(1 for _ in _texts(full)) > len(fields(full))


@pytest.mark.parametrize("text", NAMES)
@pytest.mark.parametrize("kind", OutcomeKind)
def test_nothing_in_the_fields_of_an_outcome_is_told(kind: OutcomeKind, text: str) -> None:
    full = _full(kind)
    kept = {
        "facility": full.facility,
        "root_event_id": full.root_event_id,
        "identity": full.identity,
    }
    event = event_of(replace(_planted(full, text), **kept))
    assert text not in _told(event)
    assert event.data.keys() <= event_of(full).data.keys()


@pytest.mark.parametrize(("kind", "text"), list(product(OutcomeKind, NAMES)))
def test_an_outcome_of_nothing_but_names_is_told_to_nobody(kind: OutcomeKind, text: str) -> None:
    with pytest.raises(ValueError, match="an event lacks what"):
        _told(event_of(_planted(_full(kind), text)))


@settings(deadline=None)
@given(
    st.sampled_from(list(OutcomeKind)),
    st.dictionaries(
        st.sampled_from(["00080060", "00100010", "00100020", "00081030", "00091010"]),
        st.fixed_dictionaries(
            {
                "vr": st.just("LO"),
                "Value": st.lists(st.sampled_from(NAMES) | st.text(alphabet="QXYZ^ Ж", min_size=4)),
            }
        ),
    ),
)
def test_no_metadata_are_told(kind: OutcomeKind, metadata: dict[str, Any]) -> None:
    told = _told(event_of(an_outcome(kind, metadata=metadata)))
    for value in (value for element in metadata.values() for value in element["Value"]):
        assert value not in told


@pytest.mark.parametrize("text", NAMES)
@pytest.mark.parametrize("change", Change)
def test_nothing_in_the_fields_of_a_study_is_told(change: Change, text: str) -> None:
    state = a_study(change)
    kept = {"facility": state.facility, "study_instance_uid": state.study_instance_uid}
    event = PublicEvent.of_study(replace(_planted(state, text), **kept), UidMask())
    assert text not in _told(event)
    assert event.data["series"] == []
    assert "archive_prefix" not in event.data


@pytest.mark.parametrize("text", NAMES)
def test_nothing_in_the_fields_of_a_receipt_is_told(text: str) -> None:
    receipt = a_receipt()
    kept = {"facility": receipt.facility, "uri": receipt.uri}
    event = PublicEvent.of_receipt(replace(_planted(receipt, text), **kept))
    assert text not in _told(event)
    assert event.data["tallies"] == []
    for unfit in (replace(receipt, facility=text), replace(receipt, uri=text)):
        with pytest.raises(ValueError, match="an event lacks what"):
            PublicEvent.of_receipt(unfit)


@pytest.mark.parametrize("text", NAMES)
@pytest.mark.parametrize("name", ["facility", "upload_event_id", "root_event_id", "finding"])
def test_an_upload_with_a_name_in_a_field_is_not_told(name: str, text: str) -> None:
    with pytest.raises(ValueError, match="an event lacks what"):
        PublicEvent.of_stuck(a_stuck_upload(**{name: text}))


@pytest.mark.parametrize("kind", OutcomeKind)
def test_a_number_in_place_of_a_code_is_not_told(kind: OutcomeKind) -> None:
    full = replace(_planted(_full(kind), BIRTHDAY), facility="demo-hospital", identity=AN_IDENTITY)
    told = _told(event_of(replace(full, root_event_id="0" * 32)))
    assert BIRTHDAY not in told
