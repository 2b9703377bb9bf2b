"""When a study is complete, and when it is open again."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.sweep.decision import next_state
from shared.contracts.facilities import Facility
from shared.contracts.gathering import Announcement, Declared, GatheredSeries, Gathering
from shared.contracts.study import Cause, Change, StudyState
from tests.outcomes import MOMENT

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
QUIET, FORCED = timedelta(seconds=900), timedelta(seconds=5400)
HOSPITAL = Facility(name="demo-hospital", archive_prefix="north/demo")


def _seen(**changes: Any) -> Gathering:
    """Five instances of two series, which came in five minutes."""
    series = (_series("1.2.3.1", "CT", 3, 1), _series("1.2.3.2", "PLANTED^NAME", 2, 5))
    fields: dict[str, Any] = {
        "facility": "demo-hospital",
        "study_instance_uid": "1.2.3",
        "instances": 5,
        "first_arrival": MOMENT,
        "last_arrival": MOMENT + 5 * MINUTE,
        "series": series,
    }
    return Gathering(**(fields | changes))


def _series(uid: str, modality: str, instances: int, minutes: int) -> GatheredSeries:
    return GatheredSeries(
        series_instance_uid=uid,
        modality=modality,
        instances=instances,
        last_arrival=MOMENT + minutes * MINUTE,
    )


def _declared(change: Change = Change.COMPLETED, **changes: Any) -> Declared:
    fields: dict[str, Any] = {
        "revision": 3,
        "change": change,
        "declared_at": MOMENT + 30 * MINUTE,
        "first_arrival": MOMENT,
        "last_arrival": MOMENT + 5 * MINUTE,
        "instances": 5,
        "completed_instances": 5,
    }
    return Declared(**(fields | changes))


def _next(seen: Gathering, after: timedelta) -> StudyState | None:
    return next_state(seen, HOSPITAL, MOMENT + after)


def _cause(seen: Gathering, after: timedelta = 6 * MINUTE) -> Cause | None:
    state = _next(seen, after)
    return state.cause if state else None


def test_a_study_is_complete_when_nothing_came_for_long() -> None:
    assert _next(_seen(), 5 * MINUTE + QUIET - SECOND) is None
    state = _next(_seen(), 5 * MINUTE + QUIET)
    assert state is not None
    assert (state.revision, state.change, state.cause) == (1, Change.COMPLETED, Cause.QUIET)
    assert (state.instances, state.expected_instances) == (5, None)
    assert state.declared_at == MOMENT + 5 * MINUTE + QUIET
    assert (state.first_arrival, state.last_arrival) == (MOMENT, MOMENT + 5 * MINUTE)
    assert state.archive_prefix == "north/demo/1.2.3/"


def test_series_tell_defined_terms_and_whether_they_are_settled() -> None:
    state = _next(_seen(upload=5), 5 * MINUTE + 59 * SECOND)
    assert state is not None
    told = [(each.modality, each.instances, each.settled) for each in state.series]
    assert told == [("CT", 3, True), (None, 2, False)]


@pytest.mark.parametrize(
    ("manifest", "upload", "cause"),
    [
        (Announcement(instances=5), None, Cause.MANIFEST),
        (Announcement(instances=4), None, Cause.MANIFEST),
        (Announcement(instances=5), 5, Cause.MANIFEST),
        (None, 5, Cause.EXPECTED_COUNT),
        (None, 4, Cause.EXPECTED_COUNT),
        (Announcement(instances=6), None, None),
        (Announcement(instances=5, missing=1), None, None),
        (Announcement(instances=5, undecided=1), None, None),
        (None, 6, None),
        (Announcement(instances=5), 6, None),
        (Announcement(instances=6), 5, None),
        (Announcement(instances=5, missing=1), 5, None),
        (None, None, None),
    ],
)
def test_what_is_to_come_decides_at_once(
    manifest: Announcement | None, upload: int | None, cause: Cause | None
) -> None:
    assert _cause(_seen(manifest=manifest, upload=upload)) == cause


@pytest.mark.parametrize(
    "awaited",
    [
        {"manifest": Announcement(instances=6)},
        {"manifest": Announcement(instances=5, missing=1)},
        {"manifest": Announcement(instances=2, undecided=1)},
        {"upload": 6},
        {"manifest": Announcement(instances=5), "upload": 6},
    ],
)
def test_what_is_awaited_is_waited_for_until_it_is_forced(awaited: dict[str, Any]) -> None:
    assert _cause(_seen(**awaited), FORCED - SECOND) is None
    assert _cause(_seen(**awaited), FORCED) is Cause.FORCED


def test_a_study_that_never_rests_is_forced() -> None:
    busy = _seen(last_arrival=MOMENT + FORCED - SECOND)
    assert _cause(busy, FORCED - SECOND) is None
    assert _cause(busy, FORCED) is Cause.FORCED


def test_the_event_says_how_many_there_should_have_been() -> None:
    state = _next(_seen(manifest=Announcement(instances=7), upload=9), FORCED)
    assert state is not None
    assert state.expected_instances == 9


@pytest.mark.parametrize("changes", [{}, {"instances": 4}, {"upload": 9}])
def test_what_is_complete_stays_so_while_nothing_comes(changes: dict[str, Any]) -> None:
    assert _next(_seen(last=_declared(), **changes), 99 * MINUTE) is None


@pytest.mark.parametrize(
    "changes", [{"instances": 6}, {"last_arrival": MOMENT + 5 * MINUTE + SECOND}]
)
def test_what_is_complete_is_open_again_when_more_comes(changes: dict[str, Any]) -> None:
    state = _next(_seen(last=_declared(), **changes), 99 * MINUTE)
    assert state is not None
    assert (state.revision, state.change) == (4, Change.REOPENED)
    assert state.cause is Cause.LATE_ARRIVAL


def test_the_next_revision_has_its_own_time() -> None:
    reopened = _declared(Change.REOPENED, declared_at=MOMENT + FORCED)
    busy = _seen(last=reopened, last_arrival=MOMENT + 2 * FORCED - SECOND)
    assert _cause(busy, 2 * FORCED - SECOND) is None
    state = _next(busy, 2 * FORCED)
    assert state is not None
    assert (state.revision, state.cause) == (3, Cause.FORCED)


@pytest.mark.parametrize("says", [{"manifest": Announcement(instances=5)}, {"upload": 5}])
def test_what_was_there_before_says_nothing_of_the_next_revision(says: dict[str, Any]) -> None:
    late = _seen(instances=6, last=_declared(Change.REOPENED), **says)
    assert _cause(late, 6 * MINUTE) is None
    assert _cause(late, 5 * MINUTE + QUIET) is Cause.QUIET
    short = _seen(last=_declared(Change.REOPENED, completed_instances=4), **says)
    assert _cause(short, 6 * MINUTE) in {Cause.MANIFEST, Cause.EXPECTED_COUNT}


_COUNTS = st.none() | st.integers(0, 9)
_ANNOUNCEMENTS = st.none() | st.builds(
    Announcement,
    instances=st.integers(0, 9),
    missing=st.integers(0, 2),
    undecided=st.integers(0, 2),
)
_MINUTES = st.integers(0, 120).map(lambda minutes: minutes * MINUTE)
_LAST = st.none() | st.builds(
    _declared,
    st.sampled_from(Change),
    instances=st.integers(1, 9),
    completed_instances=st.integers(1, 9),
)


_SEEN = st.builds(
    _seen,
    instances=st.integers(1, 9),
    manifest=_ANNOUNCEMENTS,
    upload=_COUNTS,
    last=_LAST,
    last_arrival=_MINUTES.map(lambda came: MOMENT + came),
)


def _after(seen: Gathering, state: StudyState) -> Gathering:
    """What is seen of the study once the state is declared, and nothing is awaited."""
    last = _declared(
        state.change,
        revision=state.revision,
        declared_at=state.declared_at,
        last_arrival=state.last_arrival,
        instances=state.instances,
    )
    return replace(seen, last=last, manifest=None, upload=None)


@given(_SEEN, _MINUTES)
def test_no_open_study_is_forgotten_and_no_complete_one_told_again(
    seen: Gathering, waited: timedelta
) -> None:
    now = seen.last_arrival + waited
    state = next_state(seen, HOSPITAL, now)
    if state is None:
        is_complete = seen.last is not None and seen.last.change is Change.COMPLETED
        opened = seen.last.declared_at if seen.last else MOMENT
        assert is_complete or now - opened < FORCED
        return
    later = next_state(_after(seen, state), HOSPITAL, now + FORCED)
    if state.change is Change.COMPLETED:
        assert later is None
    else:
        assert later is not None
        assert (later.revision, later.change) == (state.revision, Change.COMPLETED)
