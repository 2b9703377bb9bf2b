"""What was refused is decided anew when its cause is gone, and the history stays."""

import random
from datetime import timedelta
from typing import Any

import pytest

from infra.operate.kept import Selection, promote, release
from shared.contracts.facilities import Facilities
from tests.archives import zipped
from tests.builders import an_instance
from tests.operating import a_cloud
from tests.simulation.world import FACILITIES, Crash, Faults, Faulty, World

LATER = Facilities.from_data({facility.name: {} for facility in FACILITIES} | {"late": {}})
DROP = {
    "late/a": an_instance(instance=1),
    "late/b": an_instance(instance=2),
    "late/disc.zip": zipped({"c": an_instance(instance=3), "notes": b"these are notes"}),
    "nobody/a": an_instance(instance=4),
    "demo-hospital/cut": an_instance(instance=5)[:-99],
}
EVERYTHING = Selection(reason="unknown-facility")


def _refused(faults: Faults | None = None, seed: int = 0, copies: int = 1) -> World:
    world = World(faults, seed, copies)
    for name, data in DROP.items():
        world.land(name, data)
    world.run()
    world.clock.time += timedelta(hours=1)
    world.register(LATER)
    return world


def _release(world: World, selection: Selection = EVERYTHING) -> World:
    """Release; an operator whose command died says it again."""
    topics: Any = {"uploads": Faulty(world.topics["uploads"], world.faults)}
    objects: Any = Faulty(world.store, world.faults)
    while True:
        try:
            release(a_cloud(objects, world.clock, world.tables, topics), selection)
        except Crash:
            continue
        return world.run()


def _names(world: World, bucket: str) -> list[str]:
    return [stored.version.name for stored in world.store.list(bucket)]


def _rows(world: World, name: str) -> list[Any]:
    rows = [row for row in world.tables.rows["imaging.uploads"] if row["ObjectName"] == name]
    return sorted({row["EventId"]: row for row in rows}.values(), key=lambda row: row["DecidedAt"])


def test_what_was_refused_is_archived_once_its_facility_is_registered() -> None:
    world = _refused()
    assert {reason for reason, _, _ in map(_parts, _names(world, "quarantine"))} == {
        "unknown-facility",
        "truncated",
    }
    _release(world)
    assert {name.partition("/")[0] for name in _names(world, "quarantine")} == {
        "unknown-facility",  # nobody registered `nobody`
        "truncated",
        "not-dicom",  # in the disc
    }
    archived = [name for name in _names(world, "archive") if name.startswith("late/")]
    assert len(archived) == 4  # with the disc itself


def _parts(name: str) -> tuple[str, str, str]:
    reason, _, rest = name.partition("/")
    facility, _, original = rest.partition("/")
    return reason, facility, original


def test_the_history_of_a_released_upload_has_both_decisions() -> None:
    world = _release(_refused())
    refused, archived = _rows(world, "late/a")
    assert (refused["Outcome"], refused["Reason"]) == ("quarantined", "unknown-facility")
    assert (archived["Outcome"], archived["Facility"]) == ("archived", "late")
    assert archived["UploadId"] == refused["UploadId"]
    assert len(_rows(world, "nobody/a")) == 1
    assert len(_rows(world, "demo-hospital/cut")) == 1


def test_only_what_is_selected_is_released() -> None:
    world = _release(_refused(), Selection(reason="unknown-facility", facility="nobody"))
    assert len(_rows(world, "late/a")) == 1
    uri = next(
        f"gs://quarantine/{name}" for name in _names(world, "quarantine") if "late/a" in name
    )
    _release(world, Selection(uri=uri))
    assert [row["Outcome"] for row in _rows(world, "late/a")] == ["quarantined", "archived"]
    assert len(_rows(world, "late/b")) == 1


def test_released_twice_is_released_once() -> None:
    once, twice = _refused(), _refused()
    topics = twice.topics
    release(a_cloud(twice.store, twice.clock, twice.tables, topics), EVERYTHING)
    _release(_release(twice))
    assert twice.state() == _release(once).state()


def _calls() -> tuple[int, int]:
    """The number of calls before a release, and in all."""
    world = _refused()
    before = world.faults.calls
    return before, _release(world).faults.calls


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_crash_around_any_single_call_of_a_release_changes_nothing(when: str) -> None:
    expected = _release(_refused()).state()
    before, calls = _calls()
    for number in range(before + 1, calls + 1):
        at = frozenset({number})
        faults = Faults(before=at) if when == "before" else Faults(after=at)
        assert _release(_refused(faults)).state() == expected, f"crash {when} call {number}"


@pytest.mark.parametrize("seed", range(10))
def test_many_crashes_reordered_and_doubled_change_nothing(seed: int) -> None:
    chance = random.Random(seed)
    before, calls = _calls()
    numbers = chance.sample(range(before, 3 * calls), calls)
    faults = Faults(after=frozenset(numbers[::2]))
    assert _release(_refused(faults, seed, copies=2)).state() == _release(_refused()).state()


def test_a_promoted_conflict_is_the_primary_version_and_nothing_else_changes() -> None:
    world = World()
    world.land("demo-hospital/a", an_instance())
    world.run()
    world.land("demo-hospital/b", an_instance(StudyDescription="CHANGED"))
    world.run()
    objects = _names(world, "archive")
    (other,) = [name for name in objects if name.count(".dcm") and _is_marked(name)]
    world.clock.time += timedelta(hours=1)
    cloud = a_cloud(world.store, world.clock, world.tables, world.topics)
    promote(cloud, f"gs://archive/{other}")
    world.run()
    assert _names(world, "archive") == objects
    rows: Any = world.tables.rows["imaging.instances"]
    latest = max((row for row in rows if row["IsPrimary"]), key=lambda row: row["PrimaryAt"])
    assert (latest["ObjectUri"], latest["PrimaryAt"]) == (f"gs://archive/{other}", world.clock.time)


def _is_marked(name: str) -> bool:
    """Whether a version stands beside another: its name has a checksum."""
    return len(name.removesuffix(".dcm").rpartition(".")[2]) == 8
