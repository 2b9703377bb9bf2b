"""Which quarantined objects are released, and which versions can be promoted."""

import pytest

from infra.operate.cloud import Cloud
from infra.operate.kept import Selection, UnknownObjectError, promote, release
from shared.adapters.memory import ManualClock, MemoryObjectStore, MemoryTables, MemoryTopic
from shared.contracts import layout
from shared.contracts.objects import ObjectVersion, StoredObject
from shared.contracts.provenance import Provenance
from shared.contracts.upload import Upload
from tests.operating import a_cloud

VERSION = "h/1.2/3.4/5.6.dcm"


class _World:
    def __init__(self) -> None:
        self.clock = ManualClock()
        self.store = MemoryObjectStore(self.clock.now)
        self.uploads = MemoryTopic()

    @property
    def cloud(self) -> Cloud:
        return a_cloud(self.store, self.clock, MemoryTables(), {"uploads": self.uploads})

    def keep(self, sent: str, name: str, bucket: str = "quarantine") -> StoredObject:
        root = ObjectVersion(bucket="inbox", name=sent, generation=1)
        labels = Provenance(root=root, landed=self.clock.time, sent_bytes=1).to_labels()
        return self._write(bucket, name, labels)

    def keep_unlabelled(self, name: str, bucket: str = "quarantine") -> StoredObject:
        return self._write(bucket, name, {})

    def _write(self, bucket: str, name: str, labels: dict[str, str]) -> StoredObject:
        stored = self.store.write(bucket, name, [b"a"], labels)
        assert stored is not None
        return stored

    def announced(self) -> list[str]:
        return [Upload.from_message(message).version.name for message in self.uploads.messages]


@pytest.fixture
def world() -> _World:
    world = _World()
    world.keep("h/a", "truncated/h/a#1")
    world.keep("c/a", "truncated/c/a#1")
    world.keep("h/b", "not-dicom/h/b#1")
    world.keep("late/PLANTED", "unknown-facility/unknown/late/PLANTED#1")
    world.keep("h/disc.zip", f"{layout.STAGING}h/0123")
    return world


ALL = [
    "not-dicom/h/b#1",
    "truncated/c/a#1",
    "truncated/h/a#1",
    "unknown-facility/unknown/late/PLANTED#1",
]


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        (Selection(), ALL),
        (Selection(reason="truncated"), ALL[1:3]),
        (Selection(reason="trunc"), []),
        (Selection(facility="h"), [ALL[0], ALL[2]]),
        (Selection(reason="truncated", facility="h"), [ALL[2]]),
        (Selection(facility="unknown"), [ALL[3]]),
        (Selection(facility="late"), [ALL[3]]),
        (Selection(reason="staging"), []),
        (Selection(uri="gs://quarantine/truncated/h/a#1"), [ALL[2]]),
    ],
)
def test_what_is_selected_is_announced(
    world: _World, selection: Selection, expected: list[str]
) -> None:
    released = release(world.cloud, selection)
    assert world.announced() == expected
    assert released.announced.total() == len(expected)


def test_it_is_announced_as_what_it_was_sent_as(world: _World) -> None:
    stored = world.store.find("quarantine", "truncated/h/a#1")
    assert stored is not None
    release(world.cloud, Selection(uri=stored.uri))
    assert [Upload.from_message(each) for each in world.uploads.messages] == [
        Upload.of_kept(stored)
    ]


def test_a_rehearsal_announces_nothing(world: _World) -> None:
    released = release(world.cloud, Selection(), dry_run=True)
    assert (released.announced.total(), world.announced()) == (4, [])


def test_what_does_not_say_what_it_was_is_counted_and_stops_no_other(world: _World) -> None:
    world.keep_unlabelled("truncated/c/stray#1")
    released = release(world.cloud, Selection(reason="truncated"))
    assert dict(released.announced) == {("truncated", "c"): 1, ("truncated", "h"): 1}
    assert dict(released.unlabelled) == {("truncated", "c"): 1}
    assert released.places == [("truncated", "c"), ("truncated", "h")]


@pytest.mark.parametrize(
    "uri",
    [
        "gs://quarantine/nothing",
        "gs://quarantine/staging/h/0123",
        "gs://archive/truncated/h/a#1",
        "truncated/h/a#1",
    ],
)
def test_what_is_not_there_cannot_be_released(world: _World, uri: str) -> None:
    with pytest.raises(UnknownObjectError):
        release(world.cloud, Selection(uri=uri))
    assert world.announced() == []


def test_a_version_is_promoted_as_of_now(world: _World) -> None:
    stored = world.keep("h/a", VERSION, "archive")
    assert promote(world.cloud, stored.uri) == stored
    (message,) = world.uploads.messages
    assert Upload.from_message(message) == Upload.of_kept(stored, world.clock.time)


@pytest.mark.parametrize(
    "uri",
    [
        "gs://archive/h/1.2/3.4/7.8.dcm",
        "gs://archive/h/containers/disc.zip#1",
        f"gs://quarantine/{VERSION}",
        "gs://archive/h/1.2/3.4/9.dcm",
    ],
)
def test_what_is_no_version_cannot_be_promoted(world: _World, uri: str) -> None:
    world.keep("h/disc.zip", "h/containers/disc.zip#1", "archive")
    world.keep_unlabelled("h/1.2/3.4/9.dcm", "archive")
    with pytest.raises(UnknownObjectError):
        promote(world.cloud, uri)
    assert world.announced() == []
