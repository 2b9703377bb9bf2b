"""The way back from a pseudonym: for the holder of the key alone, and never unrecorded."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pydicom
import pytest

from functions.index import rows
from infra.operate import __main__ as operate
from infra.operate.cloud import Cloud
from infra.operate.reidentification import Kind, original_of
from shared.adapters.memory import ManualClock, MemoryObjectStore, MemoryTables
from shared.contracts.catalogue import KnownAccession
from shared.contracts.facilities import Facilities
from shared.dicom.deidentification import Deidentified, PseudonymKey, deidentify
from shared.dicom.inspection import inspect
from shared.dicom.reader import read_header
from shared.dicom.source import BytesSource
from shared.errors import TransientError
from shared.ports import Row
from tests.builders import an_instance
from tests.operating import a_cloud, a_question
from tests.outcomes import an_outcome

SECRET = b"a made-up secret of some length"
KEY = PseudonymKey(SECRET, "research")
WITH_ID = an_instance(PatientID="PLANTED-ID", IssuerOfPatientID="CLINIC", AccessionNumber="PLANT-A")
SAME_ID = an_instance(patient=2, PatientID="PLANTED-ID")
NO_ID = an_instance(patient=3, PatientID="")
TABLE = "imaging.reidentifications"
REGISTRY = {"north": {"patient_id_issuer": "REGION"}, "south": {}}
FACILITIES = Facilities.from_data(REGISTRY)
Ask = Callable[..., tuple[int, str]]


def _copied(data: bytes, authority: str = "REGION") -> pydicom.Dataset:
    source = BytesSource(data)
    result = deidentify(read_header(source), KEY, source, authority=authority)
    assert isinstance(result, Deidentified)
    return pydicom.dcmread(BytesIO(b"".join(result.pieces(source))))


def _read(data: bytes) -> pydicom.Dataset:
    return pydicom.dcmread(BytesIO(data))


@pytest.fixture
def tables() -> MemoryTables:
    tables = MemoryTables()
    for facility in REGISTRY:
        for data in (WITH_ID, SAME_ID, NO_ID):
            header = inspect(BytesSource(data))
            outcome = an_outcome(
                facility=facility, metadata=header.metadata, identity=header.identity
            )
            tables.append("imaging.instances", [rows.instance(outcome)] * 2)
    return tables


@pytest.fixture
def cloud(tables: MemoryTables) -> Cloud:
    clock = ManualClock()
    return a_cloud(MemoryObjectStore(clock.now), clock, tables, {})


@pytest.fixture
def ask(
    cloud: Cloud,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Ask:
    """Ask on the command line, where it is allowed."""
    (tmp_path / "key").write_bytes(SECRET + b"\n")
    monkeypatch.setattr(operate, "connected", lambda _: cloud)
    monkeypatch.setenv("INLET_REIDENTIFICATION", "allowed")
    (tmp_path / "facilities").write_text(json.dumps(REGISTRY))
    monkeypatch.setenv("INLET_FACILITIES_FILE", str(tmp_path / "facilities"))

    def asked(*arguments: str, key: str = "key") -> tuple[int, str]:
        named = ["--key-file", str(tmp_path / key), "--project", "research"]
        why = ["--who", "Dr. Made Up", "--reason", "a finding"]
        status = operate.main(["reidentify", *named, *why, *arguments])
        captured = capsys.readouterr()
        return status, captured.out + captured.err

    return asked


def _found(
    cloud: Cloud, kind: Kind, pseudonym: str, key: PseudonymKey = KEY
) -> Mapping[str, str] | None:
    return original_of(cloud, FACILITIES, key, a_question(kind, pseudonym))


def test_a_patient_is_found_by_id_and_issuer(cloud: Cloud) -> None:
    found = _found(cloud, Kind.PATIENT, _copied(WITH_ID).PatientID)
    assert found is not None
    assert found.keys() == {"Facility", "PatientID", "IssuerOfPatientID"}
    assert (found["PatientID"], found["IssuerOfPatientID"]) == ("PLANTED-ID", "CLINIC")


@pytest.mark.parametrize(("authority", "facility"), [("REGION", "north"), ("south", "south")])
def test_an_id_without_an_issuer_is_of_its_facility(
    cloud: Cloud, authority: str, facility: str
) -> None:
    copy = _copied(SAME_ID, authority)
    found = _found(cloud, Kind.PATIENT, copy.PatientID)
    assert found == {"Facility": facility, "PatientID": "PLANTED-ID"}
    copy = _copied(WITH_ID, authority)
    found = _found(cloud, Kind.ACCESSION, copy.AccessionNumber)
    assert found == {"Facility": facility, "AccessionNumber": "PLANT-A"}


def test_copies_of_a_version_without_authorities_lead_back_too(cloud: Cloud) -> None:
    copy = _copied(WITH_ID, authority="")
    assert _found(cloud, Kind.ACCESSION, copy.AccessionNumber) is not None
    assert _found(cloud, Kind.PATIENT, _copied(SAME_ID, authority="").PatientID) is not None


def test_a_patient_without_an_id_is_found_by_the_study(cloud: Cloud) -> None:
    found = _found(cloud, Kind.PATIENT, _copied(NO_ID).PatientID)
    assert found is not None
    assert found.keys() == {"Facility", "StudyInstanceUID"}
    assert found["StudyInstanceUID"] == _read(NO_ID).StudyInstanceUID


@pytest.mark.parametrize("level", ["StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"])
def test_a_uid_is_found_at_every_level(cloud: Cloud, level: str) -> None:
    found = _found(cloud, Kind.UID, _copied(SAME_ID)[level].value)
    assert found == {"UID": _read(SAME_ID)[level].value}


@pytest.mark.parametrize(
    "other", [PseudonymKey(SECRET, "another"), PseudonymKey(SECRET[::-1], "research")]
)
def test_another_key_and_another_project_find_nothing(
    cloud: Cloud, tables: MemoryTables, other: PseudonymKey
) -> None:
    assert _found(cloud, Kind.PATIENT, _copied(WITH_ID).PatientID, other) is None
    (row,) = tables.rows[TABLE]
    assert (row["Found"], row["KeyId"]) == (False, other.key_id)


def test_it_is_written_down_who_asked_and_why_and_not_the_answer(
    cloud: Cloud, tables: MemoryTables
) -> None:
    pseudonym = _copied(WITH_ID).PatientID
    _found(cloud, Kind.PATIENT, pseudonym)
    (row,) = tables.rows[TABLE]
    assert row == {
        "AskedAt": cloud.clock.now(),
        "Who": "Dr. Made Up",
        "Reason": "a finding",
        "Kind": "patient",
        "Pseudonym": pseudonym,
        "Found": True,
        "KeyId": KEY.key_id,
        "PipelineVersion": row["PipelineVersion"],
    }


def test_the_command_tells_what_was_asked_and_no_more(ask: Ask, tables: MemoryTables) -> None:
    status, said = ask("--patient", _copied(WITH_ID).PatientID)
    assert status == 0
    told = dict(line.split() for line in said.splitlines()[2:])
    assert told.pop("Facility") in REGISTRY
    assert told == {"IssuerOfPatientID": "CLINIC", "PatientID": "PLANTED-ID"}
    assert len(tables.rows[TABLE]) == 1


def test_what_is_not_found_is_recorded_too(ask: Ask, tables: MemoryTables) -> None:
    status, said = ask("--accession", "AAAAAAAAAAAAAAAA")
    assert (status, KEY.key_id in said) == (1, True)
    assert "PLANT" not in said
    assert [row["Found"] for row in tables.rows[TABLE]] == [False]


@pytest.mark.parametrize("setting", [None, "", "yes"])
def test_it_is_refused_unless_the_deployment_allows_it(
    ask: Ask, tables: MemoryTables, monkeypatch: pytest.MonkeyPatch, setting: str | None
) -> None:
    monkeypatch.delenv("INLET_REIDENTIFICATION")
    if setting is not None:
        monkeypatch.setenv("INLET_REIDENTIFICATION", setting)
    status, said = ask("--patient", _copied(WITH_ID).PatientID)
    assert (status, "INLET_REIDENTIFICATION" in said) == (2, True)
    assert "PLANTED" not in said
    assert TABLE not in tables.rows


def test_it_is_refused_without_the_registry(
    ask: Ask, tables: MemoryTables, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("INLET_FACILITIES_FILE")
    status, said = ask("--patient", _copied(WITH_ID).PatientID)
    assert (status, "INLET_FACILITIES_FILE" in said) == (2, True)
    assert TABLE not in tables.rows


def test_a_key_that_cannot_be_read_is_refused(ask: Ask, tables: MemoryTables) -> None:
    status, said = ask("--patient", _copied(WITH_ID).PatientID, key="nowhere")
    assert (status, "--key-file" in said) == (2, True)
    assert TABLE not in tables.rows


@pytest.mark.parametrize("left_out", ["--key-file", "--project", "--who", "--reason", "--uid"])
def test_everything_must_be_said(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch, left_out: str
) -> None:
    monkeypatch.setattr(operate, "connected", lambda _: cloud)
    said = {"--key-file": "k", "--project": "p", "--who": "w", "--reason": "r", "--uid": "2.25.1"}
    for blank in ([], [left_out, " "]) if left_out in {"--who", "--reason"} else ([],):
        words = [word for name, value in said.items() if name != left_out for word in (name, value)]
        with pytest.raises(SystemExit):
            operate.main(["reidentify", *words, *blank])


class _FullTables:
    def append(self, table: str, rows: Sequence[Row]) -> None:  # noqa: ARG002 - none is taken
        raise TransientError("bigquery-unavailable")


def test_nothing_is_told_that_cannot_be_written_down(
    ask: Ask, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(operate, "connected", lambda _: replace(cloud, tables=_FullTables()))
    status, said = ask("--patient", _copied(WITH_ID).PatientID)
    assert (status, "bigquery-unavailable" in said) == (2, True)
    assert "PLANTED" not in said


class _Watched:
    """Accession numbers of which no more are taken than are needed."""

    def accession_numbers(self) -> Iterator[KnownAccession]:
        yield from (KnownAccession(facility="south", number=str(each)) for each in range(501))
        pytest.fail("more is read than was asked for")


def test_candidates_are_taken_one_by_one(cloud: Cloud) -> None:
    watched = replace(cloud, originals=_Watched())  # type: ignore[arg-type]
    found = _found(watched, Kind.ACCESSION, KEY.accession_number("500", "south"))
    assert found == {"Facility": "south", "AccessionNumber": "500"}
