"""Another key, another profile: old copies are known by it, new ones are made, old ones removed."""

from datetime import timedelta
from typing import Any

from pydicom import Dataset

from functions.deidentify.handler import KEY as LABEL
from infra.operate.cloud import Cloud
from infra.operate.copies import MadeBy, by_maker, remove, renew
from infra.operate.kept import promote
from shared.dicom.deidentification.options import Option
from shared.dicom.deidentification.profile import BASIC, Profile
from shared.dicom.deidentification.pseudonyms import PseudonymKey
from tests.builders import an_instance
from tests.operating import a_cloud
from tests.simulation.world import KEY, World

ROTATED = PseudonymKey(b"the next version of the secret", "research")


def _current(world: World) -> list[str]:
    """The types of the rows of copies, those that count last; there is one instance."""
    rows: list[Any] = world.tables.rows["research.instances"]
    return [row["Type"] for row in sorted(rows, key=lambda row: row["LastUpdated"])]


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
    world.restart(ROTATED)
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
    assert remove(cloud, MadeBy(key_id=KEY.key_id)) == 2
    assert [maker.key_id for maker in by_maker(cloud)] == [ROTATED.key_id]


def test_what_was_promoted_is_what_is_copied_anew() -> None:
    world = _landed()
    world.clock.time += timedelta(minutes=1)
    cloud = a_cloud(world.store, world.clock, world.tables, world.topics)
    (row,) = [row for row in world.tables.rows["imaging.instances"] if not row["IsPrimary"]]
    promote(cloud, str(row["ObjectUri"]))
    world.run()
    current = {version.name: version.since for version in cloud.originals.primaries("archive")}
    world.restart(ROTATED)
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


PATIENT_SEX = "00100040"
LAX = Profile.from_data("basic", {"overrides": [{"keyword": "PatientSex", "action": "keep"}]})


def _renewed(world: World, profile: Profile) -> Cloud:
    world.restart(profile=profile)
    cloud = a_cloud(world.store, world.clock, world.tables, world.topics)
    renew(cloud)
    world.run()
    return cloud


def test_a_stricter_profile_of_the_same_name_takes_the_place_of_a_laxer_one() -> None:
    world = World()
    world.restart(profile=LAX)
    world.land("demo-hospital/a", an_instance(instance=1, PatientSex="O"))
    world.land("demo-clinic/b", an_instance(patient=2, instance=2, PatientSex="O"))
    world.run()
    before = {copy.version.name for copy in world.store.list("research")}
    cloud = _renewed(world, BASIC)
    (maker,) = by_maker(cloud)
    assert (maker.profile, maker.profile_digest) == ("basic", BASIC.digest)
    assert {copy.version.name for copy in world.store.list("research")} == before
    rows: list[Any] = world.tables.rows["research.instances"]
    latest = {row["ObjectUri"]: row for row in sorted(rows, key=lambda row: row["Generation"])}
    assert [row["PatientSex"] for row in latest.values()] == [None, None]
    audited: list[Any] = world.tables.rows["imaging.deid_audit"]
    for row in audited:
        emptied = PATIENT_SEX in {action["Path"] for action in row["Actions"]}
        assert row["ProfileDigest"] == (BASIC if emptied else LAX).digest
    expected = world.state()
    _renewed(world, BASIC)
    assert world.state() == expected


def test_what_a_laxer_profile_left_of_earlier_versions_can_be_removed() -> None:
    world = World()
    world.restart(profile=LAX)
    world.land("demo-hospital/a", an_instance(instance=1))
    world.run()
    world.land("demo-hospital/b", an_instance(instance=1, StudyDescription="CHANGED"))
    world.run()
    (row,) = [row for row in world.tables.rows["imaging.instances"] if not row["IsPrimary"]]
    world.clock.time += timedelta(minutes=1)
    promote(a_cloud(world.store, world.clock, world.tables, world.topics), str(row["ObjectUri"]))
    world.run()
    cloud = _renewed(world, BASIC)
    assert {maker.profile_digest for maker in by_maker(cloud)} == {LAX.digest, BASIC.digest}
    assert remove(cloud, MadeBy(profile_digest=LAX.digest)) == 1
    (maker,) = by_maker(cloud)
    assert maker.profile_digest == BASIC.digest


def test_a_copy_counts_again_when_the_profile_that_held_it_is_taken_back() -> None:
    lenient = Profile(name="lenient", options=frozenset({Option.CLEAN_GRAPHICS}))
    world = World()
    world.restart(profile=lenient)
    world.land("demo-hospital/a", an_instance(GraphicAnnotationSequence=[Dataset()]))
    world.run()
    for profile, last in ((BASIC, "DELETE"), (lenient, "CREATE")):
        world.clock.time += timedelta(minutes=1)
        world.restart(profile=profile)
        renew(a_cloud(world.store, world.clock, world.tables, world.topics))
        world.run()
        assert _current(world)[-1] == last
