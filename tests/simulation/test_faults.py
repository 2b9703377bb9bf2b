"""Laws 1 to 3 under crashes, redelivery, reordering and doubling: the end is always the same."""

import random
from datetime import timedelta

import pytest

from shared.contracts import fitting
from shared.contracts.layout import UPLOAD_PART_GRACE, is_metadata
from tests.builders import an_instance
from tests.simulation.world import Faults, World

FIRST = an_instance(patient=1, instance=1)
SECOND = an_instance(patient=1, instance=2)
CHANGED = an_instance(patient=1, instance=2, StudyDescription="MADE UP AND CHANGED")
PART = "demo-hospital/gcloud/tmp/parallel_composite_uploads/see_help/x_0"

DROP = {
    "demo-hospital/a": FIRST,
    "demo-hospital/b.dcm": SECOND,
    "demo-hospital/again": FIRST,
    "demo-hospital/changed": CHANGED,
    "demo-hospital/changed-again": CHANGED,
    "demo-clinic/a": FIRST,
    "demo-hospital/notes.txt": b"these are notes",
    "demo-hospital/empty": b"",
    "demo-hospital/folder/": b"",
    "nobody/a": FIRST,
}


def _world(faults: Faults | None = None, seed: int = 0, copies: int = 1) -> World:
    world = World(faults, seed, copies)
    for name, data in DROP.items():
        world.land(name, data)
    return world.run()


@pytest.fixture(scope="module")
def undisturbed() -> World:
    return _world()


def test_every_upload_has_one_outcome_and_the_inbox_is_empty(undisturbed: World) -> None:
    outcomes = undisturbed.outcomes()
    assert set(outcomes) == set(DROP)
    assert {name: len(kinds) for name, kinds in outcomes.items()} == dict.fromkeys(DROP, 1)
    assert list(undisturbed.store.list("inbox")) == []


@pytest.mark.parametrize("seed", range(3))
def test_the_table_of_events_has_what_was_published(seed: int) -> None:
    chance = random.Random(seed)
    faults = Faults(after=frozenset(chance.sample(range(1, 200), 30)))
    world = _world(faults, seed, copies=2)
    recorded = [row["EventId"] for row in world.tables.rows["imaging.events"]]
    assert set(recorded) == set(world.events())
    assert len(recorded) > len(set(recorded))


def test_every_byte_that_landed_is_somewhere(undisturbed: World) -> None:
    kept = {
        undisturbed.store.data(bucket, stored.version.name)
        for bucket in ("archive", "quarantine")
        for stored in undisturbed.store.list(bucket)
    }
    assert {data for data in DROP.values() if data} - kept == set()


# What is decided under one name depends on who comes first, so a crash that changes the order
# may exchange "archived" and "duplicate" between equal files, and the names of two facilities'
# copies of one instance. Alone under their names they may not.
APART = {
    name: data
    for name, data in DROP.items()
    if name
    not in {
        "demo-clinic/a",
        "demo-hospital/again",
        "demo-hospital/changed",
        "demo-hospital/changed-again",
    }
}


def _apart(faults: Faults | None = None, seed: int = 0, copies: int = 1) -> World:
    world = World(faults, seed, copies)
    for name, data in APART.items():
        world.land(name, data)
    return world.run()


def _calls() -> int:
    return _apart().faults.calls


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_crash_around_any_single_call_changes_nothing(when: str) -> None:
    expected = _apart().state()
    for number in range(1, _calls() + 1):
        at = frozenset({number})
        crashed = _apart(Faults(before=at) if when == "before" else Faults(after=at))
        assert crashed.state() == expected, f"crash {when} call {number}"


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_crash_around_any_call_for_large_metadata_changes_nothing(
    when: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fitting, "MAX_METADATA_BYTES", 1000)
    expected = _two_versions(Faults())
    kept = [*expected.store.list("archive"), *expected.store.list("research")]
    beside = [each for each in kept if is_metadata(each.version.name)]
    assert len(beside) == 4  # of two versions and their copies
    for number in range(1, expected.faults.calls + 1):
        at = frozenset({number})
        crashed = _two_versions(Faults(before=at) if when == "before" else Faults(after=at))
        assert crashed.state() == expected.state(), f"crash {when} call {number}"


def _two_versions(faults: Faults) -> World:
    world = World(faults)
    world.land("demo-hospital/a", FIRST)
    world.land("demo-hospital/b", SECOND)
    return world.run()


@pytest.mark.parametrize("seed", range(25))
def test_many_crashes_reordered_and_doubled_change_nothing(seed: int) -> None:
    chance = random.Random(seed)
    numbers = range(1, 20 * len(APART))
    faults = Faults(
        before=frozenset(chance.sample(numbers, 40)), after=frozenset(chance.sample(numbers, 40))
    )
    assert _apart(faults, seed, copies=3).state() == _apart().state()


@pytest.mark.parametrize("seed", range(25))
def test_whoever_comes_first_each_file_has_one_outcome(seed: int) -> None:
    chance = random.Random(seed)
    faults = Faults(after=frozenset(chance.sample(range(1, 200), 30)))
    world = _world(faults, seed, copies=2)
    outcomes = world.outcomes()
    assert {name: len(kinds) for name, kinds in outcomes.items()} == dict.fromkeys(DROP, 1)
    assert list(world.store.list("inbox")) == []
    archived = {
        stored.version.name: world.store.data("archive", stored.version.name)
        for stored in world.store.list("archive", "demo-")
    }
    assert set(archived.values()) == {FIRST, SECOND, CHANGED}
    assert len(archived) == 4


def test_a_lost_notification_is_made_good_by_the_sweep() -> None:
    world = World()
    world.land("demo-hospital/a", FIRST, notified=False)
    world.sweep()
    assert world.run().outcomes() == {}
    world.clock.time += timedelta(hours=1)
    world.sweep()
    assert world.run().outcomes() == {"demo-hospital/a": {"archived"}}


def test_a_part_stays_until_nobody_can_be_composing_it() -> None:
    world = World()
    world.land(PART, b"half a file")
    assert world.run().outcomes() == {PART: {"ignored"}}
    assert [stored.version.name for stored in world.store.list("inbox")] == [PART]
    world.clock.time += UPLOAD_PART_GRACE + timedelta(seconds=1)
    world.sweep()
    world.run()
    assert list(world.store.list("inbox")) == []
    assert world.outcomes() == {PART: {"ignored"}}
