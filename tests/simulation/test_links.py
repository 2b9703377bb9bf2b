"""Nothing but the key leads from a research copy to its original."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

import pytest

from shared.ports import Row
from tests.builders import an_instance
from tests.simulation.world import KEY, World

COUNT = 3
# When a copy was stored is seconds after its original was: PRIVACY.md says so.
KNOWN = {"LastUpdated"}


def _leaves(value: object) -> Iterator[object]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from () if name in KNOWN else _leaves(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _leaves(inner)
    elif value not in (None, "", True, False):
        yield value


@pytest.fixture(scope="module", params=["NO", "YES"])
def world(request: pytest.FixtureRequest) -> World:
    """Instances that differ in nothing but whose they are, each landed at its own time.

    They are copied, or held for what they say is burned in.
    """
    world = World()
    for number in range(COUNT):
        world.clock.time += timedelta(seconds=1)
        world.land(
            f"demo-hospital/{number}", an_instance(patient=number, BurnedInAnnotation=request.param)
        )
        world.run()
    return world


def _rows(world: World, table: str) -> list[Any]:
    return world.tables.rows[table]


def _originals(world: World) -> list[Any]:
    return sorted(_rows(world, "imaging.instances"), key=lambda row: row["LastUpdated"])


def _of_original(world: World, instance: Row) -> set[object]:
    """All that the tables, the archive and the events say of an original."""
    root = instance["RootEventId"]
    told: list[object] = [
        row
        for table in ("instances", "landed", "uploads", "deid_audit")
        for row in _rows(world, f"imaging.{table}")
        if row["RootEventId"] == root
    ]
    uid = str(instance["SOPInstanceUID"])
    told += [
        (stored.version.name, stored.version.generation, dict(stored.labels))
        for stored in world.store.list("archive")
        if uid in stored.version.name
    ]
    told += _events_with(world, uid)
    return set(_leaves(told))


def _of_copy(world: World, original: Row) -> set[object]:
    """All that the research side and its events say of the copy, found by the key."""
    uid = KEY.uid(str(original["SOPInstanceUID"]))
    told: list[object] = [
        row for row in _rows(world, "research.instances") if row["SOPInstanceUID"] == uid
    ]
    assert len(told) == 1
    copies: list[object] = [
        (stored.version.name, stored.version.generation, dict(stored.labels))
        for stored in world.store.list("research")
        if uid in stored.version.name
    ]
    events = _events_with(world, uid)
    assert len(copies) == len(events) == (original["BurnedInAnnotation"] == "NO")
    return set(_leaves([told, copies, events]))


def _events_with(world: World, uid: str) -> list[object]:
    messages = world.topics["events"].messages
    return [dict(each.attributes) for each in messages if uid in each.attributes.values()]


def test_an_original_and_its_copy_have_nothing_of_their_own_in_common(world: World) -> None:
    originals = _originals(world)
    assert len(originals) == COUNT
    for original in originals:
        others: set[object] = set()
        for other in originals:
            others |= _of_original(world, other) if other is not original else set()
        common = _of_original(world, original) & _of_copy(world, original)
        assert common - others == set()
