"""Laws 1 to 3 for deliveries at the same time, whichever of them goes on at each call."""

import random
from collections import Counter

import pytest

from tests.archives import zipped
from tests.builders import an_instance
from tests.simulation.interleaving import ConcurrentWorld, Stepping
from tests.simulation.world import World


def _image(instance: int, description: str = "FIRST") -> bytes:
    return an_instance(
        patient=5, instance=instance, rows=4, columns=4, StudyDescription=description
    )


FIRST, SECOND = _image(1), _image(2)
CHANGED, OTHER = (_image(2, text) for text in ("CHANGED", "ANOTHER"))
APART = {
    "demo-hospital/a": FIRST,
    "demo-hospital/b": SECOND,
    "demo-hospital/notes.txt": b"these are notes",
    "demo-hospital/folder/": b"",
}
TOGETHER = {
    "demo-hospital/b": SECOND,
    "demo-hospital/changed": CHANGED,
    "demo-hospital/changed-again": CHANGED,
    "demo-hospital/other": OTHER,
    "demo-clinic/b": SECOND,
}
SEEDS = range(15)


def _concurrent(
    drop: dict[str, bytes], seed: int, *, width: int = 3, crashes: int = 0
) -> ConcurrentWorld:
    chance = random.Random(seed)
    before, after = (frozenset(chance.sample(range(1, 80), crashes)) for _ in range(2))
    world = ConcurrentWorld(Stepping(before=before, after=after), seed, width)
    for name, data in drop.items():
        world.land(name, data)
    return world


@pytest.fixture(scope="module")
def undisturbed() -> World:
    world = World()
    for name, data in APART.items():
        world.land(name, data)
    return world.run()


@pytest.mark.parametrize("crashes", [0, 6])
@pytest.mark.parametrize("seed", SEEDS)
def test_the_same_message_at_the_same_time_changes_nothing(
    seed: int, crashes: int, undisturbed: World
) -> None:
    world = _concurrent(APART, seed, crashes=crashes).run()
    assert world.state() == undisturbed.state()
    assert world.outcomes() == undisturbed.outcomes()


@pytest.mark.parametrize("crashes", [0, 6])
@pytest.mark.parametrize("seed", SEEDS)
def test_versions_that_come_at_the_same_time_are_all_kept(seed: int, crashes: int) -> None:
    world = _concurrent(TOGETHER, seed, crashes=crashes).run()
    assert list(world.store.list("inbox")) == []
    kinds = world.outcomes()
    assert {name: len(each) for name, each in kinds.items()} == dict.fromkeys(TOGETHER, 1)
    of_one_identity = [name for name in TOGETHER if name.startswith("demo-hospital/")]
    assert Counter(kind for name in of_one_identity for kind in kinds[name]) == {
        "archived": 1,
        "conflict": 2,
        "duplicate": 1,
    }
    archived = [stored.version.name for stored in world.store.list("archive", "demo-")]
    kept = Counter(world.store.data("archive", name) for name in archived)
    assert kept == {SECOND: 2, CHANGED: 1, OTHER: 1}
    _each_primary_has_one_account_and_a_copy_of_its_own(world)


def _each_primary_has_one_account_and_a_copy_of_its_own(world: World) -> None:
    accounts: dict[object, set[object]] = {}
    for row in world.tables.rows["imaging.deid_audit"]:
        accounts.setdefault(row["SourceUri"], set()).add((row["Outcome"], row["Reason"]))
    rows = world.tables.rows["imaging.instances"]
    assert set(accounts) == {row["ObjectUri"] for row in rows if row["IsPrimary"]}
    assert list(accounts.values()) == [{("deidentified", None)}] * len(accounts)
    assert len(list(world.store.list("research"))) == len(accounts)  # ids are each facility's own


@pytest.mark.parametrize("seed", SEEDS)
def test_a_name_that_is_used_again_meanwhile_is_another_upload(seed: int) -> None:
    world = _concurrent({"demo-hospital/a": FIRST, "demo-hospital/b": SECOND}, seed, crashes=4)
    world.again = {"demo-hospital/a": CHANGED, "demo-hospital/b": b"these are notes"}
    world.run()
    assert list(world.store.list("inbox")) == []
    outcomes: dict[object, set[object]] = {}
    for row in world.tables.rows["imaging.uploads"]:
        outcomes.setdefault((row["ObjectName"], row["Generation"]), set()).add(row["Outcome"])
    assert len(outcomes) == 4
    assert {len(each) for each in outcomes.values()} == {1}
    archived = [stored.version.name for stored in world.store.list("archive", "demo-")]
    assert {world.store.data("archive", name) for name in archived} == {FIRST, SECOND, CHANGED}


@pytest.mark.parametrize("seed", range(10))
def test_a_container_delivered_twice_at_once_is_expanded_once(seed: int) -> None:
    disc = {"demo-hospital/disc.zip": zipped({"a": FIRST, "b": SECOND, "notes": b"notes"})}
    world = _concurrent(disc, seed, width=2, crashes=4).run()
    assert world.outcomes() == {
        "demo-hospital/disc.zip": {"expanded"},
        "demo-hospital/disc.zip!/a": {"archived"},
        "demo-hospital/disc.zip!/b": {"archived"},
        "demo-hospital/disc.zip!/notes": {"quarantined"},
    }
    assert list(world.store.list("inbox")) == []


def test_a_seed_repeats_its_order_and_deliveries_do_overlap() -> None:
    def trace(seed: int) -> list[str]:
        stepping = Stepping()
        world = ConcurrentWorld(stepping, seed, width=3)
        world.land("demo-hospital/a", FIRST)
        world.run()
        return stepping.trace

    assert trace(1) == trace(1)
    assert len({tuple(trace(seed)) for seed in range(5)}) == 5
