import json
from dataclasses import replace
from datetime import timedelta

import pytest

from shared.contracts.encoding import decoded
from shared.contracts.message import Message
from shared.contracts.outcome import (
    Expansion,
    ExpectedStudy,
    Finding,
    Outcome,
    OutcomeKind,
    Reference,
)
from shared.contracts.provenance import member_version
from shared.errors import ContractError
from tests.events import event_of
from tests.outcomes import MOMENT, a_stored_object, an_outcome


@pytest.mark.parametrize("kind", OutcomeKind)
def test_an_outcome_survives_the_journey(kind: OutcomeKind) -> None:
    outcome = an_outcome(kind, from_inbox=True)
    assert Outcome.from_message(outcome.to_message()) == outcome


def test_a_container_and_a_member_survive_the_journey() -> None:
    member = replace(a_stored_object(), version=member_version(a_stored_object().version, "a/b"))
    outcome = an_outcome(
        OutcomeKind.EXPANDED, source=member, expansion=Expansion(members=3), target=None
    )
    again = Outcome.from_message(outcome.to_message())
    assert again == outcome
    assert again.source.version.natural_key == "inbox/demo-hospital/a file#7!/a/b"
    assert again.event_id == outcome.event_id


def test_an_outcome_from_before_containers_is_read() -> None:
    data = an_outcome().to_data()
    del data["expansion"]
    source = data["source"]
    assert isinstance(source, dict)
    del source["container"]
    assert Outcome.from_message(_message(data)) == an_outcome()


def test_what_older_releases_did_not_say_has_its_default() -> None:
    outcome = an_outcome(
        references=(Reference(sop_instance_uid="1.2.3", file_id="IM1"),),
        findings=(Finding(code="uid-form", path=""),),
        header_bytes=0,
    )
    data = json.loads(decoded(outcome.to_message(), "outcome"))
    for name in ("expected", "expected_instances", "from_inbox", "header_bytes", "duration_ms"):
        del data[name]
    del data["references"][0]["study_instance_uid"]
    del data["findings"][0]["count"]
    assert Outcome.from_message(_message(data)) == outcome


def test_what_is_expected_survives_the_journey() -> None:
    outcome = an_outcome(
        OutcomeKind.IGNORED,
        references=(Reference(sop_instance_uid="1.2.3", file_id="", study_instance_uid="1.2"),),
        expected=(
            ExpectedStudy(study_instance_uid="1.2", instances=1),
            ExpectedStudy(study_instance_uid="1.4", instances=None),
        ),
        expected_instances=120,
        duration_ms=3,
    )
    assert Outcome.from_message(outcome.to_message()) == outcome


def test_equal_outcomes_are_equal_bytes() -> None:
    assert an_outcome().to_message() == an_outcome().to_message()


def test_the_id_depends_on_what_became_of_which_generation() -> None:
    again = an_outcome(facility="other", duration_ms=9)
    assert again.event_id == an_outcome().event_id
    assert an_outcome(OutcomeKind.DUPLICATE).event_id != an_outcome().event_id
    later = replace(a_stored_object(), version=replace(a_stored_object().version, generation=8))
    assert an_outcome(source=later).event_id != an_outcome().event_id


def test_what_is_refused_for_another_reason_is_another_event() -> None:
    refused = an_outcome(OutcomeKind.QUARANTINED)
    again = replace(refused, reason="truncated")
    assert again.event_id != refused.event_id
    assert event_of(again).event_id != event_of(refused).event_id


@pytest.mark.parametrize("made_by", ["key_id", "profile_digest"])
def test_a_copy_under_another_key_or_profile_is_another_event(made_by: str) -> None:
    copied = an_outcome(OutcomeKind.DEIDENTIFIED)
    again = an_outcome(OutcomeKind.DEIDENTIFIED, **{made_by: "0" * 16})
    assert again.event_id != copied.event_id
    assert event_of(again).event_id != event_of(copied).event_id


def test_each_promotion_is_an_event_of_its_own() -> None:
    promoted = an_outcome(OutcomeKind.PROMOTED)
    again = replace(promoted, primary_at=MOMENT + timedelta(seconds=1))
    assert again.event_id != promoted.event_id
    assert event_of(again).event_id != event_of(promoted).event_id


@pytest.mark.parametrize("kind", [kind for kind in OutcomeKind if kind != OutcomeKind.PROMOTED])
def test_since_when_it_is_primary_makes_no_other_event(kind: OutcomeKind) -> None:
    early, late = (
        an_outcome(kind, primary_at=MOMENT + timedelta(minutes=minutes)) for minutes in (1, 2)
    )
    assert early.event_id == late.event_id
    assert event_of(early).event_id == event_of(late).event_id


@pytest.mark.parametrize("kind", OutcomeKind)
def test_an_upload_ends_in_what_ingest_decides_of_it(kind: OutcomeKind) -> None:
    assert kind.ends_upload is (kind.stage == "ingest" and kind is not OutcomeKind.PROMOTED)


def test_only_what_ingest_archived_starts_a_research_copy() -> None:
    def primary(kind: OutcomeKind) -> bool:
        outcome = replace(an_outcome(kind), primary_at=MOMENT)
        return "primary" in outcome.to_message().attributes

    versions = {OutcomeKind.ARCHIVED, OutcomeKind.CONFLICT, OutcomeKind.PROMOTED}
    assert {kind for kind in OutcomeKind if primary(kind)} == versions
    assert "primary" not in an_outcome(OutcomeKind.CONFLICT).to_message().attributes


def test_attributes_serve_subscription_filters() -> None:
    attributes = an_outcome(OutcomeKind.QUARANTINED).to_message().attributes
    assert attributes["outcome"] == "quarantined"
    assert attributes["stage"] == "ingest"
    assert attributes["reason"] == "not-dicom"


def test_no_attribute_carries_an_identity() -> None:
    attributes = json.dumps(dict(an_outcome().to_message().attributes))
    assert "1.2.3" not in attributes
    assert "a file" not in attributes


def test_every_problem_is_listed_and_no_value() -> None:
    data = an_outcome().to_data() | {"facility": 3, "source": {"name": ["SECRET"]}, "outcome": "?"}
    with pytest.raises(ContractError) as caught:
        Outcome.from_message(_message(data))
    problems = " ".join(caught.value.problems)
    for name in ("facility", "source.bucket", "source.name", "source.size", "outcome"):
        assert name in problems
    assert "SECRET" not in str(caught.value)


def test_an_unknown_version_is_permanent() -> None:
    with pytest.raises(ContractError) as caught:
        Outcome.from_message(_message(an_outcome().to_data() | {"schema_version": 2}))
    assert caught.value.reason == "unknown-outcome-version"


def test_an_unknown_field_is_ignored() -> None:
    outcome = an_outcome()
    assert Outcome.from_message(_message(outcome.to_data() | {"new": 1})) == outcome


@pytest.mark.parametrize("kind", [OutcomeKind.ARCHIVED, OutcomeKind.DEIDENTIFIED])
def test_an_instance_without_identity_is_refused(kind: OutcomeKind) -> None:
    with pytest.raises(ContractError):
        Outcome.from_message(an_outcome(kind, identity=None).to_message())


@pytest.mark.parametrize("data", [b"", b"\xff", b"[]", b"null", b"{", b'"text"'])
def test_what_is_not_an_outcome_is_refused(data: bytes) -> None:
    with pytest.raises(ContractError):
        Outcome.from_message(Message(data=data))


def _message(data: object) -> Message:
    return Message(data=json.dumps(data).encode())
