"""The way back from a pseudonym: for the holder of the key alone, and never unrecorded."""

from collections.abc import Callable, Iterator, Sequence
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
Ask = Callable[..., tuple[int, str]]


def _copied(data: bytes) -> pydicom.Dataset:
    source = BytesSource(data)
    result = deidentify(read_header(source), KEY, source)
    assert isinstance(result, Deidentified)
    return pydicom.dcmread(BytesIO(b"".join(result.pieces(source))))


def _read(data: bytes) -> pydicom.Dataset:
    return pydicom.dcmread(BytesIO(data))


@pytest.fixture
def tables() -> MemoryTables:
    tables = MemoryTables()
    for data in (WITH_ID, SAME_ID, NO_ID):
        header = inspect(BytesSource(data))
        outcome = an_outcome(metadata=header.metadata, identity=header.identity)
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

    def asked(*arguments: str, key: str = "key") -> tuple[int, str]:
        named = ["--key-file", str(tmp_path / key), "--project", "research"]
        why = ["--who", "Dr. Made Up", "--reason", "a finding"]
        status = operate.main(["reidentify", *named, *why, *arguments])
        captured = capsys.readouterr()
        return status, captured.out + captured.err

    return asked


def test_a_patient_is_found_by_id_and_issuer(cloud: Cloud) -> None:
    question = a_question(Kind.PATIENT, _copied(WITH_ID).PatientID)
    found = {"PatientID": "PLANTED-ID", "IssuerOfPatientID": "CLINIC"}
    assert original_of(cloud, KEY, question) == found
    question = a_question(Kind.PATIENT, _copied(SAME_ID).PatientID)
    assert original_of(cloud, KEY, question) == {"PatientID": "PLANTED-ID"}


def test_a_patient_without_an_id_is_found_by_the_study(cloud: Cloud) -> None:
    question = a_question(Kind.PATIENT, _copied(NO_ID).PatientID)
    assert original_of(cloud, KEY, question) == {
        "StudyInstanceUID": _read(NO_ID).StudyInstanceUID,
    }


@pytest.mark.parametrize("level", ["StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"])
def test_a_uid_is_found_at_every_level(cloud: Cloud, level: str) -> None:
    question = a_question(Kind.UID, _copied(SAME_ID)[level].value)
    assert original_of(cloud, KEY, question) == {"UID": _read(SAME_ID)[level].value}


def test_an_accession_number_is_found(cloud: Cloud) -> None:
    question = a_question(Kind.ACCESSION, _copied(WITH_ID).AccessionNumber)
    assert original_of(cloud, KEY, question) == {"AccessionNumber": "PLANT-A"}


@pytest.mark.parametrize(
    "other", [PseudonymKey(SECRET, "another"), PseudonymKey(SECRET[::-1], "research")]
)
def test_another_key_and_another_project_find_nothing(
    cloud: Cloud, tables: MemoryTables, other: PseudonymKey
) -> None:
    question = a_question(Kind.PATIENT, _copied(WITH_ID).PatientID)
    assert original_of(cloud, other, question) is None
    (row,) = tables.rows[TABLE]
    assert (row["Found"], row["KeyId"]) == (False, other.key_id)


def test_it_is_written_down_who_asked_and_why_and_not_the_answer(
    cloud: Cloud, tables: MemoryTables
) -> None:
    pseudonym = _copied(WITH_ID).PatientID
    original_of(cloud, KEY, a_question(Kind.PATIENT, pseudonym))
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
    cells = [line.split() for line in said.splitlines()]
    assert cells[2:] == [["IssuerOfPatientID", "CLINIC"], ["PatientID", "PLANTED-ID"]]
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

    def accession_numbers(self) -> Iterator[str]:
        yield from map(str, range(501))
        pytest.fail("more is read than was asked for")


def test_candidates_are_taken_one_by_one(cloud: Cloud) -> None:
    watched = replace(cloud, originals=_Watched())  # type: ignore[arg-type]
    question = a_question(Kind.ACCESSION, KEY.accession_number("500"))
    assert original_of(watched, KEY, question) == {"AccessionNumber": "500"}
