"""Somebody is erased, and nothing of anybody else: every byte and every row is searched."""

import json
import zipfile
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest

from functions.sweep.completion import Completion
from functions.sweep.report import Report as Swept
from infra.definition import load_pipeline
from infra.operate.erasure import Erasure, Report, RetainedError
from infra.table_schemas import TABLES
from shared.adapters.memory import MemoryLedger
from shared.adapters.memory_studies import MemoryStudies
from shared.adapters.retention import Retention
from shared.claims import Claims
from shared.contracts.catalogue import Progress
from shared.contracts.facilities import Facilities
from shared.contracts.subject import Kind, Subject
from tests.builders import a_uid, an_instance, element, item, part10, sequence
from tests.issuing import Issuing
from tests.operating import KEY, a_cloud, a_patient, an_erasure
from tests.simulation.world import Crash, World

ERASED, STAYING = "ERASED-7001", "STAYING-7002"
HOUR = timedelta(hours=1)


def _of(patient: int, patient_id: str, **attributes: Any) -> bytes:
    return an_instance(patient=patient, study=patient, PatientID=patient_id, **attributes)


def _zip(**members: bytes) -> bytes:
    made = BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return made.getvalue()


ONE, CHANGED = _of(1, ERASED), _of(1, ERASED, StudyDescription="CHANGED")
INNER = _of(1, ERASED, instance=3)
OTHER, OTHER_IN_ZIP = _of(2, STAYING), _of(2, STAYING, instance=3)
BROKEN = _of(1, ERASED, instance=4)[:-700]  # in the pixels
MAIMED = _of(1, ERASED, instance=5)[:600]  # in the header
THEIRS = {
    "demo-hospital/ERASED-7001/a": ONE,
    "demo-hospital/ERASED-7001/again": ONE,
    "demo-hospital/ERASED-7001/changed": CHANGED,
    "demo-hospital/ERASED-7001/broken": BROKEN,
    "demo-hospital/ERASED-7001.zip": _zip(a=INNER, notes=b"ERASED-7001 came today"),
}
OTHERS = {
    "demo-hospital/other": OTHER,
    "demo-hospital/other.zip": _zip(b=OTHER_IN_ZIP),
    "demo-hospital/notes": b"these are notes",
    "demo-clinic/a": _of(3, ERASED),  # another clinic's patient of that number
}


def _world(*drops: dict[str, bytes]) -> World:
    world = World()
    for drop in drops:
        for name, data in drop.items():
            world.land(name, data)
    world.run()
    world.clock.time += HOUR
    return world


def _erasure(world: World, subject: Subject | None = None, **options: Any) -> Erasure:
    retention = options.pop("retention", Retention())
    cloud = a_cloud(
        world.store, world.clock, world.tables, world.topics, retention=lambda _: retention
    )
    request = an_erasure(subject or a_patient(ERASED), **options)
    return Erasure(cloud=cloud, keys=[KEY], request=request)


def _found(world: World, *needles: str) -> list[str]:
    """Return where any of these stands: in bytes, names, labels or rows."""
    wanted = [needle.encode() for needle in needles]
    objects = {
        f"{bucket}/{stored.version.name}": world.store.data(bucket, stored.version.name)
        + f"{stored.version.name} {stored.labels}".encode()
        for bucket in load_pipeline().buckets
        for stored in world.store.list(bucket)
    }
    rows = {
        f"{table} {number} of {row.get('Facility')}": repr(row).encode()
        for table, rows in world.tables.rows.items()
        for number, row in enumerate(rows)
    }
    return sorted(
        place for place, data in (objects | rows).items() if any(each in data for each in wanted)
    )


def _uids(patient: int) -> list[str]:
    originals = [a_uid(patient, patient), a_uid(patient, patient, 1)]
    return [*originals, *map(KEY.uid, originals)]


def _kept(world: World) -> dict[str, object]:
    """Return objects and rows, without records of runs and erasures."""
    for table in ("imaging.erasures", "imaging.sweeps"):
        world.tables.rows.pop(table, None)
    state = world.state()
    return {"objects": state["objects"], "rows": state["rows"]}


def test_nothing_is_left_of_who_was_erased_and_all_of_the_others() -> None:
    world = _world(THEIRS, OTHERS)
    assert _found(world, ERASED)
    report = _erasure(world).carry_out(rows=True)
    assert report.found["archive"] == 3
    assert report.found["archive: kept whole"] == 1
    assert report.found["research"] == 2
    left = {place for place in _found(world, ERASED, *_uids(1)) if "demo-clinic" not in place}
    assert left == set()
    assert _kept(world) == _kept(_world(OTHERS))


def test_a_rehearsal_counts_the_same_and_removes_nothing() -> None:
    world = _world(THEIRS, OTHERS)
    before = world.state()
    rehearsed = _erasure(world).rehearse()
    assert world.state() == before
    assert _erasure(world).carry_out(rows=True).found == rehearsed.found
    assert _erasure(world).carry_out(rows=True).found == {}


def test_what_was_erased_does_not_come_back_and_is_not_missed() -> None:
    world = _world(THEIRS, OTHERS)
    _erasure(world).carry_out(rows=True)
    before = _kept(world)
    for _ in range(2):
        done = world.sweep()
        world.run()
        world.clock.time += HOUR
        counted = ("stuck", "open", "vanished", "row_missing", "object_missing", "unlabelled")
        assert {name: done.fields[name] for name in counted} == dict.fromkeys(counted, 0)
    assert _kept(world) == before


def test_what_is_sent_later_is_a_new_upload() -> None:
    world = _world(THEIRS, OTHERS)
    _erasure(world).carry_out(rows=True)
    world.land("demo-hospital/later", ONE)
    world.run()
    assert world.outcomes()["demo-hospital/later"] == {"archived"}


def test_it_is_written_down_first_without_who_it_was() -> None:
    world = _world(THEIRS, OTHERS)
    _erasure(world).carry_out(rows=True)
    begun, done = world.tables.rows["imaging.erasures"]
    assert (begun["State"], done["State"]) == ("begun", "done")
    assert begun["Places"] == done["Places"]
    assert ERASED not in f"{begun}{done}"
    assert not [uid for uid in _uids(1) if uid in f"{begun}{done}"]


def test_what_ends_before_its_rows_is_made_good_by_the_next() -> None:
    world = _world(THEIRS, OTHERS)
    waiting = _erasure(world).carry_out(rows=False).left["quarantined, until rows are gone"]
    assert waiting == 1
    assert [row["State"] for row in world.tables.rows["imaging.erasures"]] == ["begun"]
    _erasure(world).carry_out(rows=True)
    assert _kept(world) == _kept(_world(OTHERS))


def test_a_container_with_others_data_waits_for_a_word() -> None:
    mixed = {"demo-hospital/both.zip": _zip(a=ONE, b=OTHER)}
    world = _world(mixed)
    report = _erasure(world).carry_out(rows=True)
    assert report.left["containers with others' data"] == 1
    (upload,) = report.mixed
    assert upload in repr(world.tables.rows["imaging.uploads"])
    kept = [
        stored.version.name for stored in world.store.list("archive", "demo-hospital/containers")
    ]
    assert len(kept) == 1
    world = _world(mixed)
    _erasure(world, whole=True).carry_out(rows=True)
    assert list(world.store.list("archive", "demo-hospital/containers")) == []
    assert not _found(world, ERASED)
    assert _found(world, STAYING)
    (left,) = world.tables.rows["imaging.uploads"]  # the container's own row goes with it
    assert left["ObjectName"] == "demo-hospital/both.zip!/b"
    assert [row["UploadId"] for row in world.tables.rows["imaging.landed"]] == [left["UploadId"]]


def test_what_cannot_be_read_is_searched_or_counted() -> None:
    world = _world({"demo-hospital/maimed": MAIMED, "demo-hospital/a": ONE, **OTHERS})
    report = _erasure(world).carry_out(rows=True)
    assert report.found["quarantine: found by reading"] == 1
    assert report.left["quarantined, not readable"] == 1  # the notes
    assert [place for place in _found(world, ERASED) if "demo-clinic" not in place] == []


def _directory(*patients: str) -> bytes:
    """Return a DICOMDIR with a record for each patient (PS3.3 Annex F)."""
    records = [
        item(
            element(0x00041430, "CS", b"PATIENT ")
            + element(0x00100010, "PN", b"Made^Up ")
            + element(0x00100020, "LO", f"{patient} ".encode())
        )
        for patient in patients
    ]
    return part10(sequence(0x00041220, *records))


def test_a_directory_goes_unless_it_names_others() -> None:
    alone, both = _directory(ERASED), _directory(ERASED, STAYING)
    drop = {"demo-hospital/a": ONE, "demo-hospital/1": alone, "demo-hospital/2": both}
    world = _world(drop)
    report = _erasure(world).carry_out(rows=True)
    assert report.found["quarantine: found by reading"] == 1
    assert report.left["quarantined with others' data"] == 1
    _erasure(world, whole=True).carry_out(rows=True)
    assert not _found(world, ERASED)


def test_receipts_that_name_a_file_go_and_no_others() -> None:
    world = _world(THEIRS, OTHERS)
    for number, name in enumerate(["ERASED-7001/a", "other"]):
        stem = f"demo-hospital/2026-01-02/{number}"
        world.store.put(
            "receipts", f"{stem}.json", json.dumps({"files": [{"name": name}]}).encode()
        )
        world.store.put("receipts", f"{stem}.html", name.encode())
    assert _erasure(world).carry_out(rows=True).found["receipts"] == 2
    left = [stored.version.name for stored in world.store.list("receipts")]
    assert left == [f"demo-hospital/2026-01-02/1.{form}" for form in ("html", "json")]


def test_rows_of_sweeps_that_name_a_file_go() -> None:
    world = _world(OTHERS)
    world.sweep()
    world.land("demo-hospital/ERASED-7001/late", ONE, notified=False)
    world.clock.time += HOUR
    world.sweep()
    world.run()
    assert _found(world, ERASED)
    _erasure(world).carry_out(rows=True)
    assert [place for place in _found(world, ERASED) if "demo-clinic" not in place] == []
    assert world.tables.rows["imaging.sweeps"]


def test_one_study_goes_and_the_patients_others_stay() -> None:
    second = an_instance(patient=1, study=9, PatientID=ERASED)
    world = _world({"demo-hospital/a": ONE, "demo-hospital/b": second})
    study = Subject(kind=Kind.STUDY, facility="demo-hospital", value=a_uid(1, 1))
    _erasure(world, study).carry_out(rows=True)
    expected = _world({"demo-hospital/b": second})
    assert _kept(world) == _kept(expected)


def test_an_issuer_that_is_another_is_another_patient() -> None:
    foreign = _of(4, ERASED, IssuerOfPatientID="ELSEWHERE")
    world = _world({"demo-hospital/a": ONE, "demo-hospital/b": foreign})
    _erasure(world).carry_out(rows=True)
    assert _kept(world) == _kept(_world({"demo-hospital/b": foreign}))
    by_name = replace(a_patient(ERASED), issuer="ELSEWHERE", by_default=False)
    _erasure(world, by_name).carry_out(rows=True)
    assert not _found(world, ERASED)


@pytest.mark.parametrize(
    "order", [["demo-hospital", "demo-clinic"], ["demo-clinic", "demo-hospital"]]
)
def test_another_facility_keeps_its_copy_of_the_same_object(order: list[str]) -> None:
    world = World()
    for facility in order:
        world.land(f"{facility}/a", ONE)
        world.run()
    (expected,) = _world({"demo-clinic/a": ONE}).store.list("research")
    report = _erasure(world).carry_out(rows=True)
    assert report.left["copies shared with another facility"] == 1
    (copy,) = world.store.list("research")
    assert copy.crc32c == expected.crc32c
    assert {row["ObjectUri"] for row in world.tables.rows["research.instances"]} == {copy.uri}
    assert {row["Facility"] for row in world.tables.rows["imaging.instances"]} == {"demo-clinic"}


def test_a_container_is_known_by_its_generation() -> None:
    world = _world({"demo-hospital/x.zip": _zip(a=ONE)})
    world.land("demo-hospital/x.zip", _zip(a=INNER, b=OTHER))
    world.run()
    report = _erasure(world).carry_out(rows=True)
    assert report.found["archive: kept whole"] == 1
    assert report.left["containers with others' data"] == 1


def test_what_took_the_place_of_a_version_stays() -> None:
    world = _world({"demo-hospital/a": ONE})
    (version,) = world.store.list("archive", "demo-hospital/")
    world.store.delete(version.version)
    world.store.put("archive", version.version.name, OTHER)
    _erasure(world).carry_out(rows=True)
    assert world.store.data("archive", version.version.name) == OTHER


def test_the_claim_of_a_version_that_stays_goes_on() -> None:
    same = a_uid(1, 1, 1, 1)
    first = an_instance(patient=2, study=2, PatientID=STAYING, SOPInstanceUID=same)
    second = _of(1, ERASED, SOPInstanceUID=same)
    world = _world({"demo-hospital/first": first})
    before = [claim.version for claim in world.store.list("archive", "claims/")]
    world.land("demo-hospital/second", second)
    world.run()
    assert _erasure(world).carry_out(rows=True).found["archive"] == 1
    assert [claim.version for claim in world.store.list("archive", "claims/")] == before


def test_a_retention_period_is_told_before_anything_is_removed() -> None:
    world = _world(THEIRS, OTHERS)
    before = world.state()
    with pytest.raises(RetainedError, match="keeps 4 objects until"):
        _erasure(world, retention=Retention(retained=timedelta(days=9))).carry_out(rows=True)
    assert world.state() == before


def _left(report: Report) -> dict[str, int]:
    return dict(report.left)


def test_a_person_hears_what_was_not_looked_at() -> None:
    world = _world(THEIRS, OTHERS)
    world.land("demo-hospital/waiting", ONE, notified=False)
    report = _erasure(world).rehearse()
    assert _left(report) == {"in the inbox, not decided": 1, "quarantined, not readable": 1}
    other_key = replace(KEY, secret=b"another made-up secret of some length")
    erasure = replace(_erasure(world), keys=[other_key])
    assert erasure.rehearse().left["keys of copies that were not given"] == 1


ABOUT_NOBODY = {
    "imaging.reidentifications": "pseudonyms, which only the key leads back from",
    "imaging.erasures": "the record itself",
}


def _manifest(*studies: str) -> bytes:
    listed = [
        {"study_instance_uid": uid, "instances": 1, "sop_instance_uids": [f"{uid}.1.1"]}
        for uid in studies
    ]
    return json.dumps({"version": 1, "studies": listed}).encode()


@pytest.mark.parametrize("by_study", [False, True])
def test_a_manifest_goes_unless_it_lists_others(*, by_study: bool) -> None:
    hers, his = a_uid(1, 1), a_uid(2, 2)
    kept = {"demo-hospital/2/_complete.json": _manifest(his), "demo-hospital/other": OTHER}
    both = {"demo-hospital/3/_complete.json": _manifest(his, hers)}
    alone = {"demo-hospital/a": ONE, "demo-hospital/1/_complete.json": _manifest(hers)}
    world = _world(alone, both, kept)
    assert world.outcomes()["demo-hospital/1/_complete.json"] == {"ignored"}
    subject = Subject(kind=Kind.STUDY, facility="demo-hospital", value=hers) if by_study else None
    report = _erasure(world, subject).carry_out(rows=True)
    assert report.found["quarantine"] == 1
    assert report.left == {"manifests and directories that list others' studies": 1}
    assert _kept(world) == _kept(_world(both, kept))
    if by_study:  # of a patient, nothing says any more which studies were theirs
        assert _erasure(world, subject, whole=True).carry_out(rows=True).mixed == []
        assert _kept(world) == _kept(_world(kept))


def test_whole_takes_a_manifest_that_lists_others() -> None:
    both = {"demo-hospital/3/_complete.json": _manifest(a_uid(2, 2), a_uid(1, 1))}
    world = _world({"demo-hospital/a": ONE}, both, OTHERS)
    report = _erasure(world, whole=True).carry_out(rows=True)
    assert (report.found["quarantine"], report.mixed) == (1, [])
    assert _kept(world) == _kept(_world(OTHERS))


def test_a_manifest_that_could_not_be_read_is_searched_for_the_study() -> None:
    hers, another = a_uid(1, 1).encode(), a_uid(1, 1).encode() + b".9"
    files = {"demo-hospital/1/_complete.json": hers, "demo-hospital/2/_complete.json": another}
    world = _world({"demo-hospital/a": ONE}, files)
    report = _erasure(world, whole=True).carry_out(rows=True)
    assert report.found["quarantine: found by reading"] == 1
    assert report.left == {"quarantined, not readable": 1}
    (left,) = world.store.list("quarantine")
    assert "/2/" in left.version.name


def _watched(world: World) -> None:
    """Sweep with all tasks, and deliver what they tell."""
    facilities = Facilities.from_data({"demo-hospital": {"receipt_quiet_s": 60}, "demo-clinic": {}})
    Completion(
        studies=MemoryStudies(world.tables),
        ledger=MemoryLedger(Claims(world.store, "receipts"), world.tables),
        facilities=facilities,
        clock=world.clock,
        max_changes=9,
        budget=HOUR,
    ).run(Swept(started=world.clock.now(), max_findings=9, before=Progress()))
    issuing = Issuing(world.clock, world.tables, world.topics["events"], facilities)
    issuing.store = world.store
    issuing.run()
    world.run()
    world.clock.time += HOUR


def _declared(world: World) -> set[str]:
    """Return the studies that are declared, in the table and in the ledger."""
    rows = {str(row["StudyInstanceUID"]) for row in world.tables.rows["imaging.study_changes"]}
    ledger = {
        json.loads(world.store.data("receipts", each.version.name))["StudyInstanceUID"]
        for each in world.store.list("receipts", "ledger/imaging.study_changes/")
    }
    assert rows == ledger
    return rows


def test_who_was_first_to_declare_something_goes_and_it_is_not_declared_again() -> None:
    world = _world(THEIRS, OTHERS)
    _watched(world)
    assert _declared(world) == {a_uid(each, each) for each in (1, 2, 3)}
    report = _erasure(world).carry_out(rows=True)
    assert report.found["receipts: ledger"] == 2  # of the study, of the receipt
    assert [place for place in _found(world, ERASED, *_uids(1)) if "clinic" not in place] == []
    before = [dict(row) for row in world.tables.rows["imaging.study_changes"]]
    for _ in range(3):
        _watched(world)
    assert world.tables.rows["imaging.study_changes"] == before
    assert _declared(world) == {a_uid(2, 2), a_uid(3, 3)}
    assert [place for place in _found(world, ERASED, *_uids(1)) if "clinic" not in place] == []


def test_the_last_receipt_is_issued_again_without_who_was_erased() -> None:
    world = _world(THEIRS, OTHERS)
    _watched(world)
    (before,) = _receipts(world)
    _erasure(world).carry_out(rows=True)
    assert _receipts(world) == []
    _watched(world)
    (row,) = _receipts(world)
    assert (row["EventId"], before["Files"], row["Files"]) == (before["EventId"], 11, 4)
    assert world.store.find("receipts", row["Uri"].removeprefix("gs://receipts/"))


def _receipts(world: World) -> list[Any]:
    rows: list[Any] = list(world.tables.rows["imaging.receipts"])
    return [row for row in rows if row["Facility"] == "demo-hospital"]


def test_a_study_that_is_sent_again_is_declared_as_it_is_then() -> None:
    world = _world(THEIRS, OTHERS)
    _watched(world)
    _erasure(world).carry_out(rows=True)
    world.land("demo-hospital/later", ONE)
    world.run()
    world.clock.time += HOUR
    _watched(world)
    (row,) = (
        row
        for row in world.tables.rows["imaging.study_changes"]
        if row["StudyInstanceUID"] == a_uid(1, 1)
    )
    assert (row["Revision"], row["Instances"]) == (1, 1)


def test_attempts_to_tell_of_it_go_with_its_events() -> None:
    world = _world(THEIRS, OTHERS)
    _watched(world)
    events, attempts = world.tables.rows["imaging.events"], world.tables.rows["imaging.deliveries"]
    assert {row["EventId"] for row in attempts} == {row["EventId"] for row in events}
    _erasure(world).carry_out(rows=True)
    events, attempts = world.tables.rows["imaging.events"], world.tables.rows["imaging.deliveries"]
    assert {row["EventId"] for row in attempts} == {row["EventId"] for row in events}


class Mortal:
    """Ports whose changes are counted, and of which the process dies after so many."""

    def __init__(self, lives: int) -> None:
        self.lives = lives

    def guard(self, port: Any, change: str) -> Any:
        return _Guarded(self, port, change)


class _Guarded:
    def __init__(self, mortal: Mortal, port: Any, change: str) -> None:
        self._mortal, self._port, self._change = mortal, port, change

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._port, name)
        return self._dying(method) if name == self._change else method

    def _dying(self, method: Any) -> Any:
        def call(*arguments: Any) -> None:
            method(*arguments)
            self._mortal.lives -= 1
            if not self._mortal.lives:
                raise Crash

        return call


def test_whoever_dies_after_any_step_is_followed_by_one_who_ends_it() -> None:
    """Each run takes one step after it has written down that it began, and dies."""
    garbled = {"demo-hospital/9/_complete.json": a_uid(1, 1).encode()}
    listing = {"demo-hospital/8/_complete.json": _manifest(a_uid(1, 1))}
    world = _world(THEIRS, OTHERS, garbled, listing)
    _watched(world)
    records = world.tables.rows.setdefault("imaging.erasures", [])
    while not records or records[-1]["State"] != "done":
        erasure, mortal = _erasure(world, whole=True), Mortal(2)
        cloud = replace(
            erasure.cloud,
            objects=mortal.guard(erasure.cloud.objects, "delete"),
            holdings=mortal.guard(erasure.cloud.holdings, "remove"),
            tables=mortal.guard(erasure.cloud.tables, "append"),
        )
        with suppress(Crash):
            replace(erasure, cloud=cloud).carry_out(rows=True)
        assert len(records) < 200
    expected = _world(OTHERS)
    assert _erasure(world, whole=True).carry_out(rows=True).found == {}
    kept: Any = _kept(world)
    others: Any = _kept(expected)
    assert _found(world, "ERASED-7001/", *_uids(1)) == []
    declared = ("imaging.study_changes", "imaging.receipts", "imaging.events", "imaging.deliveries")
    for state in (kept, others):
        state["objects"] = {each for each in state["objects"] if each[0] != "receipts"}
        state["rows"] = {each for each in state["rows"] if each[0] not in declared}
    assert kept == others


def test_every_table_is_looked_at_or_says_nothing_of_anybody() -> None:
    world = _world(THEIRS, OTHERS)
    looked_at = {selected.table for selected in _erasure(world)._rows()}
    assert set(TABLES) - looked_at - set(ABOUT_NOBODY) == set()
