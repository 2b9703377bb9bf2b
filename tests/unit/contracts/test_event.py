import json
from dataclasses import replace

import pytest
from cloudevents.http import from_json

from shared.contracts.event import TYPES, PublicEvent
from shared.contracts.message import Message
from shared.contracts.outcome import OutcomeKind
from shared.errors import ContractError
from tests.outcomes import a_stored_object, an_outcome

INSIDE = ("Planted", "PLANTED", "a file", "demo-hospital/1.2.3", "0badcafe")


@pytest.mark.parametrize("kind", OutcomeKind)
def test_an_event_is_a_cloudevent(kind: OutcomeKind) -> None:
    event = PublicEvent.of(an_outcome(kind))
    parsed = from_json(json.dumps(event.to_structured()))
    assert parsed["type"] == TYPES[kind]
    assert parsed["id"] == event.event_id
    assert parsed.data == dict(event.data)


@pytest.mark.parametrize("kind", OutcomeKind)
def test_binary_mode_says_the_same(kind: OutcomeKind) -> None:
    event = PublicEvent.of(an_outcome(kind))
    message = event.to_message()
    assert message.attributes["ce-id"] == event.event_id
    assert message.attributes["ce-type"] == TYPES[kind]
    assert json.loads(message.data) == dict(event.data)


@pytest.mark.parametrize("kind", OutcomeKind)
def test_nothing_from_inside_is_published(kind: OutcomeKind) -> None:
    event = PublicEvent.of(an_outcome(kind))
    message = event.to_message()
    published = f"{message.data.decode()} {message.attributes} {event.to_structured()}"
    assert [planted for planted in INSIDE if planted in published] == []


def test_a_research_copy_is_not_tied_to_its_original() -> None:
    outcome = an_outcome(OutcomeKind.DEIDENTIFIED)
    event = PublicEvent.of(outcome)
    assert {"facility", "root_event_id", "size"} & set(event.data) == set()
    other = replace(outcome, source=a_stored_object("h/9.9/9.9.9/9.9.9.9.dcm", "archive"))
    assert PublicEvent.of(other) == event
    assert (event.time.minute, event.time.second, event.time.microsecond) == (0, 0, 0)


@pytest.mark.parametrize(
    "text", ["Smith^John", "PLANTED", "DOEJANE19500101", "ct", "", "CT 1", "Ж"]
)
def test_a_modality_that_is_free_text_is_not_published(text: str) -> None:
    metadata = {"00080060": {"vr": "CS", "Value": [text]}}
    assert "modality" not in PublicEvent.of(an_outcome(metadata=metadata)).data


def test_every_kind_of_outcome_has_a_type() -> None:
    assert set(TYPES) == set(OutcomeKind)


@pytest.mark.parametrize("kind", OutcomeKind)
def test_an_event_survives_the_journey(kind: OutcomeKind) -> None:
    event = PublicEvent.of(an_outcome(kind))
    assert PublicEvent.from_message(event.to_message()) == event


@pytest.mark.parametrize("data", [b"", b"[", b"{}"])
def test_what_is_no_event_is_refused(data: bytes) -> None:
    with pytest.raises(ContractError):
        PublicEvent.from_message(Message(data=data, attributes={"ce-id": "1"}))


@pytest.mark.parametrize("kind", OutcomeKind)
def test_an_event_is_of_a_copy_whatever_version_its_type_has(kind: OutcomeKind) -> None:
    event = replace(PublicEvent.of(an_outcome(kind)), type="dicom.instance.later.v2")
    assert event.is_of_copy is (kind is OutcomeKind.DEIDENTIFIED)
