"""What says how much is to come: manifests, labels, and what becomes of those that are wrong."""

import json
from dataclasses import replace
from typing import Any

import pytest

from functions.index import rows
from infra.operate.kept import Selection, release
from shared.adapters.memory import ManualClock, MemoryObjectStore, MemoryTables, MemoryTopic
from shared.contracts.expected import EXPECTED_LABEL, UNUSABLE_LABEL
from shared.contracts.facilities import Facilities
from shared.contracts.manifest import DEFAULT_MANIFEST_LIMITS, MANIFEST_PROBLEM
from shared.contracts.message import to_json
from shared.contracts.outcome import ExpectedStudy, Finding, Outcome, OutcomeKind, Reference
from shared.contracts.upload import Upload
from shared.dicom.source import FIRST_WINDOW_BYTES
from shared.dicom.warnings import MOST_WARNINGS
from tests.archives import gzipped, zipped
from tests.builders import an_instance, with_preamble
from tests.ingest import an_ingest
from tests.operating import a_cloud

MANIFEST = to_json(
    {
        "version": 1,
        "studies": [
            {"study_instance_uid": "1.2", "instances": 120},
            {"study_instance_uid": "1.3", "sop_instance_uids": ["1.3.1", "1.3.2"]},
            {"study_instance_uid": "1.4"},
        ],
    }
)
EXPECTED = (
    ExpectedStudy(study_instance_uid="1.2", instances=120),
    ExpectedStudy(study_instance_uid="1.3", instances=2),
    ExpectedStudy(study_instance_uid="1.4", instances=None),
)
NAMED = (
    Reference(sop_instance_uid="1.3.1", file_id="", study_instance_uid="1.3"),
    Reference(sop_instance_uid="1.3.2", file_id="", study_instance_uid="1.3"),
)
NAME = "h/2026/_complete.json"


class _World:
    """One ingest that is delivered whatever it announces, in a store that counts what is read."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.store = MemoryObjectStore(self.clock.now)
        self.outcomes, self.uploads = MemoryTopic(), MemoryTopic()
        self.reads: list[tuple[int, int]] = []
        objects: Any = _Counting(self.store, self.reads)
        self.ingest = an_ingest(objects, self.clock, self.outcomes, self.uploads)

    def land(self, name: str, data: bytes, label: str | None = None) -> list[Outcome]:
        labels = {} if label is None else {EXPECTED_LABEL: label}
        stored = self.store.write("inbox", name, [data], labels)
        assert stored is not None
        self.ingest(Upload(version=stored.version))
        return self.deliver()

    def deliver(self) -> list[Outcome]:
        while self.uploads.messages:
            self.ingest(Upload.from_message(self.uploads.messages.pop(0)))
        return [Outcome.from_message(message) for message in self.outcomes.messages]

    def names(self, bucket: str) -> list[str]:
        return [stored.version.name for stored in self.store.list(bucket)]


class _Counting:
    def __init__(self, store: MemoryObjectStore, reads: list[tuple[int, int]]) -> None:
        self._store = store
        self._reads = reads

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def read(self, version: Any, offset: int, length: int) -> bytes:
        self._reads.append((offset, length))
        return self._store.read(version, offset, length)


@pytest.fixture
def world() -> _World:
    return _World()


def test_a_manifest_is_ignored_kept_and_told(world: _World) -> None:
    (outcome,) = world.land(NAME, MANIFEST)
    assert (outcome.kind, outcome.reason) == (OutcomeKind.IGNORED, "manifest")
    assert outcome.target is not None
    (kept,) = world.names("quarantine")
    assert kept.startswith("manifest/h/2026/_complete.json#")
    assert outcome.target.version.name == kept
    assert world.store.data("quarantine", kept) == MANIFEST
    assert world.names("inbox") == []
    assert (outcome.expected, outcome.references) == (EXPECTED, NAMED)
    assert outcome.findings == ()


def test_what_it_says_reaches_the_account(world: _World) -> None:
    (outcome,) = world.land(NAME, MANIFEST)
    row = rows.upload(outcome)
    assert row["Expected"] == [
        {"StudyInstanceUID": "1.2", "Instances": 120},
        {"StudyInstanceUID": "1.3", "Instances": 2},
        {"StudyInstanceUID": "1.4", "Instances": None},
    ]
    assert row["References"] == [
        {"SOPInstanceUID": "1.3.1", "FileID": "", "StudyInstanceUID": "1.3"},
        {"SOPInstanceUID": "1.3.2", "FileID": "", "StudyInstanceUID": "1.3"},
    ]


def test_a_manifest_of_a_folder_names_no_study(world: _World) -> None:
    (outcome,) = world.land(NAME, b"{}")
    assert (outcome.reason, outcome.expected, outcome.references) == ("manifest", (), ())


@pytest.mark.parametrize("size", [len(MANIFEST), FIRST_WINDOW_BYTES])
def test_it_takes_one_request(world: _World, size: int) -> None:
    world.land(NAME, MANIFEST.ljust(size))
    assert world.reads == [(0, size)]


def test_a_large_one_takes_a_second_request_for_the_rest(world: _World) -> None:
    (outcome,) = world.land(NAME, MANIFEST.ljust(DEFAULT_MANIFEST_LIMITS.max_bytes))
    assert outcome.expected == EXPECTED
    rest = DEFAULT_MANIFEST_LIMITS.max_bytes - FIRST_WINDOW_BYTES
    assert world.reads == [(0, FIRST_WINDOW_BYTES), (FIRST_WINDOW_BYTES, rest)]


def test_one_that_is_too_large_is_not_read(world: _World) -> None:
    (outcome,) = world.land(NAME, MANIFEST.ljust(DEFAULT_MANIFEST_LIMITS.max_bytes + 1))
    assert (outcome.kind, outcome.reason) == (OutcomeKind.QUARANTINED, "manifest-too-large")
    assert world.reads == [(0, FIRST_WINDOW_BYTES)]


def test_a_member_is_a_manifest_too(world: _World) -> None:
    disc = zipped({"_complete.json": MANIFEST, "a": an_instance()})
    (manifest,) = (each for each in world.land("h/disc.zip", disc) if each.reason == "manifest")
    assert (manifest.kind, manifest.expected) == (OutcomeKind.IGNORED, EXPECTED)
    assert manifest.source.version.name == "h/disc.zip!/_complete.json"


def test_content_that_is_something_else_goes_its_own_way(world: _World) -> None:
    (archived,) = world.land("h/a/_complete.json", an_instance())
    assert archived.kind is OutcomeKind.ARCHIVED
    disc = world.land("h/b/_complete.json", zipped({"a": an_instance(instance=2)}))[1:]
    assert {each.kind for each in disc} == {OutcomeKind.ARCHIVED, OutcomeKind.EXPANDED}
    other = world.land("h/c/_complete.json", b"7z\xbc\xaf\x27\x1c" + bytes(100))[-1]
    assert other.reason == "container-not-supported"
    program = world.land("h/d/_complete.json", with_preamble(an_instance(), b"#!/bin/sh"))[-1]
    assert program.reason == "polyglot-preamble"


def test_a_compressed_manifest_is_a_member_of_its_file(world: _World) -> None:
    outcomes = world.land("h/_complete.json.gz", gzipped(MANIFEST))
    assert {each.expected for each in outcomes if each.reason == "manifest"} == {EXPECTED}


def test_a_facility_that_is_not_registered_sends_no_manifest(world: _World) -> None:
    (outcome,) = world.land("nobody/_complete.json", MANIFEST)
    assert (outcome.reason, outcome.expected) == ("unknown-facility", ())
    assert world.reads == []


@pytest.mark.parametrize(
    ("data", "reason", "paths"),
    [
        (b"", "invalid-manifest", [""]),
        (b"all of it", "invalid-manifest", [""]),
        (b"[]", "invalid-manifest", [""]),
        (b'{"studies":["x"]}', "invalid-manifest",
         ["studies[0]", "studies[0].study_instance_uid"]),
        (b'{"studies":[{"study_instance_uid":"1.2","instances":0}]}', "invalid-manifest",
         ["studies[0].instances"]),
        (b'{"version":2}', "unknown-manifest-version", ["version"]),
    ],
)  # fmt: skip
def test_one_that_is_wrong_is_refused_and_its_fields_are_named(
    world: _World, data: bytes, reason: str, paths: list[str]
) -> None:
    (outcome,) = world.land(NAME, data)
    assert (outcome.kind, outcome.reason) == (OutcomeKind.QUARANTINED, reason)
    assert outcome.findings == tuple(Finding(code=MANIFEST_PROBLEM, path=path) for path in paths)
    (kept,) = world.names("quarantine")
    assert kept.startswith(f"{reason}/h/2026/_complete.json#")


def test_of_many_wrong_fields_the_first_are_named(world: _World) -> None:
    studies = [{"study_instance_uid": f"1.{n}", "instances": 0} for n in range(MOST_WARNINGS + 1)]
    (outcome,) = world.land(NAME, json.dumps({"studies": studies}).encode())
    assert len(outcome.findings) == MOST_WARNINGS
    assert outcome.findings[-1].path == f"studies[{MOST_WARNINGS - 1}].instances"


def test_one_that_was_refused_may_be_released() -> None:
    world = _World()
    world.ingest = replace(world.ingest, facilities=Facilities({}))
    (refused,) = world.land(NAME, MANIFEST)
    assert refused.reason == "unknown-facility"
    world.ingest = replace(world.ingest, facilities=Facilities.from_data({"h": {}}))
    cloud = a_cloud(world.store, world.clock, MemoryTables(), {"uploads": world.uploads})
    release(cloud, Selection(reason="unknown-facility"))
    released = world.deliver()[-1]
    assert (released.reason, released.expected) == ("manifest", EXPECTED)
    assert released.source == refused.source
    assert [name.partition("/")[0] for name in world.names("quarantine")] == ["manifest"]


def test_one_that_is_still_wrong_stays_where_it_is_when_released() -> None:
    world = _World()
    (refused,) = world.land(NAME, b"{")
    cloud = a_cloud(world.store, world.clock, MemoryTables(), {"uploads": world.uploads})
    release(cloud, Selection(reason="invalid-manifest"))
    again = world.deliver()[-1]
    assert (again.event_id, again.target) == (refused.event_id, refused.target)
    assert len(world.names("quarantine")) == 1


def test_a_label_says_how_many_instances_a_study_has(world: _World) -> None:
    (outcome,) = world.land("h/a", an_instance(), label="120")
    assert (outcome.kind, outcome.expected_instances) == (OutcomeKind.ARCHIVED, 120)
    assert UNUSABLE_LABEL not in {finding.code for finding in outcome.findings}
    assert rows.upload(outcome)["ExpectedInstances"] == 120


def test_without_a_label_nothing_is_said(world: _World) -> None:
    (outcome,) = world.land("h/a", an_instance())
    assert outcome.expected_instances is None
    assert UNUSABLE_LABEL not in {finding.code for finding in outcome.findings}


@pytest.mark.parametrize("label", ["", "0", "many", "1e3"])
def test_a_label_that_is_no_number_is_ignored_with_a_warning(world: _World, label: str) -> None:
    (outcome,) = world.land("h/a", an_instance(), label=label)
    assert (outcome.kind, outcome.expected_instances) == (OutcomeKind.ARCHIVED, None)
    assert Finding(code=UNUSABLE_LABEL, path="") in outcome.findings


def test_a_containers_label_is_said_of_its_members(world: _World) -> None:
    disc = zipped({"a": an_instance(), "/unsafe/../b": b"", "inner.zip": zipped({"c": b"notes"})})
    outcomes = world.land("h/disc.zip", disc, label="120")
    assert len(outcomes) == 5
    assert {outcome.expected_instances for outcome in outcomes} == {120}


def test_a_containers_unusable_label_is_warned_of_once(world: _World) -> None:
    outcomes = world.land("h/disc.zip", zipped({"a": an_instance()}), label="many")
    warned = [each.kind for each in outcomes if UNUSABLE_LABEL in {f.code for f in each.findings}]
    assert warned == [OutcomeKind.EXPANDED]


def test_what_is_decided_again_says_what_it_said(world: _World) -> None:
    (first,) = world.land("h/a", an_instance(), label="120")
    assert first.target is not None
    kept = world.store.stat(first.target.version)
    assert kept is not None
    world.ingest(Upload.of_kept(kept))
    again = world.deliver()[-1]
    assert (again.event_id, again.expected_instances) == (first.event_id, 120)
