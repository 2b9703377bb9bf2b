"""Somebody is erased, and nothing of anybody else: every byte and every row is searched."""

import json
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from functions.sweep.completion import Completion
from functions.sweep.report import Report as Swept
from infra.operate.erasure_terms import RefusedError, Report
from infra.table_schemas import TABLES
from shared.adapters.memory import MemoryLedger
from shared.adapters.memory_studies import MemoryStudies
from shared.adapters.retention import Retention
from shared.claims import Claims
from shared.contracts.catalogue import Progress
from shared.contracts.facilities import Facilities
from shared.contracts.subject import Kind, Subject
from tests.builders import a_uid, an_instance, element, item, part10, sequence
from tests.erasing import (
    ERASED,
    HOUR,
    INNER,
    MAIMED,
    ONE,
    OTHER,
    OTHERS,
    STAYING,
    THEIRS,
    erasure_in,
    kept_in,
    manifest_of,
    of_patient,
    places_of,
    uids_of,
    world_of,
    zipped_as,
)
from tests.issuing import Issuing
from tests.operating import KEY, a_patient
from tests.simulation.world import Crash, World


def test_nothing_is_left_of_who_was_erased_and_all_of_the_others() -> None:
    world = world_of(THEIRS, OTHERS)
    assert places_of(world, ERASED)
    report = erasure_in(world).carry_out(rows=True)
    assert report.found["archive"] == 3
    assert report.found["archive: kept whole"] == 1
    assert report.found["research"] == 2
    left = {place for place in places_of(world, ERASED, *uids_of(1)) if "demo-clinic" not in place}
    assert left == set()
    assert kept_in(world) == kept_in(world_of(OTHERS))


def test_a_rehearsal_counts_the_same_and_removes_nothing() -> None:
    world = world_of(THEIRS, OTHERS)
    before = world.state()
    rehearsed = erasure_in(world).rehearse()
    assert world.state() == before
    assert erasure_in(world).carry_out(rows=True).found == rehearsed.found
    assert erasure_in(world).carry_out(rows=True).found == {}


def test_what_was_erased_does_not_come_back_and_is_not_missed() -> None:
    world = world_of(THEIRS, OTHERS)
    erasure_in(world).carry_out(rows=True)
    before = kept_in(world)
    for _ in range(2):
        done = world.sweep()
        world.run()
        world.clock.time += HOUR
        counted = ("stuck", "open", "vanished", "row_missing", "object_missing", "unlabelled")
        assert {name: done.fields[name] for name in counted} == dict.fromkeys(counted, 0)
    assert kept_in(world) == before


def test_what_is_sent_later_is_a_new_upload() -> None:
    world = world_of(THEIRS, OTHERS)
    erasure_in(world).carry_out(rows=True)
    world.land("demo-hospital/later", ONE)
    world.run()
    assert world.outcomes()["demo-hospital/later"] == {"archived"}


def test_it_is_written_down_first_without_who_it_was() -> None:
    world = world_of(THEIRS, OTHERS)
    erasure_in(world).carry_out(rows=True)
    begun, done = world.tables.rows["imaging.erasures"]
    assert (begun["State"], done["State"]) == ("begun", "done")
    assert begun["Places"] == done["Places"]
    assert ERASED not in f"{begun}{done}"
    assert not [uid for uid in uids_of(1) if uid in f"{begun}{done}"]


def test_what_ends_before_its_rows_is_made_good_by_the_next() -> None:
    world = world_of(THEIRS, OTHERS)
    waiting = erasure_in(world).carry_out(rows=False).left["quarantined, until rows are gone"]
    assert waiting == 1
    assert [row["State"] for row in world.tables.rows["imaging.erasures"]] == ["begun"]
    erasure_in(world).carry_out(rows=True)
    assert kept_in(world) == kept_in(world_of(OTHERS))


def test_a_container_with_others_data_waits_for_a_word() -> None:
    mixed = {"demo-hospital/both.zip": zipped_as(a=ONE, b=OTHER)}
    world = world_of(mixed)
    report = erasure_in(world).carry_out(rows=True)
    assert report.left["containers with others' data"] == 1
    (upload,) = report.mixed
    assert upload in repr(world.tables.rows["imaging.uploads"])
    kept = [
        stored.version.name for stored in world.store.list("archive", "demo-hospital/containers")
    ]
    assert len(kept) == 1
    world = world_of(mixed)
    erasure_in(world, whole=True).carry_out(rows=True)
    assert list(world.store.list("archive", "demo-hospital/containers")) == []
    assert not places_of(world, ERASED)
    assert places_of(world, STAYING)
    (left,) = world.tables.rows["imaging.uploads"]  # the container's own row goes with it
    assert left["ObjectName"] == "demo-hospital/both.zip!/b"
    assert [row["UploadId"] for row in world.tables.rows["imaging.landed"]] == [left["UploadId"]]


def test_what_cannot_be_read_is_searched_or_counted() -> None:
    world = world_of({"demo-hospital/maimed": MAIMED, "demo-hospital/a": ONE, **OTHERS})
    report = erasure_in(world).carry_out(rows=True)
    assert report.found["quarantine: found by reading"] == 1
    assert report.left["quarantined, not readable"] == 1  # the notes
    assert [place for place in places_of(world, ERASED) if "demo-clinic" not in place] == []


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
    world = world_of(drop)
    report = erasure_in(world).carry_out(rows=True)
    assert report.found["quarantine: found by reading"] == 1
    assert report.left["quarantined with others' data"] == 1
    erasure_in(world, whole=True).carry_out(rows=True)
    assert not places_of(world, ERASED)


@pytest.mark.parametrize("named", ["ERASED-7001/a", "demo-hospital/ERASED-7001/a"])
def test_receipts_that_name_a_file_go_and_no_others(named: str) -> None:
    world = world_of(THEIRS, OTHERS)
    for number, name in enumerate([named, "other"]):
        stem = f"demo-hospital/2026-01-02/{number}"
        world.store.put(
            "receipts", f"{stem}.json", json.dumps({"files": [{"name": name}]}).encode()
        )
        world.store.put("receipts", f"{stem}.html", name.encode())
    assert erasure_in(world).carry_out(rows=True).found["receipts"] == 2
    left = [stored.version.name for stored in world.store.list("receipts")]
    assert left == [f"demo-hospital/2026-01-02/1.{form}" for form in ("html", "json")]


def test_rows_of_sweeps_that_name_a_file_go() -> None:
    world = world_of(OTHERS)
    world.sweep()
    world.land("demo-hospital/ERASED-7001/late", ONE, notified=False)
    world.clock.time += HOUR
    world.sweep()
    world.run()
    assert places_of(world, ERASED)
    erasure_in(world).carry_out(rows=True)
    assert [place for place in places_of(world, ERASED) if "demo-clinic" not in place] == []
    assert world.tables.rows["imaging.sweeps"]


def test_one_study_goes_and_the_patients_others_stay() -> None:
    second = an_instance(patient=1, study=9, PatientID=ERASED)
    world = world_of({"demo-hospital/a": ONE, "demo-hospital/b": second})
    study = Subject(kind=Kind.STUDY, facility="demo-hospital", value=a_uid(1, 1))
    erasure_in(world, study).carry_out(rows=True)
    expected = world_of({"demo-hospital/b": second})
    assert kept_in(world) == kept_in(expected)


def test_an_issuer_that_is_another_is_another_patient() -> None:
    foreign = of_patient(4, ERASED, IssuerOfPatientID="ELSEWHERE")
    world = world_of({"demo-hospital/a": ONE, "demo-hospital/b": foreign})
    erasure_in(world).carry_out(rows=True)
    assert kept_in(world) == kept_in(world_of({"demo-hospital/b": foreign}))
    by_name = replace(a_patient(ERASED), issuer="ELSEWHERE", by_default=False)
    erasure_in(world, by_name).carry_out(rows=True)
    assert not places_of(world, ERASED)


@pytest.mark.parametrize(
    "order", [["demo-hospital", "demo-clinic"], ["demo-clinic", "demo-hospital"]]
)
def test_another_facility_keeps_its_copy_of_the_same_object(order: list[str]) -> None:
    world = World()
    for facility in order:
        world.land(f"{facility}/a", ONE)
        world.run()
    (expected,) = world_of({"demo-clinic/a": ONE}).store.list("research")
    report = erasure_in(world).carry_out(rows=True)
    assert report.left["copies shared with another facility"] == 1
    (copy,) = world.store.list("research")
    assert copy.crc32c == expected.crc32c
    assert {row["ObjectUri"] for row in world.tables.rows["research.instances"]} == {copy.uri}
    assert {row["Facility"] for row in world.tables.rows["imaging.instances"]} == {"demo-clinic"}


def test_a_container_is_known_by_its_generation() -> None:
    world = world_of({"demo-hospital/x.zip": zipped_as(a=ONE)})
    world.land("demo-hospital/x.zip", zipped_as(a=INNER, b=OTHER))
    world.run()
    report = erasure_in(world).carry_out(rows=True)
    assert report.found["archive: kept whole"] == 1
    assert report.left["containers with others' data"] == 1


def test_what_took_the_place_of_a_version_stays() -> None:
    world = world_of({"demo-hospital/a": ONE})
    (version,) = world.store.list("archive", "demo-hospital/")
    world.store.delete(version.version)
    world.store.put("archive", version.version.name, OTHER)
    erasure_in(world).carry_out(rows=True)
    assert world.store.data("archive", version.version.name) == OTHER


def test_the_claim_of_a_version_that_stays_goes_on() -> None:
    same = a_uid(1, 1, 1, 1)
    first = an_instance(patient=2, study=2, PatientID=STAYING, SOPInstanceUID=same)
    second = of_patient(1, ERASED, SOPInstanceUID=same)
    world = world_of({"demo-hospital/first": first})
    before = [claim.version for claim in world.store.list("archive", "claims/")]
    world.land("demo-hospital/second", second)
    world.run()
    assert erasure_in(world).carry_out(rows=True).found["archive"] == 1
    assert [claim.version for claim in world.store.list("archive", "claims/")] == before


def test_a_retention_period_is_told_before_anything_is_removed() -> None:
    world = world_of(THEIRS, OTHERS)
    before = world.state()
    with pytest.raises(RefusedError, match="keeps 4 objects until"):
        erasure_in(world, retention=Retention(retained=timedelta(days=9))).carry_out(rows=True)
    assert world.state() == before


def _left(report: Report) -> dict[str, int]:
    return dict(report.left)


def test_a_person_hears_what_was_not_looked_at() -> None:
    world = world_of(THEIRS, OTHERS)
    world.land("demo-hospital/waiting", ONE, notified=False)
    report = erasure_in(world).rehearse()
    assert _left(report) == {"in the inbox, not decided": 1, "quarantined, not readable": 1}
    other_key = replace(KEY, secret=b"another made-up secret of some length")
    erasure = replace(erasure_in(world), keys=[other_key])
    assert erasure.rehearse().left["keys of copies that were not given"] == 1


ABOUT_NOBODY = {
    "imaging.reidentifications": "pseudonyms, which only the key leads back from",
    "imaging.erasures": "the record itself",
}


@pytest.mark.parametrize("by_study", [False, True])
def test_a_manifest_goes_unless_it_lists_others(*, by_study: bool) -> None:
    hers, his = a_uid(1, 1), a_uid(2, 2)
    kept = {"demo-hospital/2/_complete.json": manifest_of(his), "demo-hospital/other": OTHER}
    both = {"demo-hospital/3/_complete.json": manifest_of(his, hers)}
    alone = {"demo-hospital/a": ONE, "demo-hospital/1/_complete.json": manifest_of(hers)}
    world = world_of(alone, both, kept)
    assert world.outcomes()["demo-hospital/1/_complete.json"] == {"ignored"}
    subject = Subject(kind=Kind.STUDY, facility="demo-hospital", value=hers) if by_study else None
    report = erasure_in(world, subject).carry_out(rows=True)
    assert report.found["quarantine"] == 1
    assert report.left == {"manifests and directories that list others' studies": 1}
    assert kept_in(world) == kept_in(world_of(both, kept))
    if by_study:  # of a patient, nothing says any more which studies were theirs
        assert erasure_in(world, subject, whole=True).carry_out(rows=True).mixed == []
        assert kept_in(world) == kept_in(world_of(kept))


def test_whole_takes_a_manifest_that_lists_others() -> None:
    both = {"demo-hospital/3/_complete.json": manifest_of(a_uid(2, 2), a_uid(1, 1))}
    world = world_of({"demo-hospital/a": ONE}, both, OTHERS)
    report = erasure_in(world, whole=True).carry_out(rows=True)
    assert (report.found["quarantine"], report.mixed) == (1, [])
    assert kept_in(world) == kept_in(world_of(OTHERS))


def test_a_manifest_that_could_not_be_read_is_searched_for_the_study() -> None:
    hers = a_uid(1, 1).encode()
    texts = {"1": hers, "2": hers + b".9", "3": b"9" + hers, "4": b"9." + hers}
    files = {f"demo-hospital/{name}/_complete.json": text for name, text in texts.items()}
    world = world_of({"demo-hospital/a": ONE}, files)
    report = erasure_in(world, whole=True).carry_out(rows=True)
    assert report.found["quarantine: found by reading"] == 1
    assert report.left == {"quarantined, not readable": 3}
    assert not any("/1/" in stored.version.name for stored in world.store.list("quarantine"))


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
    world = world_of(THEIRS, OTHERS)
    _watched(world)
    assert _declared(world) == {a_uid(each, each) for each in (1, 2, 3)}
    report = erasure_in(world).carry_out(rows=True)
    assert report.found["receipts: ledger"] == 2  # of the study, of the receipt
    assert [place for place in places_of(world, ERASED, *uids_of(1)) if "clinic" not in place] == []
    before = [dict(row) for row in world.tables.rows["imaging.study_changes"]]
    for _ in range(3):
        _watched(world)
    assert world.tables.rows["imaging.study_changes"] == before
    assert _declared(world) == {a_uid(2, 2), a_uid(3, 3)}
    assert [place for place in places_of(world, ERASED, *uids_of(1)) if "clinic" not in place] == []


def test_the_last_receipt_is_issued_again_without_who_was_erased() -> None:
    world = world_of(THEIRS, OTHERS)
    _watched(world)
    (before,) = _receipts(world)
    erasure_in(world).carry_out(rows=True)
    assert _receipts(world) == []
    _watched(world)
    (row,) = _receipts(world)
    assert (row["EventId"], before["Files"], row["Files"]) == (before["EventId"], 11, 4)
    assert world.store.find("receipts", row["Uri"].removeprefix("gs://receipts/"))


def _receipts(world: World) -> list[Any]:
    rows: list[Any] = list(world.tables.rows["imaging.receipts"])
    return [row for row in rows if row["Facility"] == "demo-hospital"]


def test_a_study_that_is_sent_again_is_declared_as_it_is_then() -> None:
    world = world_of(THEIRS, OTHERS)
    _watched(world)
    erasure_in(world).carry_out(rows=True)
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
    world = world_of(THEIRS, OTHERS)
    _watched(world)
    events, attempts = world.tables.rows["imaging.events"], world.tables.rows["imaging.deliveries"]
    assert {row["EventId"] for row in attempts} == {row["EventId"] for row in events}
    erasure_in(world).carry_out(rows=True)
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
    listing = {"demo-hospital/8/_complete.json": manifest_of(a_uid(1, 1))}
    world = world_of(THEIRS, OTHERS, garbled, listing)
    _watched(world)
    records = world.tables.rows.setdefault("imaging.erasures", [])
    while not records or records[-1]["State"] != "done":
        erasure, mortal = erasure_in(world, whole=True), Mortal(2)
        cloud = replace(
            erasure.cloud,
            objects=mortal.guard(erasure.cloud.objects, "delete"),
            holdings=mortal.guard(erasure.cloud.holdings, "remove"),
            tables=mortal.guard(erasure.cloud.tables, "append"),
        )
        with suppress(Crash):
            replace(erasure, cloud=cloud).carry_out(rows=True)
        assert len(records) < 200
    expected = world_of(OTHERS)
    assert erasure_in(world, whole=True).carry_out(rows=True).found == {}
    kept: Any = kept_in(world)
    others: Any = kept_in(expected)
    assert places_of(world, "ERASED-7001/", *uids_of(1)) == []
    declared = ("imaging.study_changes", "imaging.receipts", "imaging.events", "imaging.deliveries")
    for state in (kept, others):
        state["objects"] = {each for each in state["objects"] if each[0] != "receipts"}
        state["rows"] = {each for each in state["rows"] if each[0] not in declared}
    assert kept == others


def test_every_table_is_looked_at_or_says_nothing_of_anybody() -> None:
    world = world_of(THEIRS, OTHERS)
    looked_at = {selected.table for selected in erasure_in(world)._rows()}
    assert set(TABLES) - looked_at - set(ABOUT_NOBODY) == set()
