import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta, timezone

import pytest
from cloudevents.http import from_http, from_json

from shared.contracts.event import MOST_SERIES, TYPES, PublicEvent
from shared.contracts.event_types import EVENT_TYPES
from shared.contracts.message import Message
from shared.contracts.outcome import OutcomeKind
from shared.contracts.receipt import Closing
from shared.contracts.study import Change, SeriesState
from shared.contracts.uid_mask import UidMask
from shared.errors import ContractError
from tests.events import A_SERIES, a_receipt, a_stuck_upload, a_study, event_of, every_event
from tests.outcomes import a_stored_object, an_outcome

EVENTS = {event.type: event for event in every_event()}
of_every_type = pytest.mark.parametrize("event", EVENTS.values(), ids=EVENTS)


def test_there_is_an_event_of_every_type() -> None:
    assert set(EVENTS) == {kind.name for kind in EVENT_TYPES}
    assert set(TYPES) == set(OutcomeKind)


@of_every_type
def test_an_event_is_a_cloudevent(event: PublicEvent) -> None:
    parsed = from_json(json.dumps(event.to_structured()))
    assert parsed["type"] == event.type
    assert parsed["id"] == event.event_id
    assert parsed["sequence"] == event.sequence
    assert parsed.data == dict(event.data)


@of_every_type
def test_binary_mode_says_the_same(event: PublicEvent) -> None:
    message = event.to_message()
    assert message.attributes["ce-id"] == event.event_id
    assert message.attributes["ce-type"] == event.type
    assert json.loads(message.data) == dict(event.data)
    parsed = from_http(dict(message.attributes), message.data)
    assert parsed["time"] == event.time.isoformat()
    assert parsed.data == dict(event.data)


@of_every_type
def test_an_event_survives_the_journey(event: PublicEvent) -> None:
    assert PublicEvent.from_message(event.to_message()) == event


@of_every_type
def test_an_event_is_in_the_order_of_its_study(event: PublicEvent) -> None:
    study = event.data.get("study_instance_uid", "")
    assert event.to_message().ordering_key == study
    assert study in {"", "1.2.3"}


def test_events_of_studies_and_instances_have_an_order() -> None:
    ordered = {name for name, event in EVENTS.items() if event.ordering_key}
    assert "dicom.study.completed.v1" in ordered
    assert "dicom.instance.archived.v1" in ordered
    assert "dicom.receipt.issued.v1" not in ordered


def test_sequences_sort_as_the_decisions_did() -> None:
    early = event_of(an_outcome())
    late = replace(early, time=early.time.replace(year=2027))
    later = replace(early, time=late.time.replace(microsecond=late.time.microsecond + 1))
    assert sorted([later.sequence, early.sequence, late.sequence]) == [
        early.sequence,
        late.sequence,
        later.sequence,
    ]
    assert early.sequence != replace(early, event_id="f" * 32).sequence
    kolkata = timezone(timedelta(hours=5, minutes=30))
    assert replace(early, time=early.time.astimezone(kolkata)).sequence == early.sequence


@of_every_type
def test_attributes_are_named_as_subscribers_of_the_healthcare_api_know_them(
    event: PublicEvent,
) -> None:
    attributes = event.to_message().attributes
    for theirs, ours in (
        ("studyInstanceUID", "study_instance_uid"),
        ("seriesInstanceUID", "series_instance_uid"),
        ("sopInstanceUID", "sop_instance_uid"),
    ):
        assert attributes.get(theirs) == attributes.get(ours) == event.data.get(ours)


def test_a_research_copy_is_not_tied_to_its_original() -> None:
    outcome = an_outcome(OutcomeKind.DEIDENTIFIED)
    event = event_of(outcome)
    assert {"facility", "root_event_id", "size"} & set(event.data) == set()
    other = replace(outcome, source=a_stored_object("h/9.9/9.9.9/9.9.9.9.dcm", "archive"))
    assert event_of(other) == event
    assert (event.time.minute, event.time.second, event.time.microsecond) == (0, 0, 0)
    assert event.sequence.startswith("20260102T030000.000000-")


def test_an_event_says_what_was_stored_and_whether_it_counts() -> None:
    outcome = an_outcome(primary_at=None, source=replace(a_stored_object(), size=4711))
    event = event_of(outcome)
    assert (event.data["size"], event.data["primary"]) == (4711, False)
    assert event.to_message().attributes["primary"] == "false"
    assert event_of(an_outcome()).to_message().attributes["primary"] == "true"


def test_an_event_of_a_study_is_as_old_as_what_was_declared() -> None:
    series = tuple(replace(A_SERIES, modality=term) for term in ("US", "SR", "MR", "CT", "CR"))
    state = a_study(series=series)
    event = PublicEvent.of_study(state, UidMask())
    assert event.time == state.declared_at != state.last_arrival
    assert event.event_id == state.event_id
    assert event.data["modalities"] == ["CR", "CT", "MR", "SR", "US"]


def test_an_event_of_what_waits_is_another_each_time() -> None:
    early, late = (PublicEvent.of_stuck(a_stuck_upload(waited_s=each)) for each in (3600, 7200))
    assert early.event_id != late.event_id


def test_an_event_says_what_ended_a_drop() -> None:
    for closing in Closing:
        assert PublicEvent.of_receipt(a_receipt(closing=closing)).data["closing"] == closing


def test_the_first_of_several_modalities_counts() -> None:
    metadata = {"00080060": {"vr": "CS", "Value": ["CT", "MR"]}}
    assert event_of(an_outcome(metadata=metadata)).data["modality"] == "CT"


@pytest.mark.parametrize("kind", [OutcomeKind.ARCHIVED, OutcomeKind.DEIDENTIFIED])
def test_times_are_in_utc_wherever_it_was_decided(kind: OutcomeKind) -> None:
    """An hour of Kolkata's ends at half past of UTC, and would tell in which half it was."""
    outcome = an_outcome(kind)
    kolkata = timezone(timedelta(hours=5, minutes=30))
    moved = replace(outcome, decided_at=outcome.decided_at.astimezone(kolkata))
    assert event_of(moved).to_structured() == event_of(outcome).to_structured()
    assert event_of(moved).to_message() == event_of(outcome).to_message()


def test_no_study_is_too_large_to_be_told() -> None:
    uid = "1." * 31 + "10"
    one = SeriesState(series_instance_uid=uid, modality="CTPROTOCOL", instances=1, settled=False)
    event = PublicEvent.of_study(a_study(series=(one,) * (MOST_SERIES + 7)), UidMask())
    assert event.data["series_left_out"] == 7
    assert event.data["series"] == [one.to_data()] * MOST_SERIES
    assert len(event.to_message().data) < MOST_SERIES * 150 + 1000


@pytest.mark.parametrize(
    "text", ["Smith^John", "PLANTED", "DOEJANE19500101", "ct", "", "CT 1", "Ж"]
)
def test_a_modality_that_is_free_text_is_not_published(text: str) -> None:
    metadata = {"00080060": {"vr": "CS", "Value": [text]}}
    assert "modality" not in event_of(an_outcome(metadata=metadata)).data


@pytest.mark.parametrize("data", [b"", b"[", b"{}"])
def test_what_is_no_event_is_refused(data: bytes) -> None:
    with pytest.raises(ContractError):
        PublicEvent.from_message(Message(data=data, attributes={"ce-id": "1"}))


@of_every_type
def test_an_event_is_of_a_copy_whatever_version_its_type_has(event: PublicEvent) -> None:
    later = replace(event, type="dicom.instance.later.v2")
    assert later.is_of_copy is (event.type == TYPES[OutcomeKind.DEIDENTIFIED])


def test_an_event_says_what_became_of_a_study() -> None:
    event = EVENTS["dicom.study.completed.v1"]
    assert event.source == "/inlet/sweep"
    assert event.data == {
        "schema_version": 1,
        "facility": "demo-hospital",
        "study_instance_uid": "1.2.3",
        "change": "completed",
        "cause": "expected-count",
        "revision": 1,
        "instances": 121,
        "expected_instances": 121,
        "modalities": ["CT"],
        "series": [
            {
                "series_instance_uid": "1.2.3.4",
                "instances": 120,
                "settled": True,
                "modality": "CT",
            },
            {"series_instance_uid": "1.2.3.9", "instances": 1, "settled": False},
        ],
        "archive_prefix": "demo-hospital/1.2.3/",
    }


def test_an_event_counts_the_files_of_a_receipt() -> None:
    data = EVENTS["dicom.receipt.issued.v1"].data
    assert (data["files"], data["undecided"]) == (124, 1)
    assert data["tallies"] == [
        {"outcome": "archived", "files": 121},
        {"outcome": "quarantined", "files": 2, "reason": "truncated"},
    ]


@pytest.mark.parametrize(
    "made",
    [
        lambda: PublicEvent.of_study(a_study(Change.REOPENED), UidMask()),
        lambda: PublicEvent.of_stuck(a_stuck_upload()),
        lambda: PublicEvent.of_receipt(a_receipt()),
    ],
)
def test_whoever_declares_the_same_tells_the_same(made: Callable[[], PublicEvent]) -> None:
    assert made().to_message() == made().to_message()
