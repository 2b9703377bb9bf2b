"""What is kept can be announced again: released, promoted, or just decided once more."""

from dataclasses import replace
from datetime import datetime, timedelta
from io import BytesIO

import pydicom
import pytest

from shared.adapters.memory import ManualClock, MemoryObjectStore, MemoryTopic
from shared.contracts import layout
from shared.contracts.facilities import Facilities
from shared.contracts.objects import StoredObject
from shared.contracts.outcome import Outcome, OutcomeKind
from shared.contracts.upload import Upload
from shared.errors import ContractError, PermanentError, TransientError
from tests.archives import zipped
from tests.builders import an_instance
from tests.ingest import FACILITIES, an_ingest

IMAGE, CHANGED = an_instance(), an_instance(StudyDescription="CHANGED")
MORE = Facilities.from_data({facility.name: {} for facility in FACILITIES} | {"late": {}})


class _World:
    def __init__(self) -> None:
        self.clock = ManualClock()
        self.store = MemoryObjectStore(self.clock.now)
        self.topic = MemoryTopic()
        self.uploads = MemoryTopic()
        self.know(FACILITIES)

    def know(self, facilities: Facilities) -> None:
        self.ingest = an_ingest(
            self.store, self.clock, self.topic, self.uploads, facilities=facilities
        )

    def land(self, name: str, data: bytes) -> Outcome:
        return self.deliver(Upload(version=self.store.put("inbox", name, data).version))

    def deliver(self, upload: Upload) -> Outcome:
        """As the topic does: through the message."""
        self.clock.time += timedelta(minutes=1)
        self.ingest(Upload.from_message(upload.to_message()))
        return Outcome.from_message(self.topic.messages[-1])

    def kept(self, target: StoredObject | None) -> StoredObject:
        assert target is not None
        found = self.store.find(target.version.bucket, target.version.name)
        assert found is not None
        return found

    def again(self, target: StoredObject | None) -> Outcome:
        return self.deliver(Upload.of_kept(self.kept(target)))

    def promote(self, target: StoredObject | None) -> Outcome:
        return self.deliver(Upload.of_kept(self.kept(target), promoted_at=self.clock.now()))

    def names(self, bucket: str) -> list[str]:
        return [stored.version.name for stored in self.store.list(bucket)]


@pytest.fixture
def world() -> _World:
    return _World()


def test_what_is_released_is_decided_as_what_was_sent(world: _World) -> None:
    refused = world.land("late/PLANTED", IMAGE)
    assert (refused.kind, refused.reason) == (OutcomeKind.QUARANTINED, "unknown-facility")
    (kept,) = world.names("quarantine")
    assert kept.startswith("unknown-facility/unknown/late/PLANTED#")
    world.know(MORE)
    released = world.again(refused.target)
    assert (released.kind, released.facility) == (OutcomeKind.ARCHIVED, "late")
    assert released.source == refused.source
    assert released.upload_event_id == refused.upload_event_id
    assert released.root_event_id == refused.root_event_id
    assert released.event_id != refused.event_id
    assert released.decided_at > refused.decided_at
    assert (refused.from_inbox, released.from_inbox) == (True, False)
    assert world.names("quarantine") == []
    assert released.target is not None
    assert world.store.data("archive", released.target.version.name) == IMAGE


def test_what_is_refused_for_the_same_reason_again_stays(world: _World) -> None:
    refused = world.land("h/cut", IMAGE[:-99])
    again = world.again(refused.target)
    assert (again.event_id, again.target) == (refused.event_id, refused.target)
    assert len(world.names("quarantine")) == 1


def test_what_is_refused_for_another_reason_moves(world: _World) -> None:
    refused = world.land("late/cut", IMAGE[:-99])
    world.know(MORE)
    again = world.again(refused.target)
    assert (again.kind, again.reason) == (OutcomeKind.QUARANTINED, "truncated")
    (name,) = world.names("quarantine")
    assert name.startswith("truncated/late/cut#")


def test_what_is_archived_stays_even_when_it_would_be_refused_by_now(world: _World) -> None:
    archived = world.land("h/a", IMAGE)
    before = world.names("archive")
    world.know(Facilities.from_data({"c": {}}))
    assert world.again(archived.target).kind is OutcomeKind.QUARANTINED
    assert world.names("archive") == before


def test_a_released_version_is_primary_from_when_it_landed(world: _World) -> None:
    late = Facilities.from_data({"late": {"conflicts": "last"}})
    first, second = world.land("late/a", IMAGE), world.land("late/b", CHANGED)
    world.know(late)
    assert world.again(first.target).kind is OutcomeKind.ARCHIVED
    released = world.again(second.target)
    assert (released.kind, released.primary_at) == (OutcomeKind.CONFLICT, second.source.created)


def test_a_released_member_is_still_a_member(world: _World) -> None:
    world.land("late/disc.zip", zipped({"a": IMAGE}))
    (kept,) = world.store.list("quarantine")
    world.know(MORE)
    world.deliver(Upload.of_kept(kept))
    while world.uploads.messages:
        world.ingest(Upload.from_message(world.uploads.messages.pop()))
    outcomes = {Outcome.from_message(message).kind for message in world.topic.messages}
    assert outcomes == {OutcomeKind.QUARANTINED, OutcomeKind.EXPANDED, OutcomeKind.ARCHIVED}
    assert world.names("quarantine") == []
    member = next(
        outcome
        for outcome in map(Outcome.from_message, world.topic.messages)
        if outcome.kind is OutcomeKind.ARCHIVED
    )
    assert member.source.version.natural_key.endswith("!/a")


def _anew(outcome: Outcome, at: datetime) -> Outcome:
    return replace(outcome, decided_at=at, from_inbox=False)


@pytest.mark.parametrize("number", [0, 1, 2])
def test_what_is_archived_says_the_same_again_and_stays(world: _World, number: int) -> None:
    outcomes = [
        world.land("h/a", IMAGE),
        world.land("h/b", CHANGED),
        world.land("h/disc.zip", zipped({})),
    ]
    before = world.names("archive")
    again = world.again(outcomes[number].target)
    assert again == _anew(outcomes[number], again.decided_at)
    assert world.names("archive") == before


def test_a_duplicate_that_was_kept_stays_one(world: _World) -> None:
    world.know(Facilities.from_data({"h": {"duplicates": "keep"}}))
    world.land("h/a", IMAGE)
    duplicate = world.land("h/b", IMAGE)
    before = world.names("archive")
    again = world.again(duplicate.target)
    assert again == _anew(duplicate, again.decided_at)
    assert world.names("archive") == before


def test_another_version_is_promoted_and_back(world: _World) -> None:
    first, second = world.land("h/a", IMAGE), world.land("h/b", CHANGED)
    before = world.names("archive")
    promoted = [world.promote(each.target) for each in (second, first, second)]
    assert {outcome.kind for outcome in promoted} == {OutcomeKind.PROMOTED}
    times = [outcome.primary_at for outcome in promoted]
    assert times == sorted(times, key=str)
    assert len({outcome.event_id for outcome in promoted}) == 3
    assert [outcome.target for outcome in promoted] == [second.target, first.target, second.target]
    assert promoted[0].metadata == second.metadata
    assert promoted[0].upload_event_id == second.upload_event_id
    assert world.names("archive") == before


def test_a_promotion_delivered_twice_is_one(world: _World) -> None:
    world.land("h/a", IMAGE)
    target = world.land("h/b", CHANGED).target
    upload = Upload.of_kept(world.kept(target), promoted_at=world.clock.now())
    first, second = world.deliver(upload), world.deliver(upload)
    assert second == replace(first, decided_at=second.decided_at)


def test_only_archived_versions_are_promoted(world: _World) -> None:
    world.know(Facilities.from_data({"h": {"duplicates": "keep"}}))
    world.land("h/a", IMAGE)
    others = [
        world.land(f"h/{pydicom.dcmread(BytesIO(IMAGE)).SOPInstanceUID}.dcm", IMAGE).target,
        world.land("h/c", b"no image").target,
        world.land("h/disc.zip", zipped({})).target,
    ]
    for target in others:
        with pytest.raises(PermanentError, match="not-an-archived-version"):
            world.promote(target)


def test_nothing_in_the_inbox_is_promoted_whatever_it_is_called(world: _World) -> None:
    archived = world.land("h/a", IMAGE).target
    assert archived is not None
    landed = world.store.put("inbox", archived.version.name, IMAGE)
    with pytest.raises(PermanentError, match="not-an-archived-version"):
        world.deliver(Upload(version=landed.version, promoted_at=world.clock.now()))
    assert world.names("inbox") == [archived.version.name]


def test_what_does_not_say_what_it_was_sent_as_is_not_decided(world: _World) -> None:
    stray = world.store.put("quarantine", "truncated/h/x#1", IMAGE)
    with pytest.raises(ContractError):
        world.ingest(Upload(version=stray.version))
    assert world.names("quarantine") == ["truncated/h/x#1"]


def test_a_name_that_something_else_has_is_not_taken_for_the_copy(world: _World) -> None:
    upload = world.store.put("inbox", "h/notes", b"no image")
    name = layout.quarantine_name("not-dicom", "h", upload.version)
    world.store.put("quarantine", name, b"something else")
    with pytest.raises(TransientError, match="name-taken"):
        world.ingest(Upload(version=upload.version))
    assert world.names("inbox") == ["h/notes"]
    assert world.topic.messages == []
