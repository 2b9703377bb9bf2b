"""Laws 1 to 3 for containers: crash anywhere in an expansion, the end is always the same."""

import random
from datetime import timedelta

import pytest

from tests.archives import gzipped, tarred, zipped
from tests.builders import a_directory, an_instance
from tests.simulation.world import Faults, World


def _image(number: int) -> bytes:
    return an_instance(patient=7, instance=number, rows=4, columns=4)


DEEPEST = zipped({"too-deep": b"never taken out"})
INNER = zipped({"a": _image(10), "b": _image(11), "deeper.zip": DEEPEST})
DISC = zipped(
    [
        ("DICOMDIR", a_directory()),
        ("IMAGES/1", _image(1)),
        ("IMAGES/2", _image(2)),
        ("IMAGES/2", _image(3)),  # the same path again
        ("notes.txt", b"these are notes"),
        ("empty", b""),
        ("../outside", _image(4)),
        ("inner.zip", INNER),
        ("__MACOSX/._1", b"\x00\x05\x16\x07 a fork"),
    ]
)
TAPE = gzipped(tarred({f"t/{number}": _image(number) for number in (20, 21)}))
NAME, TAPE_NAME = "demo-hospital/disc.zip", "demo-hospital/tape.tgz"
EXPECTED = {
    NAME: "expanded",
    f"{NAME}!/DICOMDIR": "ignored",
    f"{NAME}!/IMAGES/1": "archived",
    f"{NAME}!/IMAGES/2": "archived",
    f"{NAME}!/IMAGES/2!3": "archived",
    f"{NAME}!/notes.txt": "quarantined",
    f"{NAME}!/empty": "quarantined",
    f"{NAME}!/!6": "quarantined",
    f"{NAME}!/inner.zip": "expanded",
    f"{NAME}!/inner.zip!/a": "archived",
    f"{NAME}!/inner.zip!/b": "archived",
    f"{NAME}!/inner.zip!/deeper.zip": "quarantined",
    f"{NAME}!/__MACOSX/._1": "ignored",
    TAPE_NAME: "expanded",
    f"{TAPE_NAME}!/t/20": "archived",
    f"{TAPE_NAME}!/t/21": "archived",
}


def _world(faults: Faults | None = None, seed: int = 0, copies: int = 1) -> World:
    world = World(faults, seed, copies)
    world.land(NAME, DISC)
    world.land(TAPE_NAME, TAPE)
    return world.run()


@pytest.fixture(scope="module")
def undisturbed() -> World:
    return _world()


def test_the_container_and_every_member_have_one_outcome(undisturbed: World) -> None:
    assert undisturbed.outcomes() == {name: {kind} for name, kind in EXPECTED.items()}


def test_nothing_waits_and_the_containers_are_kept(undisturbed: World) -> None:
    store = undisturbed.store
    assert list(store.list("inbox")) == []
    assert list(store.list("quarantine", "staging/")) == []
    kept = [stored.version.name for stored in store.list("archive", "demo-hospital/containers/")]
    assert [name.partition("#")[0] for name in kept] == [
        "demo-hospital/containers/disc.zip",
        "demo-hospital/containers/disc.zip",
        "demo-hospital/containers/tape.tgz",
    ]
    assert store.data("archive", kept[0]) == DISC
    assert store.data("archive", kept[1]) == INNER


def test_every_row_descends_from_the_container(undisturbed: World) -> None:
    roots = {
        str(row["ObjectName"]).partition("!/")[0]: set[object]()
        for row in undisturbed.tables.rows["imaging.uploads"]
    }
    for row in undisturbed.tables.rows["imaging.uploads"]:
        roots[str(row["ObjectName"]).partition("!/")[0]].add(row["RootEventId"])
    assert {name: len(ids) for name, ids in roots.items()} == {NAME: 1, TAPE_NAME: 1}


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_crash_around_any_single_call_changes_nothing(when: str, undisturbed: World) -> None:
    expected = undisturbed.state()
    for number in range(1, undisturbed.faults.calls + 1):
        at = frozenset({number})
        crashed = _world(Faults(before=at) if when == "before" else Faults(after=at))
        assert crashed.state() == expected, f"crash {when} call {number}"


@pytest.mark.parametrize("seed", range(20))
def test_many_crashes_reordered_and_doubled_change_nothing(seed: int, undisturbed: World) -> None:
    chance = random.Random(seed)
    numbers = range(1, 4 * undisturbed.faults.calls)
    faults = Faults(
        before=frozenset(chance.sample(numbers, 60)), after=frozenset(chance.sample(numbers, 60))
    )
    world = _world(faults, seed, copies=2)
    # One delivery may stage again, and crash, what another has brought to its end meanwhile.
    world.clock.time += timedelta(hours=1)
    world.sweep()
    assert world.run().state() == undisturbed.state()


@pytest.mark.parametrize("seed", range(10))
def test_equal_members_are_archived_once(seed: int) -> None:
    chance = random.Random(seed)
    world = World(Faults(after=frozenset(chance.sample(range(1, 100), 20))), seed, copies=2)
    world.land(NAME, zipped({"a": _image(1), "b": _image(1)}))
    world.run()
    kinds = world.outcomes()
    assert sorted(kind for each in kinds.values() for kind in each) == [
        "archived",
        "duplicate",
        "expanded",
    ]
    assert len(list(world.store.list("archive", "demo-"))) == 2


def test_what_was_staged_and_forgotten_is_announced_again(undisturbed: World) -> None:
    world = World()
    world.land(NAME, DISC)
    world.land(TAPE_NAME, TAPE)
    world.lose_announcements_of_members = True
    world.run()
    assert len(list(world.store.list("quarantine", "staging/"))) > 5
    world.lose_announcements_of_members = False
    for _ in range(3):  # a nested container's members are staged by the sweep before
        world.clock.time += timedelta(hours=1)
        world.sweep()
        world.run()
    assert world.outcomes() == undisturbed.outcomes()


def test_a_name_that_looks_like_a_member_is_just_a_name() -> None:
    world = World()
    stored = world.land("demo-hospital/disc.zip!/a", _image(1))
    assert stored.version.natural_key.endswith(f"!/a#{stored.version.generation}")
    assert world.run().outcomes() == {"demo-hospital/disc.zip!/a": {"archived"}}
