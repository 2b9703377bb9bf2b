import json
import logging
from dataclasses import replace
from datetime import timedelta

import pytest

from functions.ingest.turns import Turns
from shared.adapters import memory
from shared.adapters.memory import ManualClock, MemoryObjectStore, MemoryTopic
from shared.contracts import fitting
from shared.contracts.fitting import fit
from shared.contracts.layout import CLAIMS, UPLOAD_PART_GRACE
from shared.contracts.objects import StoredObject
from shared.contracts.outcome import DroppedTag, Outcome, OutcomeKind
from shared.contracts.provenance import Provenance
from shared.contracts.upload import Upload
from shared.dicom.inspection import inspect
from shared.dicom.source import BytesSource
from shared.errors import TransientError
from shared.ports import Done
from tests.builders import an_instance
from tests.ingest import an_ingest


class _World:
    """One ingest with everything it touches."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.store = MemoryObjectStore(self.clock.now)
        self.topic = MemoryTopic()
        self.uploads = MemoryTopic()
        self.ingest = an_ingest(self.store, self.clock, self.topic, self.uploads)

    def land(self, name: str, data: bytes) -> Outcome:
        self.deliver(self.store.put("inbox", name, data))
        return Outcome.from_message(self.topic.messages[-1])

    def deliver(self, stored: StoredObject) -> Done:
        return self.ingest(Upload(version=stored.version))

    def names(self, bucket: str) -> list[str]:
        names = [stored.version.name for stored in self.store.list(bucket)]
        return [name for name in names if not name.startswith(CLAIMS)]


def _crash(*_: object) -> None:
    raise TransientError("pubsub-unavailable")


@pytest.fixture
def world() -> _World:
    return _World()


def test_an_instance_is_archived_under_its_identity(world: _World) -> None:
    data = an_instance()
    outcome = world.land("h/any name at all", data)
    assert (outcome.kind, outcome.primary, outcome.facility) == (OutcomeKind.ARCHIVED, True, "h")
    assert outcome.identity is not None
    assert outcome.target is not None
    identity = outcome.identity
    assert outcome.target.version.name == (
        f"h/{identity.study_instance_uid}/{identity.series_instance_uid}"
        f"/{identity.sop_instance_uid}.dcm"
    )
    assert world.store.data("archive", outcome.target.version.name) == data
    assert world.names("inbox") == []
    assert outcome.metadata is not None
    assert "00100010" in outcome.metadata
    assert "7FE00010" not in outcome.metadata


def test_the_same_bytes_again_are_a_duplicate(world: _World) -> None:
    first = world.land("h/a", an_instance())
    again = world.land("h/b", an_instance())
    assert again.kind is OutcomeKind.DUPLICATE
    assert again.target == first.target
    assert world.names("inbox") == []


def test_the_same_identity_with_other_bytes_is_a_conflict_and_both_are_kept(
    world: _World,
) -> None:
    first, second = an_instance(), an_instance(StudyDescription="CHANGED")
    world.land("h/a", first)
    conflict = world.land("h/b", second)
    assert (conflict.kind, conflict.primary) == (OutcomeKind.CONFLICT, False)
    kept = {world.store.data("archive", name) for name in world.names("archive")}
    assert kept == {first, second}
    assert world.land("h/c", second).kind is OutcomeKind.DUPLICATE


def test_facilities_do_not_share_identities(world: _World) -> None:
    world.land("h/a", an_instance())
    assert world.land("c/a", an_instance()).kind is OutcomeKind.ARCHIVED


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("h/notes.dcm", b"not an image at all", "not-dicom"),
        ("h/empty", b"", "empty-object"),
        ("h/cut", an_instance()[:-100], "truncated"),
        ("h/7z", b"7z\xbc\xaf\x27\x1c" + bytes(100), "container-not-supported"),
        ("h/zip", b"PK\x03\x04" + bytes(100), "container-damaged"),
        ("nobody/a", an_instance(), "unknown-facility"),
        ("no-folder", an_instance(), "unknown-facility"),
    ],
)
def test_what_is_refused_is_kept_with_its_reason(
    world: _World, name: str, data: bytes, reason: str
) -> None:
    outcome = world.land(name, data)
    assert (outcome.kind, outcome.reason) == (OutcomeKind.QUARANTINED, reason)
    (kept,) = world.names("quarantine")
    assert kept.startswith(f"{reason}/")
    assert world.store.data("quarantine", kept) == data
    labels = world.store.labels("quarantine", kept)
    assert labels["inlet-reason"] == reason
    assert Provenance.from_labels(labels).version == outcome.source.version
    assert world.names("inbox") == []


def test_a_facility_that_nobody_knows_is_not_repeated(world: _World) -> None:
    outcome = world.land("PLANTED^NAME/a", b"x")
    assert outcome.facility == "unknown"
    assert "PLANTED" not in json.dumps(dict(outcome.to_message().attributes))


def test_a_folder_marker_is_ignored_and_gone(world: _World) -> None:
    outcome = world.land("h/folder/", b"")
    assert (outcome.kind, outcome.reason) == (OutcomeKind.IGNORED, "folder-marker")
    assert (world.names("inbox"), world.names("quarantine")) == ([], [])


def test_a_second_delivery_changes_nothing(world: _World) -> None:
    stored = world.store.put("inbox", "h/a", an_instance())
    world.deliver(stored)
    assert world.deliver(stored).message == "upload is gone: decided before, or overwritten"
    assert len(world.topic.messages) == 1


def test_a_redelivery_after_a_crash_finds_its_own_copy(
    world: _World, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = world.store.put("inbox", "h/a", an_instance())
    with monkeypatch.context() as crashing:
        crashing.setattr(MemoryTopic, "publish", _crash)
        with pytest.raises(TransientError):
            world.deliver(stored)
    assert (len(world.names("archive")), world.names("inbox")) == (1, ["h/a"])
    world.deliver(stored)
    (message,) = world.topic.messages
    assert Outcome.from_message(message).kind is OutcomeKind.ARCHIVED
    assert (len(world.names("archive")), world.names("inbox")) == (1, [])


def test_a_copy_that_differs_is_never_accepted(
    world: _World, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = world.store.put("inbox", "h/a", an_instance())
    copy = world.store.copy

    def corrupted(source: StoredObject, *args: object) -> StoredObject | None:
        copied = copy(source, *args)  # type: ignore[arg-type]
        assert copied is not None
        return StoredObject(
            version=copied.version,
            size=copied.size,
            crc32c="00000000",
            created=copied.created,
            labels=copied.labels,
        )

    monkeypatch.setattr(world.store, "copy", corrupted)
    with pytest.raises(TransientError):
        world.deliver(stored)
    assert world.names("inbox") == ["h/a"]
    assert world.topic.messages == []


def test_no_line_of_the_log_names_what_a_file_contains(world: _World) -> None:
    stored = world.store.put("inbox", "h/PLANTED^NAME.dcm", an_instance(PatientName="PLANTED^NAME"))
    assert "PLANTED" not in json.dumps(dict(world.deliver(stored).fields))


def test_metadata_beyond_the_limit_are_named_largest_first() -> None:
    metadata: dict[str, object] = {
        "00100020": {"vr": "LO", "Value": ["x"]},
        "00420011": {"vr": "UT", "Value": ["y" * 500]},
        "00081140": {"vr": "SQ", "Value": ["z" * 200]},
    }
    before = DroppedTag(path="7FE00010", vr="OW", length=9)
    kept, dropped, complete = fit(metadata, (before,), limit=300)
    assert not complete
    assert set(kept) == {"00100020", "00081140"}
    assert [tag.path for tag in dropped] == ["7FE00010", "00420011"]
    assert dropped[1].vr == "UT"
    assert dropped[1].length >= 500


def test_metadata_within_the_limit_stay_whole() -> None:
    metadata: dict[str, object] = {"00100020": {"vr": "LO", "Value": ["x"]}}
    assert fit(metadata, (), limit=300) == (metadata, (), True)


def test_all_metadata_of_a_version_are_beside_it_when_a_message_does_not_hold_them(
    world: _World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fitting, "MAX_METADATA_BYTES", 1000)
    data = an_instance(PatientComments="made up " * 100)
    outcome = world.land("h/large", data)
    assert outcome.target is not None
    assert outcome.metadata is not None
    name = f"{outcome.target.version.name}.metadata.json"
    assert outcome.metadata_uri == f"gs://archive/{name}"
    assert json.loads(world.store.data("archive", name)) == inspect(BytesSource(data)).metadata
    assert world.store.media_type("archive", name) == "application/dicom+json"
    assert "00104000" not in outcome.metadata
    assert "00104000" in {tag.path for tag in outcome.dropped}
    again = world.land("h/again", data)
    assert (again.kind, again.metadata_uri) == (OutcomeKind.DUPLICATE, None)
    assert world.names("archive") == [outcome.target.version.name, name]


def test_metadata_that_a_message_holds_stand_nowhere_else(world: _World) -> None:
    outcome = world.land("h/small", an_instance())
    assert outcome.metadata_uri is None
    assert outcome.target is not None
    assert world.names("archive") == [outcome.target.version.name]


def test_versions_that_share_a_checksum_are_all_kept(
    world: _World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "fingerprint", lambda chunks: (sum(map(len, chunks)), "00000000"))
    versions = [an_instance(StudyDescription=text) for text in ("ONE", "TWO", "FOUR", "THREE")]
    kinds = [world.land(f"h/{number}", data).kind for number, data in enumerate(versions)]
    assert kinds == [OutcomeKind.ARCHIVED] + [OutcomeKind.CONFLICT] * 3
    kept = {world.store.data("archive", name) for name in world.names("archive")}
    assert kept == set(versions)
    assert world.land("h/again", versions[1]).kind is OutcomeKind.DUPLICATE


def test_a_part_of_an_upload_stays_until_it_had_a_day_to_be_composed(world: _World) -> None:
    part = world.store.put("inbox", "h/gcloud/tmp/parallel_composite_uploads/see_help/x_0", b"part")
    world.deliver(part)
    assert world.names("inbox") == [part.version.name]
    world.clock.time += UPLOAD_PART_GRACE
    world.deliver(part)
    assert world.names("inbox") == []
    outcomes = [Outcome.from_message(message) for message in world.topic.messages]
    assert {(outcome.kind, outcome.reason) for outcome in outcomes} == {
        (OutcomeKind.IGNORED, "upload-part")
    }
    assert len({outcome.event_id for outcome in outcomes}) == 1


def test_a_copy_that_is_gone_at_once_is_made_again(
    world: _World, monkeypatch: pytest.MonkeyPatch
) -> None:
    landed = world.store.put("inbox", "h/notes", b"no image")
    with monkeypatch.context() as patch:
        patch.setattr(world.store, "copy", lambda *_: None)  # the name is taken, then free
        with pytest.raises(TransientError, match="archive-changed-meanwhile"):
            world.deliver(landed)
    assert world.names("inbox") == ["h/notes"]
    world.deliver(landed)
    assert world.names("inbox") == []


def test_the_log_says_what_was_decided_of_which_generation(world: _World) -> None:
    image, notes = (
        world.store.put("inbox", name, data)
        for name, data in {"h/a": an_instance(), "h/notes": b"no image"}.items()
    )
    archived, refused = world.deliver(image), world.deliver(notes)
    assert (archived.level, refused.level) == (logging.INFO, logging.ERROR)
    assert archived.fields["generation"] == image.version.generation
    assert refused.fields["reason"] == "not-dicom"


def test_the_log_says_how_long_after_it_landed_an_upload_was_decided(world: _World) -> None:
    landed = world.store.put("inbox", "h/a", an_instance())
    world.clock.time += timedelta(seconds=3)
    assert world.deliver(landed).fields["since_landed_ms"] == 3000


def test_beyond_so_many_at_once_a_header_is_read_another_time(world: _World) -> None:
    turns = Turns(1, patience_s=0)
    world.ingest = replace(world.ingest, headers=turns)
    landed = world.store.put("inbox", "h/a", an_instance())
    with turns.taken(), pytest.raises(TransientError, match="busy"):
        world.deliver(landed)
    world.deliver(landed)
    assert world.names("inbox") == []
