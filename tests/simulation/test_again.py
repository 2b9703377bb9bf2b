"""What the tables lost is made again from what is kept, and a day is played again."""

import zipfile
from datetime import timedelta
from io import BytesIO

from infra.operate.again import rebuild, replay
from infra.operate.cloud import Cloud
from shared.adapters.memory import ManualClock
from tests.builders import an_instance
from tests.operating import a_cloud
from tests.simulation.world import World

DAY = timedelta(days=1)
START = ManualClock().now()


def _zip(data: bytes) -> bytes:
    made = BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("a", data)
        archive.writestr("notes", b"these are notes")
    return made.getvalue()


DROPS = [
    {
        "demo-hospital/a": an_instance(instance=1),
        "demo-hospital/changed": an_instance(instance=1, StudyDescription="CHANGED"),
        "demo-hospital/notes": b"these are notes",
    },
    {
        "demo-hospital/b": an_instance(instance=2),
        "demo-hospital/some.zip": _zip(an_instance(instance=3)),
        "demo-clinic/a": an_instance(instance=1),
    },
]


def _world() -> World:
    world = World()
    for drop in DROPS:
        for name, data in drop.items():
            world.land(name, data)
        world.run()
        world.clock.time += DAY
    return world


def _cloud(world: World) -> Cloud:
    return a_cloud(world.store, world.clock, world.tables, world.topics)


def _rows(world: World) -> set[tuple[str, str]]:
    """Return the rows that are made of what is kept, each once."""
    tables = ("imaging.instances", "imaging.uploads", "imaging.deid_audit", "research.instances")
    return {
        (table, str(row.get("EventId") or row["ObjectUri"]))
        for table in tables
        for row in world.tables.rows.get(table, [])
    }


def test_every_row_of_what_is_kept_is_made_again() -> None:
    world = _world()
    before, objects = _rows(world), world.state()["objects"]
    world.tables.rows.clear()
    made = rebuild(_cloud(world))
    assert (made.told, made.unlabelled) == (0, 0)
    world.run()
    assert _rows(world) == before
    assert world.state()["objects"] == objects


def test_only_what_has_no_row_is_announced() -> None:
    world = _world()
    cloud = _cloud(world)
    count = rebuild(cloud).told
    assert rebuild(cloud).announced == 0
    rows = world.tables.rows["imaging.instances"]
    lost = {row["ObjectUri"] for row in rows if "demo-clinic" in str(row["ObjectUri"])}
    world.tables.rows["imaging.instances"] = [row for row in rows if row["ObjectUri"] not in lost]
    assert rebuild(cloud, "demo-hospital/").announced == 0
    rehearsed = rebuild(cloud, dry_run=True)
    assert (rehearsed.announced, rehearsed.told) == (len(lost), count - len(lost))
    before = len(world.topics["uploads"].messages)
    rebuild(cloud, "demo-clinic/")
    assert len(world.topics["uploads"].messages) == before + len(lost)


def test_what_does_not_say_what_it_was_sent_as_is_counted() -> None:
    world = _world()
    world.store.put("quarantine", "truncated/demo-hospital/by-hand#1", b"")
    version = next(world.store.list("archive", "demo-clinic/")).version.name
    world.store.put("archive", f"{version}.metadata.json", b"{}")  # is of it, and not sent
    assert rebuild(_cloud(world)).unlabelled == 1


def test_a_day_is_played_again_to_the_same_effect() -> None:
    world = _world()
    before, objects = _rows(world), world.state()["objects"]
    events = set(world.events())
    told = len(world.events())
    played = replay(_cloud(world), START, START + DAY)
    assert (played.announced, played.unlabelled) == (3, 0)
    world.run()
    assert _rows(world) == before
    assert world.state()["objects"] == objects
    assert set(world.events()) == events
    assert len(world.events()) > told  # the same events, to whoever missed them


def test_only_that_time_and_that_facility_are_played_again() -> None:
    world = _world()
    cloud = _cloud(world)
    second = replay(cloud, START + DAY, START + 2 * DAY, dry_run=True).announced
    clinic = replay(cloud, START + DAY, START + 2 * DAY, "demo-clinic", dry_run=True).announced
    assert (clinic, second) == (1, 5)
    assert replay(cloud, START + 2 * DAY, START + 3 * DAY).announced == 0


def test_what_is_gone_is_counted() -> None:
    world = _world()
    gone = next(world.store.list("archive", "demo-clinic/"))
    world.store.delete(gone.version)
    assert replay(_cloud(world), START, START + 2 * DAY).unlabelled == 1
