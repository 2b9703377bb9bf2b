"""How ingest expands a container: what is kept, staged, announced and told, and in which order."""

import json
import zipfile
from dataclasses import replace

import pytest

from functions.ingest.expansion import Pace
from functions.ingest.turns import Turns
from shared.adapters.memory import ManualClock, MemoryObjectStore, MemoryTopic
from shared.containers.limits import ContainerLimits
from shared.contracts.layout import CLAIMS, STAGING
from shared.contracts.message import Message
from shared.contracts.objects import ObjectVersion, StoredObject
from shared.contracts.outcome import Expansion, Outcome, OutcomeKind
from shared.contracts.provenance import Provenance
from shared.contracts.upload import Upload
from shared.errors import TransientError
from shared.ports import Done
from tests.archives import gzipped, tarred, zip_entry, zip_of, zipped
from tests.builders import a_directory, an_instance
from tests.events import event_of
from tests.ingest import an_ingest

PLANTED = "PLANTED^NAME"
IMAGE = an_instance(rows=4, columns=4)
OTHER = an_instance(rows=4, columns=4, instance=2)


class _World:
    """One ingest with everything it touches; what it announces is delivered by hand."""

    def __init__(self, pace: Pace | None = None, limits: ContainerLimits | None = None) -> None:
        self.clock = ManualClock()
        self.store = MemoryObjectStore(self.clock.now)
        self.outcome_topic, self.uploads = MemoryTopic(), MemoryTopic()
        self.ingest = an_ingest(
            self.store,
            self.clock,
            self.outcome_topic,
            self.uploads,
            pace=pace or Pace(),
            limits=limits or ContainerLimits(),
            expansions=Turns(2, patience_s=0),
        )

    def land(self, data: bytes, name: str = "h/disc.zip") -> Done:
        return self.deliver(Upload(version=self.store.put("inbox", name, data).version))

    def deliver(self, upload: Upload) -> Done:
        return self.ingest(Upload.from_message(upload.to_message()))

    def settle(self) -> None:
        """Deliver everything announced, until nothing is."""
        position = 0
        while position < len(self.uploads.messages):
            self.ingest(Upload.from_message(self.uploads.messages[position]))
            position += 1

    def outcomes(self) -> dict[str, Outcome]:
        found = [Outcome.from_message(message) for message in self.outcome_topic.messages]
        by_name = {outcome.source.version.name: outcome for outcome in found}
        assert len(by_name) == len(found)
        return by_name

    def kinds(self) -> dict[str, tuple[str, str | None]]:
        return {
            name: (outcome.kind.value, outcome.reason) for name, outcome in self.outcomes().items()
        }

    def names(self, bucket: str, prefix: str = "") -> list[str]:
        names = [stored.version.name for stored in self.store.list(bucket, prefix)]
        return [name for name in names if not name.startswith(CLAIMS)]


@pytest.fixture
def world() -> _World:
    return _World()


def test_a_container_is_kept_expanded_and_gone(world: _World) -> None:
    data = zipped({"a": IMAGE, "b": OTHER})
    world.land(data)
    outcome = world.outcomes()["h/disc.zip"]
    assert (outcome.kind, outcome.expansion) == (OutcomeKind.EXPANDED, Expansion(members=2))
    assert outcome.target is not None
    kept = outcome.target.version.name
    assert kept == f"h/containers/disc.zip#{outcome.source.version.generation}"
    assert world.store.data("archive", kept) == data
    assert world.names("inbox") == []
    assert len(world.names("quarantine", STAGING)) == 2


def test_the_order_of_effects_is_keep_announce_publish_delete(
    world: _World, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = world.store.put("inbox", "h/disc.zip", zipped({"a": IMAGE}))
    seen: list[tuple[list[str], int, list[str]]] = []
    publish = MemoryTopic.publish

    def watched(topic: MemoryTopic, message: Message) -> None:
        seen.append((world.names("archive"), len(world.uploads.messages), world.names("inbox")))
        publish(topic, message)

    monkeypatch.setattr(MemoryTopic, "publish", watched)
    world.deliver(Upload(version=stored.version))
    kept = [f"h/containers/disc.zip#{stored.version.generation}"]
    assert seen == [(kept, 0, ["h/disc.zip"]), (kept, 1, ["h/disc.zip"])]
    assert world.names("inbox") == []


def test_members_descend_from_their_container_and_bear_its_moment(world: _World) -> None:
    world.land(zipped({"a/b": IMAGE}))
    root = world.outcomes()["h/disc.zip"]
    (announced,) = (Upload.from_message(message) for message in world.uploads.messages)
    assert announced.root_event_id == root.root_event_id
    assert announced.event_id != root.root_event_id
    world.clock.time = world.clock.time.replace(year=2027)
    world.settle()
    member = world.outcomes()["h/disc.zip!/a/b"]
    assert (member.kind, member.facility) == (OutcomeKind.ARCHIVED, "h")
    assert member.root_event_id == root.root_event_id
    assert member.source.created == root.source.created
    assert (root.from_inbox, member.from_inbox) == (True, False)
    assert member.source.version.natural_key == f"{root.source.version.natural_key}!/a/b"
    assert world.names("quarantine") == []


def test_an_archived_member_is_what_a_lone_upload_would_be(world: _World) -> None:
    world.land(zipped({"a": IMAGE}))
    world.settle()
    member = world.outcomes()["h/disc.zip!/a"]
    lone = _World()
    lone.land(IMAGE, "h/a")
    alone = lone.outcomes()["h/a"]
    assert member.target is not None
    assert alone.target is not None
    assert member.target.version.name == alone.target.version.name
    assert world.store.data("archive", member.target.version.name) == IMAGE
    assert member.metadata == alone.metadata
    labels = world.store.labels("archive", member.target.version.name)
    assert Provenance.from_labels(labels).version == member.source.version


def test_every_member_has_its_own_end(world: _World) -> None:
    inner = zipped({"a": an_instance(rows=4, columns=4, instance=3)})
    world.land(
        zipped(
            [
                ("DICOMDIR", a_directory()),
                ("a", IMAGE),
                ("a", OTHER),
                ("b", IMAGE),
                ("c", IMAGE[:-10]),
                ("empty", b""),
                ("../x", IMAGE),
                ("inner.zip", inner),
                ("__MACOSX/._a", b"\x00\x05\x16\x07\x00\x02"),
                ("__MACOSX/a", an_instance(rows=4, columns=4, instance=4)),
                ("d/.DS_Store", b"\x00\x00\x00\x01Bud1"),
                ("photo.rar", b"Rar!\x1a\x07\x00"),
            ]
        )
    )
    world.settle()
    here = "h/disc.zip!/"
    assert world.kinds() == {
        "h/disc.zip": ("expanded", None),
        f"{here}DICOMDIR": ("ignored", "dicomdir"),
        f"{here}a": ("archived", None),
        f"{here}a!2": ("archived", None),
        f"{here}b": ("duplicate", None),
        f"{here}c": ("quarantined", "truncated"),
        f"{here}empty": ("quarantined", "empty-object"),
        f"{here}!6": ("quarantined", "member-path-unsafe"),
        f"{here}inner.zip": ("expanded", None),
        f"{here}inner.zip!/a": ("archived", None),
        f"{here}__MACOSX/._a": ("ignored", "resource-fork"),
        f"{here}__MACOSX/a": ("archived", None),
        f"{here}d/.DS_Store": ("ignored", "resource-fork"),
        f"{here}photo.rar": ("quarantined", "container-not-supported"),
    }
    generation = world.outcomes()["h/disc.zip"].source.version.generation
    assert f"truncated/h/disc.zip#{generation}!/c" in world.names("quarantine")
    assert world.names("quarantine", STAGING) == []


def test_a_member_that_is_not_taken_leads_to_its_container(world: _World) -> None:
    world.land(zip_of(zip_entry(b"locked", b"x", flags=1)))
    told, container = (world.outcomes()[name] for name in ("h/disc.zip!/locked", "h/disc.zip"))
    assert (told.kind, told.reason) == (OutcomeKind.QUARANTINED, "member-encrypted")
    assert told.target == container.target
    assert (world.uploads.messages, world.names("quarantine")) == ([], [])


def test_a_member_that_turns_out_damaged_leaves_nothing_staged(world: _World) -> None:
    damaged = zip_entry(b"a", b"bytes", crc32=1)
    world.land(zip_of(damaged, zip_entry(b"b", b"", offset=len(damaged[0]))))
    world.settle()
    assert world.kinds() == {
        "h/disc.zip": ("expanded", None),
        "h/disc.zip!/a": ("quarantined", "member-damaged"),
        "h/disc.zip!/b": ("quarantined", "empty-object"),
    }


@pytest.mark.parametrize("data", [gzipped(IMAGE), gzipped(tarred({"image": IMAGE}))])
def test_a_gzip_file_of_an_image_is_a_container_of_one(world: _World, data: bytes) -> None:
    world.land(data, "h/image.gz")
    world.settle()
    assert world.kinds() == {
        "h/image.gz": ("expanded", None),
        "h/image.gz!/image": ("archived", None),
    }


def test_containers_in_containers_in_containers_are_refused(world: _World) -> None:
    world.land(zipped({"1": zipped({"2": zipped({"3": IMAGE})})}))
    world.settle()
    assert world.kinds()["h/disc.zip!/1!/2"] == ("quarantined", "containers-too-deep")


def test_a_container_beyond_a_limit_is_quarantined_whole() -> None:
    world = _World(limits=ContainerLimits(max_entries=1))
    data = zipped({"a": IMAGE, "b": OTHER})
    world.land(data)
    assert world.kinds() == {"h/disc.zip": ("quarantined", "too-many-members")}
    (kept,) = world.names("quarantine")
    assert world.store.data("quarantine", kept) == data
    assert world.names("archive") == []


def test_a_container_that_ends_early_says_so(world: _World) -> None:
    world.land(tarred({"a": IMAGE, "b": OTHER})[: len(IMAGE) + 2048], "h/disc.tar")
    outcome = world.outcomes()["h/disc.tar"]
    assert [finding.code for finding in outcome.findings] == ["container-cut-short"]


@pytest.mark.parametrize("pace", [Pace(members=2), Pace(bytes=2 * len(IMAGE))])
def test_an_expansion_takes_as_many_deliveries_as_it_needs(pace: Pace) -> None:
    world = _World(pace)
    files = {str(n): an_instance(rows=4, columns=4, instance=n) for n in range(5)}
    done = world.land(zipped(files, zipfile.ZIP_STORED))
    assert (done.message, done.fields) == ("container expanded in part", {"members": 2})
    assert world.names("inbox") == ["h/disc.zip"]
    assert Upload.from_message(world.uploads.messages[-1]).first_member == 2
    world.settle()
    assert [kind for kind, _ in world.kinds().values()].count("archived") == 5
    assert world.kinds()["h/disc.zip"] == ("expanded", None)
    assert world.names("inbox") == []


def test_an_expansion_that_goes_on_is_of_the_same_upload() -> None:
    world = _World(Pace(members=1))
    world.land(zipped({"inner.zip": zipped({"a": IMAGE, "b": OTHER})}))
    outer = Upload.from_message(world.uploads.messages[0])
    world.deliver(outer)
    inner = Upload.from_message(world.uploads.messages[-1])
    assert inner == replace(outer, first_member=1)
    assert inner.lineage is not None


def test_a_member_that_waits_is_announced_and_not_staged_again(world: _World) -> None:
    stored = world.store.put("inbox", "h/disc.zip", zipped({"a": IMAGE}))
    crashing = pytest.MonkeyPatch()
    with crashing.context() as patch:
        patch.setattr(world.store, "delete", _crash)
        with pytest.raises(TransientError):
            world.deliver(Upload(version=stored.version))
    (staged,) = world.store.list("quarantine", STAGING)
    world.deliver(Upload(version=stored.version))
    assert list(world.store.list("quarantine", STAGING)) == [staged]
    first, second = world.uploads.messages
    assert first == second


def test_expanding_again_what_was_decided_repeats_every_id(world: _World) -> None:
    stored = world.store.put("inbox", "h/disc.zip", zipped({"a": IMAGE, "b": b"no image"}))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(world.store, "delete", _crash)
        with pytest.raises(TransientError):
            world.deliver(Upload(version=stored.version))
    world.settle()
    world.deliver(Upload(version=stored.version))
    world.settle()
    found = [Outcome.from_message(message) for message in world.outcome_topic.messages]
    assert len(found) > 3
    assert len({outcome.event_id for outcome in found}) == 3
    assert len({event_of(outcome).event_id for outcome in found}) == 3
    assert (len(world.names("archive")), len(world.names("quarantine"))) == (2, 1)


def test_labels_of_a_facility_mean_nothing(world: _World) -> None:
    other = ObjectVersion(bucket="inbox", name="other/disc.zip", generation=1)
    forged = Provenance(root=other, landed=world.clock.time, sent_bytes=1, path="a").to_labels()
    stored = world.store.write("inbox", "h/staging/a", [IMAGE], forged)
    assert stored is not None
    world.deliver(Upload(version=stored.version))
    (outcome,) = world.outcomes().values()
    assert (outcome.source.version, outcome.facility) == (stored.version, "h")


def test_no_path_of_a_member_reaches_a_log_or_an_event(world: _World) -> None:
    world.land(zipped({f"{PLANTED}/a": IMAGE, f"../{PLANTED}": b"", PLANTED: b"x"}), f"h/{PLANTED}")
    dones = [world.ingest(Upload.from_message(message)) for message in list(world.uploads.messages)]
    assert len(dones) == 2
    outcomes = world.outcomes().values()
    told = [dict(done.fields) for done in dones]
    told += [event_of(outcome).to_structured() for outcome in outcomes]
    told += [dict(message.attributes) for message in world.outcome_topic.messages]
    assert PLANTED not in json.dumps(told, default=str)
    assert not any(PLANTED in name for name in world.names("quarantine", STAGING))


def test_members_share_what_was_sent_of_their_container(world: _World) -> None:
    data = zipped({"a": IMAGE, "b": OTHER})
    world.land(data)
    assert world.outcomes()["h/disc.zip"].header_bytes > 0
    staged = world.store.list("quarantine", STAGING)
    shares = [Provenance.from_labels(member.labels).sent_bytes for member in staged]
    assert len(data) - len(shares) < sum(shares) <= len(data)


def test_a_container_in_a_container_is_judged_by_its_share_of_what_was_sent(world: _World) -> None:
    many = zipped({f"{number}": b"" for number in range(300)})
    world.land(many, "h/alone.zip")
    world.land(zipped({"inner.zip": many}), "h/nested.zip")
    world.deliver(Upload.from_message(world.uploads.messages[-1]))
    kinds = world.kinds()
    assert kinds["h/alone.zip"] == ("expanded", None)
    assert kinds["h/nested.zip!/inner.zip"] == ("quarantined", "too-many-members")


def test_beyond_so_many_at_once_an_expansion_is_tried_again(world: _World) -> None:
    stored = world.store.put("inbox", "h/disc.zip", zipped({"a": IMAGE}))
    with (
        world.ingest.expansions.taken(),
        world.ingest.expansions.taken(),
        pytest.raises(TransientError, match="busy"),
    ):
        world.deliver(Upload(version=stored.version))
    world.deliver(Upload(version=stored.version))
    assert world.kinds()["h/disc.zip"] == ("expanded", None)


def _crash(*_: object) -> StoredObject:
    raise TransientError("storage-unavailable")
