from dataclasses import fields, replace

import pytest

from shared.contracts.study import CAUSES, Cause, Change, StudyState
from shared.errors import ContractError
from tests.outcomes import MOMENT
from tests.studies import a_state


@pytest.mark.parametrize("expected", [None, 7])
def test_a_state_is_read_as_it_was_written(expected: int | None) -> None:
    state = a_state(expected_instances=expected)
    assert StudyState.from_data(state.to_data()) == state
    assert set(state.to_data()) == {field.name for field in fields(StudyState)}


def test_whatever_is_wrong_with_a_state_is_listed() -> None:
    data = {**a_state().to_data(), "revision": "one", "declared_at": "PLANTED^NAME", "series": [{}]}
    with pytest.raises(ContractError) as caught:
        StudyState.from_data(data)
    assert caught.value.reason == "invalid-study-state"
    assert {problem.split()[0] for problem in caught.value.problems} == {
        "revision",
        "declared_at",
        "series[0].series_instance_uid",
        "series[0].instances",
    }
    assert "PLANTED" not in str(caught.value)


def test_an_event_is_known_by_what_changed_and_not_by_what_was_there() -> None:
    state = a_state()
    same = replace(state, instances=9, cause=Cause.FORCED, declared_at=MOMENT)
    assert same.event_id == state.event_id
    others = [
        replace(state, revision=2),
        replace(state, change=Change.REOPENED),
        replace(state, facility="demo-clinic"),
        replace(state, study_instance_uid="1.2.4"),
    ]
    assert len({each.event_id for each in [state, *others]}) == 5


def test_every_cause_is_explained() -> None:
    assert set(CAUSES) == set(Cause)
