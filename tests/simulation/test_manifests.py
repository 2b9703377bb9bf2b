"""Laws 1 to 3 for manifests and labels: crashed, doubled, reordered, they say the same once."""

import random

import pytest

from shared.contracts.expected import EXPECTED_LABEL
from shared.contracts.manifest import Manifest, ManifestStudy
from shared.contracts.message import to_json
from shared.contracts.upload import Upload
from tests.archives import zipped
from tests.builders import a_uid, an_instance
from tests.simulation.world import Faults, World

STUDY = a_uid(7, 1)
MANIFEST = to_json(
    Manifest(
        studies=(
            ManifestStudy(study_instance_uid=STUDY, instances=3),
            ManifestStudy(study_instance_uid="1.2", sop_instance_uids=("1.2.3",)),
        )
    ).to_data()
)
DROP = {
    "demo-hospital/_complete.json": MANIFEST,
    "demo-hospital/wrong/_complete.json": b'{"studies": [{}]}',
    "demo-hospital/disc.zip": zipped(
        {"1": an_instance(patient=7, rows=4, columns=4), "_complete.json": b"{}"}
    ),
}
ENDS = {
    "demo-hospital/_complete.json": {("ignored", "manifest")},
    "demo-hospital/wrong/_complete.json": {("quarantined", "invalid-manifest")},
    "demo-hospital/disc.zip": {("expanded", None)},
    "demo-hospital/disc.zip!/1": {("archived", None)},
    "demo-hospital/disc.zip!/_complete.json": {("ignored", "manifest")},
}


def _world(faults: Faults | None = None, seed: int = 0, copies: int = 1) -> World:
    world = World(faults, seed, copies)
    for name, data in DROP.items():
        stored = world.store.write("inbox", name, [data], {EXPECTED_LABEL: "3"})
        assert stored is not None
        upload = Upload(version=stored.version, landed_at=stored.created)
        world.topics["uploads"].publish(upload.to_message())
    return world.run()


def _ends(world: World) -> dict[str, set[tuple[object, object]]]:
    found: dict[str, set[tuple[object, object]]] = {}
    for row in world.tables.rows["imaging.uploads"]:
        found.setdefault(str(row["ObjectName"]), set()).add((row["Outcome"], row["Reason"]))
    return found


def _said(world: World) -> set[tuple[str, str]]:
    """What the account says of how much is to come, once for each wording."""
    columns = ("Expected", "References", "ExpectedInstances")
    return {
        (str(row["ObjectName"]), str([row[column] for column in columns]))
        for row in world.tables.rows["imaging.uploads"]
    }


def test_every_manifest_has_one_outcome_and_leaves_the_inbox() -> None:
    world = _world()
    assert _ends(world) == ENDS
    assert list(world.store.list("inbox")) == []
    kept = {each.version.name.partition("/")[0] for each in world.store.list("quarantine")}
    assert kept == {"manifest", "invalid-manifest"}


def test_the_account_says_what_they_say() -> None:
    said = dict(_said(_world()))
    assert len(said) == len(ENDS)
    assert f"'StudyInstanceUID': '{STUDY}', 'Instances': 3" in said["demo-hospital/_complete.json"]
    assert "'SOPInstanceUID': '1.2.3'" in said["demo-hospital/_complete.json"]
    assert said["demo-hospital/disc.zip!/1"] == "[[], [], 3]"  # as its container was labelled


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_crash_around_any_single_call_changes_nothing(when: str) -> None:
    expected = _world()
    for number in range(1, expected.faults.calls + 1):
        at = frozenset({number})
        crashed = _world(Faults(before=at) if when == "before" else Faults(after=at))
        assert crashed.state() == expected.state(), f"crash {when} call {number}"
        assert _said(crashed) == _said(expected), f"crash {when} call {number}"


@pytest.mark.parametrize("seed", range(10))
def test_many_crashes_reordered_and_doubled_change_nothing(seed: int) -> None:
    chance = random.Random(seed)
    numbers = range(1, 120)
    faults = Faults(
        before=frozenset(chance.sample(numbers, 15)), after=frozenset(chance.sample(numbers, 15))
    )
    world, expected = _world(faults, seed, copies=3), _world()
    assert world.state() == expected.state()
    assert _said(world) == _said(expected)
