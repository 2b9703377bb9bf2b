"""Of some facilities no UID leaves: pseudonyms stand for them in every byte of their events."""

import json
from collections.abc import Mapping
from dataclasses import replace

import pytest

from shared.contracts.event import PublicEvent
from shared.contracts.facilities import Facilities
from shared.contracts.outcome import OutcomeKind
from shared.contracts.study import Change
from shared.contracts.uid_mask import UidMask
from shared.dicom.deidentification.pseudonyms import PseudonymKey
from shared.errors import SettingsError
from tests.events import a_study, every_event
from tests.outcomes import AN_IDENTITY, an_outcome

KEY, OTHER_KEY = b"k" * 32, b"o" * 32
PSEUDONYM: Mapping[str, object] = {"event_uids": "pseudonym"}
FACILITIES = Facilities.from_data({"demo-hospital": PSEUDONYM, "demo-clinic": {}})
MASK = UidMask.of(FACILITIES, KEY)
UIDS = {"1.2.3", "1.2.3.4", "1.2.3.4.5", "1.2.3.9"}


def _bytes(event: PublicEvent) -> str:
    """Everything that anybody is told, in both modes."""
    message = event.to_message()
    told = [message.data.decode(), json.dumps(dict(message.attributes)), message.ordering_key]
    return "\n".join([*told, json.dumps(event.to_structured())])


def _texts(told: object) -> set[str]:
    match told:
        case str():
            return {told}
        case Mapping():
            return set().union(*map(_texts, told.values()))
        case list():
            return set().union(*map(_texts, told))
    return set()


@pytest.mark.parametrize("event", every_event(MASK), ids=lambda event: event.type)
def test_no_uid_of_a_facility_that_wants_pseudonyms_is_told(event: PublicEvent) -> None:
    message = event.to_message()
    told = _texts(event.to_structured()) | _texts(message.attributes) | {message.ordering_key}
    if event.is_of_copy:  # whose UIDs are pseudonyms already
        assert told >= {"1.2.3", "1.2.3.4", "1.2.3.4.5"}
        return
    assert told & UIDS == set()
    assert "/1.2.3" not in _bytes(event)
    has_uids = any(name.endswith("_instance_uid") for name in event.data)
    assert event.data.get("uid_key_id") == (MASK.key_id if has_uids else None)


def test_the_same_uid_has_one_pseudonym_in_every_event() -> None:
    events = [event for event in every_event(MASK) if "uid_key_id" in event.data]
    studies = {event.data["study_instance_uid"] for event in events}
    assert studies == {MASK.uid("1.2.3")}
    assert {event.ordering_key for event in events} == studies
    (study,) = (event for event in events if event.type == "dicom.study.completed.v1")
    assert study.data["series"] == [
        {
            "series_instance_uid": MASK.uid("1.2.3.4"),
            "instances": 120,
            "settled": True,
            "modality": "CT",
        },
        {"series_instance_uid": MASK.uid("1.2.3.9"), "instances": 1, "settled": False},
    ]
    assert "archive_prefix" not in study.data


def test_other_facilities_uids_stand() -> None:
    outcome = an_outcome(facility="demo-clinic")
    assert PublicEvent.of(outcome, MASK) == PublicEvent.of(outcome, UidMask())
    study = a_study(Change.COMPLETED, facility="demo-clinic")
    assert PublicEvent.of_study(study, MASK) == PublicEvent.of_study(study, UidMask())


def test_uids_of_a_facility_that_is_registered_no_more_do_not_stand() -> None:
    study = a_study(Change.COMPLETED, facility="gone")
    event = PublicEvent.of_study(study, MASK)
    assert not any(uid in _bytes(event) for uid in UIDS)
    assert event.data["uid_key_id"] == MASK.key_id


def test_what_stands_for_a_uid_depends_on_the_key_and_on_nothing_else() -> None:
    again, other = UidMask.of(FACILITIES, KEY), UidMask.of(FACILITIES, OTHER_KEY)
    assert again.uid("1.2.3") == MASK.uid("1.2.3") != MASK.uid("1.2.4")
    assert again.key_id == MASK.key_id
    assert other.uid("1.2.3") != MASK.uid("1.2.3")
    assert other.key_id != MASK.key_id


def test_pseudonyms_are_uids_and_no_research_project_has_them() -> None:
    pseudonym = MASK.uid(AN_IDENTITY.sop_instance_uid)
    assert pseudonym.startswith("2.25.")
    assert len(pseudonym) <= 64
    research = PseudonymKey(KEY, "inlet-demo")
    assert research.uid(AN_IDENTITY.sop_instance_uid) != pseudonym
    assert research.key_id != MASK.key_id


def test_what_is_no_sop_class_of_the_standard_may_be_anything_and_is_replaced() -> None:
    known, other = AN_IDENTITY, replace(AN_IDENTITY, sop_class_uid="1.2.3.19610504")
    told = [PublicEvent.of(an_outcome(identity=each), MASK).data for each in (known, other)]
    assert [data["sop_class_uid"] for data in told] == [
        known.sop_class_uid,
        MASK.uid("1.2.3.19610504"),
    ]
    assert PublicEvent.of(an_outcome(identity=other), UidMask()).data["sop_class_uid"] == (
        "1.2.3.19610504"
    )


def test_an_event_keeps_its_id() -> None:
    outcome = an_outcome(OutcomeKind.ARCHIVED)
    assert PublicEvent.of(outcome, MASK).event_id == PublicEvent.of(outcome, UidMask()).event_id


def test_the_shortest_key_serves_and_is_shown_to_nobody() -> None:
    mask = UidMask.of(FACILITIES, b"sixteen-bytes-kk")
    assert mask.facilities == {"demo-hospital"}
    assert "sixteen" not in repr(mask)


@pytest.mark.parametrize("key", [None, b"", b"short", b"k" * 15])
def test_pseudonyms_need_a_key(key: bytes | None) -> None:
    with pytest.raises(SettingsError) as caught:
        UidMask.of(FACILITIES, key)
    assert caught.value.problems == (
        "INLET_EVENT_KEY_FILE has no key of 16 bytes, which event_uids needs",
    )
    assert UidMask.of(Facilities.from_data({"demo-clinic": {}}), key).facilities == frozenset()
