"""A rotation of the key: old copies are known by their key, new ones are made, old ones removed."""

from datetime import timedelta
from typing import Any

from functions.deidentify.handler import KEY as LABEL
from functions.deidentify.handler import Deidentify
from infra.operate.copies import by_key, remove, renew
from infra.operate.kept import promote
from shared.contracts.outcome import Outcome
from shared.dicom.deidentification.profile import BASIC
from shared.dicom.deidentification.pseudonyms import PseudonymKey
from tests.builders import an_instance
from tests.operating import a_cloud
from tests.simulation.world import KEY, World

ROTATED = PseudonymKey(b"the next version of the secret", "research")


def _rotate(world: World, key: PseudonymKey) -> None:
    """The function starts with another version of the secret."""
    objects: Any = world.store
    deidentify = Deidentify(
        objects=objects,
        outcomes=world.topics["outcomes"],
        clock=world.clock,
        key=key,
        research="research",
        facilities=world.facilities,
        profiles={facility.name: BASIC for facility in world.facilities},
    )
    world.handlers["deidentify"] = lambda message: deidentify(Outcome.from_message(message))


def _landed() -> World:
    world = World()
    world.land("demo-hospital/a", an_instance(instance=1))
    world.land("demo-clinic/b", an_instance(patient=2, instance=2))
    world.run()
    world.land("demo-hospital/c", an_instance(instance=1, StudyDescription="CHANGED"))
    return world.run()


def _copies(world: World) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for copy in world.store.list("research"):
        found.setdefault(copy.labels[LABEL], set()).add(copy.version.name)
    return found


def _archive(world: World) -> list[Any]:
    return list(world.store.list("archive"))


def test_after_a_rotation_everything_is_copied_anew_and_the_old_can_go() -> None:
    world = _landed()
    before, archive = _copies(world), _archive(world)
    assert list(before) == [KEY.key_id]
    _rotate(world, ROTATED)
    cloud = a_cloud(world.store, world.clock, world.tables, world.topics)
    renew(cloud)
    world.run()
    after = _copies(world)
    assert after[KEY.key_id] == before[KEY.key_id]
    assert len(after[ROTATED.key_id]) == len(before[KEY.key_id]) == 2
    assert after[ROTATED.key_id].isdisjoint(before[KEY.key_id])
    assert _archive(world) == archive
    rows = world.tables.rows["research.instances"]
    assert {row["KeyId"] for row in rows} == {KEY.key_id, ROTATED.key_id}
    audited = world.tables.rows["imaging.deid_audit"]
    assert len({row["EventId"] for row in audited}) == 4
    assert {row["KeyId"] for row in audited} == {KEY.key_id, ROTATED.key_id}
    assert remove(cloud, KEY.key_id) == 2
    assert list(by_key(cloud)) == [ROTATED.key_id]


def test_what_was_promoted_is_what_is_copied_anew() -> None:
    world = _landed()
    world.clock.time += timedelta(minutes=1)
    cloud = a_cloud(world.store, world.clock, world.tables, world.topics)
    (row,) = [row for row in world.tables.rows["imaging.instances"] if not row["IsPrimary"]]
    promote(cloud, str(row["ObjectUri"]))
    world.run()
    current = {version.name: version.since for version in cloud.originals.primaries("archive")}
    _rotate(world, ROTATED)
    renew(a_cloud(world.store, world.clock, world.tables, world.topics))
    world.run()
    assert current == {
        version.name: version.since for version in cloud.originals.primaries("archive")
    }
    sources = {
        row["SourceUri"]
        for row in world.tables.rows["imaging.deid_audit"]
        if row["KeyId"] == ROTATED.key_id
    }
    assert sources == {f"gs://archive/{name}" for name in current}
    assert str(row["ObjectUri"]) in sources


def test_renewing_without_a_rotation_changes_nothing() -> None:
    world = _landed()
    expected = world.state()
    renew(a_cloud(world.store, world.clock, world.tables, world.topics))
    assert world.run().state() == expected
