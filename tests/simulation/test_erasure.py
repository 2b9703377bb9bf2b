"""Somebody is erased, and nothing of anybody else: every byte and every row is searched."""

import json
import zipfile
from dataclasses import replace
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest

from infra.definition import load_pipeline
from infra.operate.erasure import Erasure, Report, RetainedError
from infra.table_schemas import TABLES
from shared.adapters.retention import Retention
from shared.contracts.subject import Kind, Subject
from tests.builders import a_uid, an_instance, element, item, part10, sequence
from tests.operating import KEY, a_cloud, a_patient, an_erasure
from tests.simulation.world import World

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
    """Return objects and rows, without records of runs, erasures and attempts to tell of events."""
    for table in ("imaging.erasures", "imaging.sweeps", "imaging.deliveries"):
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
    assert waiting == 2
    assert [row["State"] for row in world.tables.rows["imaging.erasures"]] == ["begun"]
    _erasure(world).carry_out(rows=True)
    assert _kept(world) == _kept(_world(OTHERS))


def test_a_container_with_others_data_waits_for_a_word() -> None:
    mixed = {"demo-hospital/both.zip": _zip(a=ONE, b=OTHER)}
    world = _world(mixed)
    report = _erasure(world).carry_out(rows=True)
    assert report.left["containers with others' data"] == 1
    (upload,) = report.containers
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


def test_what_cannot_be_read_is_searched_or_counted() -> None:
    world = _world({"demo-hospital/maimed": MAIMED, "demo-hospital/a": ONE, **OTHERS})
    report = _erasure(world).carry_out(rows=True)
    assert report.found["quarantine"] == 1
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
    assert report.found["quarantine"] == 1
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
    "imaging.deliveries": "ids of events and names of targets",
    "imaging.receipts": "numbers; the receipt itself is an object",
    "imaging.reidentifications": "pseudonyms, which only the key leads back from",
    "imaging.erasures": "the record itself",
}


def test_every_table_is_looked_at_or_says_nothing_of_anybody() -> None:
    world = _world(THEIRS, OTHERS)
    looked_at = {selected.table for selected in _erasure(world)._rows()}
    assert set(TABLES) - looked_at - set(ABOUT_NOBODY) == set()
