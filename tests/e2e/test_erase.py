"""A patient is erased on the local cloud; every bucket and every table is searched afterwards."""

import json
import time
import zipfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from infra.definition import load_pipeline
from infra.local.drop import Upload, drop
from infra.operate import __main__ as operate
from infra.table_schemas import TABLES
from shared.contracts.manifest import Manifest, ManifestStudy
from shared.contracts.message import to_json
from shared.dicom.deidentification.pseudonyms import PseudonymKey
from tests.builders import a_uid, an_instance
from tests.e2e.conftest import Cloud
from tests.e2e.watch import query, swept_until, until

ERASED, STAYING = "ERASED-9001", "STAYING-9002"
PATIENTS = {ERASED: 9001, STAYING: 9002}
TOLD = {"imaging.study_changes", "imaging.receipts", "receipts"}  # by a sweep


def _instance(patient_id: str, instance: int = 1, **attributes: Any) -> bytes:
    number = PATIENTS[patient_id]
    return an_instance(
        patient=number, study=number, instance=instance, PatientID=patient_id, **attributes
    )


def _manifest(patient_id: str) -> bytes:
    number = PATIENTS[patient_id]
    study = ManifestStudy(study_instance_uid=a_uid(number, number), instances=2)
    return to_json(Manifest(studies=(study,)).to_data())


def _drop(cloud: Cloud, patient_id: str) -> None:
    """Drop a version, its twin, a conflict, a refused file, a container; say that this was all."""
    zipped = BytesIO()
    with zipfile.ZipFile(zipped, "w") as archive:
        archive.writestr("a", _instance(patient_id, 2))
    files = {
        "a": _instance(patient_id),
        "again": _instance(patient_id),
        "changed": _instance(patient_id, StudyDescription="CHANGED"),
        "broken": _instance(patient_id, 3)[:-700],
        "some.zip": zipped.getvalue(),
    }
    folder = f"demo-hospital/{patient_id}"
    uploads = [Upload(name=f"{folder}/{name}", content=data) for name, data in files.items()]
    outcomes = [result.outcome for result in drop(cloud.clients, uploads)]
    assert all(outcomes), outcomes
    drop(cloud.clients, [Upload(name=f"{folder}/_complete.json", content=_manifest(patient_id))])
    time.sleep(1.1)  # the local server counts in seconds; a receipt that names both would go


def _key(cloud: Cloud) -> PseudonymKey:
    return PseudonymKey((cloud.layout.secrets / "pseudonym-key").read_bytes().strip(), "research")


def _names(cloud: Cloud, patient_id: str) -> list[str]:
    study = a_uid(PATIENTS[patient_id], PATIENTS[patient_id])
    return [patient_id, study, _key(cloud).uid(study)]


def _found(cloud: Cloud, patient_id: str) -> set[str]:
    """Return the objects and tables in which somebody is named, or a UID or pseudonym of theirs."""
    needles = [name.encode() for name in _names(cloud, patient_id)]
    found = set()
    for bucket in load_pipeline().buckets:
        name = cloud.environment[f"INLET_{bucket.upper()}"]
        for blob in cloud.clients.storage.list_blobs(name):
            told = blob.download_as_bytes() + f"{blob.name} {blob.metadata}".encode()
            if any(needle in told for needle in needles):
                found.add(bucket)
    for table in TABLES:
        text = repr(query(cloud, f"SELECT * FROM {table}")).encode()
        if any(needle in text for needle in needles):
            found.add(table)
    return found


def _copies(cloud: Cloud, patient_id: str) -> int:
    study = _names(cloud, patient_id)[-1]
    (row,) = query(
        cloud,
        "SELECT COUNT(DISTINCT ObjectUri) AS Copies FROM research.instances "
        f"WHERE StudyInstanceUID = '{study}'",
    )
    return int(row["Copies"])


Erase = Callable[..., tuple[int, str]]


@pytest.fixture
def erase(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Erase:
    """Run the command in this process; return its status and what it printed."""
    for name, value in cloud.environment.items():
        monkeypatch.setenv(name, value)
    key = str(cloud.layout.secrets / "pseudonym-key")
    fixed = [
        *("erase", "--facility", "demo-hospital", "--key-file", key, "--project", "research"),
        *("--who", "Dr. Made Up", "--reason", "the patient's wish"),
    ]

    def run(*arguments: str) -> tuple[int, str]:
        status = operate.main([*fixed, *arguments])
        said = capsys.readouterr()
        return status, said.out + said.err

    return run


def _told(said: str) -> dict[str, str]:
    """Return what was printed, by the place."""
    cells = (line.rsplit(maxsplit=1) for line in said.splitlines())
    return {cell[0]: cell[1] for cell in cells if len(cell) == 2}


def test_a_patient_is_gone_from_every_bucket_and_table_and_the_other_is_whole(
    cloud: Cloud, erase: Erase, tmp_path: Path
) -> None:
    for patient_id in PATIENTS:
        _drop(cloud, patient_id)
    until(lambda: all(_copies(cloud, patient_id) == 2 for patient_id in PATIENTS))
    swept_until(cloud, lambda: all(_found(cloud, patient_id) >= TOLD for patient_id in PATIENTS))
    staying = _found(cloud, STAYING) - {"imaging.sweeps"}  # names whichever a run ended at
    assert {"imaging.instances", "research.instances", "quarantine"} <= staying
    status, said = erase("--patient", ERASED)
    assert status in {0, 1}, said
    rehearsed = _told(said)
    assert _found(cloud, ERASED) >= staying
    report = tmp_path / "report.json"
    status, said = erase("--patient", ERASED, "--execute", "--execute-sql", "--report", str(report))
    assert status in {0, 1}, said
    assert (_told(said)["archive"], rehearsed["archive"]) == ("3", "3")
    until(lambda: _found(cloud, ERASED) == set())
    assert _found(cloud, STAYING) >= staying
    written = json.loads(report.read_text())
    assert [name for name in _names(cloud, ERASED) if name in said + report.read_text()] == []
    (begun, done) = query(
        cloud,
        "SELECT State, Subject FROM imaging.erasures WHERE Subject = "
        f"'{written['Subject']}' ORDER BY RecordedAt",
    )
    assert (begun["State"], done["State"]) == ("begun", "done")


def test_statements_that_are_printed_remove_the_same_rows(cloud: Cloud, erase: Erase) -> None:
    data = an_instance(patient=9003, study=9003, PatientID="ERASED-9003")
    drop(cloud.clients, [Upload(name="demo-hospital/printed", content=data)])
    study = a_uid(9003, 9003)
    rows = f"SELECT EventId FROM imaging.instances WHERE StudyInstanceUID = '{study}'"
    copied = (
        "SELECT ObjectUri FROM imaging.instances JOIN imaging.deid_audit ON SourceUri = ObjectUri"
    )
    until(lambda: query(cloud, f"{copied} WHERE StudyInstanceUID = '{study}'"))
    _, said = erase("--study", study, "--execute")
    statements = [line for line in said.splitlines() if line.startswith("DELETE")]
    assert len(statements) > 3
    assert query(cloud, rows)
    for statement in statements:
        query(cloud, statement)
    assert query(cloud, rows) == []
