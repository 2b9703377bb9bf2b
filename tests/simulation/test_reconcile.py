"""What is lost between two steps is found by the sweep, and repaired or reported."""

import logging
from datetime import timedelta
from typing import Any

import pytest

from infra.operate.reconciliation import reconcile
from tests.builders import an_instance
from tests.operating import a_cloud
from tests.simulation.world import Faults, World

HOUR = timedelta(hours=1)
DROP = {
    "demo-hospital/a": an_instance(instance=1),
    "demo-hospital/b": an_instance(instance=2),
    "demo-hospital/changed": an_instance(instance=2, StudyDescription="CHANGED"),
    "demo-hospital/notes": b"these are notes",
    "demo-clinic/a": an_instance(instance=1),
}


def _landed(faults: Faults | None = None, seed: int = 0) -> World:
    world = World(faults, seed)
    for name, data in DROP.items():
        world.land(name, data)
    return world


def _without_index() -> World:
    """A world in which every outcome was decided and no row of it was written."""
    world = _landed()
    index = world.handlers["index"]
    world.handlers["index"] = lambda message: (
        index(message) if "eventType" in message.attributes else None
    )
    world.run()
    world.handlers["index"] = index
    world.clock.time += HOUR
    return world


def _swept(world: World, times: int = 1) -> World:
    for _ in range(times):
        world.sweep()
        world.run()
        world.clock.time += HOUR
    return world


def _archived(world: World) -> set[str]:
    return {str(row["ObjectUri"]) for row in world.tables.rows.get("imaging.instances", [])}


def _findings(world: World) -> list[tuple[str, str]]:
    return [
        (finding["Kind"], finding["ObjectUri"])
        for row in world.tables.rows["imaging.sweeps"]
        for finding in _list(row["Findings"])
    ]


def _list(findings: Any) -> list[Any]:
    return list(findings)


def test_rows_whose_outcomes_were_lost_are_written_after_all() -> None:
    world = _without_index()
    assert _archived(world) == set()
    _swept(world)
    expected = _landed().run()
    assert _archived(world) == _archived(expected)
    for name in set(DROP) - {"demo-hospital/notes"}:
        assert world.outcomes()[name] == expected.outcomes()[name]
    assert {(kind, uri) for kind, uri in _findings(world) if kind == "row-missing"} == {
        ("row-missing", uri) for uri in _archived(expected)
    }


def test_what_was_refused_and_never_told_is_called_vanished() -> None:
    world = _swept(_without_index())
    vanished = {uri for kind, uri in _findings(world) if kind == "vanished"}
    assert "gs://inbox/demo-hospital/notes" in vanished


def test_an_upload_that_was_overwritten_before_it_was_decided_is_reported() -> None:
    world = World()
    lost = world.land("demo-hospital/a", b"the first")
    world.land("demo-hospital/a", an_instance())
    world.run()
    world.clock.time += HOUR
    done = world.sweep()
    assert done.level == logging.ERROR
    (finding,) = _list(world.tables.rows["imaging.sweeps"][0]["Findings"])
    assert (finding["Kind"], finding["Generation"]) == ("vanished", lost.version.generation)


def test_an_archived_object_that_somebody_removed_is_reported_by_every_pass() -> None:
    world = _landed().run()
    world.clock.time += HOUR
    assert world.sweep().level == logging.INFO
    gone = next(world.store.list("archive", "demo-clinic/"))
    world.store.delete(gone.version)
    for _ in range(2):
        done = world.sweep()
        assert (done.level, done.fields["object_missing"]) == (logging.ERROR, 1)
    assert _findings(world) == [("object-missing", gone.uri)] * 2


def test_where_nothing_was_lost_a_sweep_changes_nothing() -> None:
    world = _landed().run()
    before = world.state()
    world.clock.time += HOUR
    assert _swept(world, times=3).state() == before
    assert _findings(world) == []


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_sweep_that_crashes_around_any_single_call_is_made_good_by_the_next(when: str) -> None:
    expected = _swept(_without_index()).state()
    calls = _swept(_without_index()).faults.calls
    before = _without_index().faults.calls
    for number in range(before + 1, calls + 1):
        world = _without_index()
        at = frozenset({number})
        setattr(world.faults, when, at)
        assert _swept(world).state() == expected, f"crash {when} call {number}"


def test_two_sweeps_at_once_double_nothing() -> None:
    world = _without_index()
    world.sweep()
    world.sweep()
    world.run()
    assert world.state() == _swept(_without_index()).state()


def test_an_operator_compares_everything_at_once() -> None:
    world = _without_index()
    stuck = world.land("demo-hospital/late", an_instance(instance=9), notified=False)
    world.clock.time += timedelta(days=3)
    cloud = a_cloud(world.store, world.clock, world.tables, world.topics)
    (report,) = reconcile(cloud)
    world.run()
    assert report.pass_complete
    assert ("stuck", stuck.uri) in {(each["Kind"], each["ObjectUri"]) for each in report.told()}
    world.clock.time += HOUR
    (again,) = reconcile(cloud)
    assert {each["ObjectUri"] for each in again.told()} == {"gs://inbox/demo-hospital/notes"}
