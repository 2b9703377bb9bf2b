"""Objects as large as the limits allow reach their outcomes: no message and no row is too large."""

import json
from struct import pack

import pytest

from shared.contracts.encoding import decoded
from shared.contracts.fitting import MAX_ACTIONS_BYTES
from shared.contracts.outcome import Outcome
from shared.dicom.limits import DEFAULT_LIMITS
from tests.builders import (
    a_uid,
    element,
    identity_elements,
    item,
    padded,
    part10,
    sequence,
    study_elements,
)
from tests.simulation import world
from tests.simulation.world import World

NAME = "demo-hospital/hostile"
DEPTH = 58
ACTIONS = 10_000


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is refused once for its size is refused for ever."""
    monkeypatch.setattr(world, "MAX_ATTEMPTS", 2)


def _handled(dataset: bytes) -> World:
    hostile = World()
    hostile.land(NAME, part10(identity_elements() + dataset + study_elements()))
    hostile.run()
    assert hostile.outcomes() == {NAME: {"archived"}}
    (audit,) = hostile.tables.rows["imaging.deid_audit"]
    assert (audit["Outcome"], audit["Reason"]) == ("deidentified", None)
    assert len(hostile.receiver.received) == 2
    return hostile


def _outcomes(hostile: World) -> list[Outcome]:
    return [Outcome.from_message(message) for message in hostile.topics["outcomes"].messages]


def _sizes(hostile: World) -> list[int]:
    return [len(decoded(each, "outcome")) for each in hostile.topics["outcomes"].messages]


def _deep(leaf: bytes) -> bytes:
    for _ in range(DEPTH):
        leaf = sequence(0x00081140, item(leaf))
    return leaf


def test_metadata_of_many_megabytes() -> None:
    creator = element(0x00090010, "LO", b"MADE UP ")
    texts = (element(0x00091000 + number, "UT", b"x" * 60_000) for number in range(1, 100))
    hostile = _handled(creator + b"".join(texts))
    assert max(_sizes(hostile)) > 2_000_000


def test_twenty_megabytes_of_metadata_are_indexed_and_kept_whole() -> None:
    points = padded("\\".join(f"{number / 8:.3f}" for number in range(5_000)))
    contour = item(element(0x30060050, "DS", points))
    contours = sequence(0x30060040, *[contour] * (20_000_000 // len(points) + 1))
    hostile = _handled(sequence(0x30060039, item(contours)))
    (row,) = hostile.tables.rows["imaging.instances"]
    original = hostile.store.data("archive", str(row["MetadataUri"]).removeprefix("gs://archive/"))
    assert original.count(b"624.75,624.875]") * len(points) > 20_000_000
    for bucket, table in (("archive", "imaging.instances"), ("research", "research.instances")):
        (row,) = hostile.tables.rows[table]
        assert row["SOPClassName"] == "Secondary Capture Image Storage"
        assert '"30060039"' in json.dumps(row["DroppedTags"])
        name = str(row["MetadataUri"]).removeprefix(f"gs://{bucket}/")
        whole = json.loads(hostile.store.data(bucket, name))
        (roi,) = whole["30060039"]["Value"]
        contours_kept = roi["30060040"]["Value"]
        assert len(contours_kept) * len(points) > 20_000_000
        assert contours_kept[0]["30060050"]["Value"][-2:] == [624.75, 624.875]
        assert row["ObjectUri"] == str(row["MetadataUri"]).removesuffix(".metadata.json")


def test_values_left_out_by_the_ten_thousand() -> None:
    blocks = range(0x10, 0x100)
    creators = (element(0x00090000 + block, "LO", b"MADE UP ") for block in blocks)
    tags = (0x00090000 + (block << 8) + number for block in blocks for number in range(0x100))
    wrong = (element(tag, "US", b"odd") for tag in tags)
    hostile = _handled(b"".join([*creators, *wrong]))
    archived, _ = _outcomes(hostile)
    assert len(archived.dropped) == DEFAULT_LIMITS.max_dropped


def test_values_left_out_at_the_longest_paths() -> None:
    leaves = [item(element(0x00280010, "US", b"odd"))] * 2_000
    hostile = _handled(_deep(sequence(0x00081199, *leaves)))
    archived, _ = _outcomes(hostile)
    assert len(archived.dropped) == DEFAULT_LIMITS.max_dropped
    assert min(len(tag.path) for tag in archived.dropped) > 12 * DEPTH


def test_more_actions_than_a_message_names_at_the_longest_paths() -> None:
    uids = (padded(a_uid(3, number)) for number in range(ACTIONS))
    leaves = [item(element(0x00081155, "UI", uid)) for uid in uids]
    hostile = _handled(_deep(sequence(0x00081199, *leaves)))
    _, deidentified = _outcomes(hostile)
    named = sum(len(action.path) for action in deidentified.actions)
    assert MAX_ACTIONS_BYTES // 2 < named < MAX_ACTIONS_BYTES


def test_many_values_that_stay_in_the_copy() -> None:
    values = pack("<4000d", *(number * 1.2345678901234e100 for number in range(4_000)))
    numbers = (element(0x00189300 + number, "FD", values) for number in range(30))
    hostile = _handled(b"".join(numbers))
    assert max(_sizes(hostile)) > 1_000_000


def test_all_of_it_at_once() -> None:
    values = pack("<4000d", *(number * 1.2345678901234e100 for number in range(4_000)))
    numbers = b"".join(element(0x00189300 + number, "FD", values) for number in range(20))
    wrong = element(0x00189073, "FD", b"odd")
    leaves = [
        item(element(0x00081155, "UI", padded(a_uid(3, number))) + wrong * (number < 1_500))
        for number in range(ACTIONS)
    ]
    _handled(_deep(sequence(0x00081199, *leaves)) + numbers)
