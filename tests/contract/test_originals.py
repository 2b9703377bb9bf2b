"""What every `Originals` promises, on the memory twin and on a real server."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from functions.index import rows
from shared.adapters.memory import MemoryOriginals, MemoryTables
from shared.adapters.originals import BigQueryOriginals
from shared.contracts.catalogue import KnownAccession, KnownPatient
from shared.errors import TransientError
from shared.ports import Originals, RowSink
from tests.outcomes import AN_IDENTITY, MOMENT, a_stored_object, an_outcome
from tests.warehouse import an_empty_warehouse

Warehouse = tuple[Originals, RowSink]


@pytest.fixture(params=["memory", "server"])
def warehouse(request: pytest.FixtureRequest) -> Iterator[Warehouse]:
    """The table of instances, empty, to be written to and asked."""
    if request.param == "memory":
        tables = MemoryTables()
        yield MemoryOriginals(tables), tables
        return
    project = request.getfixturevalue("bigquery")["GOOGLE_CLOUD_PROJECT"]
    with an_empty_warehouse(project, "instances_current") as sink:
        yield BigQueryOriginals(project, "imaging"), sink


def _archive(
    sink: RowSink, instance: str, study: str | None = "1.2", facility: str = "h", **values: str
) -> None:
    tags = {"PatientID": "00100020", "Issuer": "00100021", "AccessionNumber": "00080050"}
    identity = replace(
        AN_IDENTITY,
        study_instance_uid=study,
        series_instance_uid=study and f"{study}.1",
        sop_instance_uid=instance,
    )
    metadata = {tags[name]: {"vr": "LO", "Value": [value]} for name, value in values.items()}
    outcome = an_outcome(facility=facility, identity=identity, metadata=metadata)
    sink.append("imaging.instances", [rows.instance(outcome)] * 2)


def test_before_the_first_instance_there_are_none(warehouse: Warehouse) -> None:
    originals, _ = warehouse
    assert list(originals.patients()) == []
    assert list(originals.accession_numbers()) == []
    assert list(originals.uids()) == []


def test_the_version_that_took_over_last_is_the_primary_one(warehouse: Warehouse) -> None:
    originals, sink = warehouse
    later = MOMENT + timedelta(hours=1)
    for instance, name, since in [
        ("1", "h/1.dcm", MOMENT),
        ("1", "h/1.a.dcm", later),
        ("1", "h/1.b.dcm", None),
        ("2", "k/2.dcm", MOMENT),
    ]:
        identity = replace(AN_IDENTITY, sop_instance_uid=instance)
        stored = a_stored_object(name, "archive")
        outcome = an_outcome(identity=identity, target=stored, primary_at=since)
        sink.append("imaging.instances", [rows.instance(outcome)] * 2)

    def primaries(prefix: str) -> dict[str, datetime]:
        found = list(originals.primaries("archive", prefix))
        assert len({version.name for version in found}) == len(found)
        return {version.name: version.since for version in found}

    assert primaries("") == {"h/1.a.dcm": later, "k/2.dcm": MOMENT}
    assert primaries("k/") == {"k/2.dcm": MOMENT}
    assert list(originals.primaries("elsewhere")) == []


def test_every_patient_of_a_facility_comes_once(warehouse: Warehouse) -> None:
    originals, sink = warehouse
    _archive(sink, "1", PatientID="ü 1", Issuer="A")
    _archive(sink, "2", "1.3", PatientID="ü 1", Issuer="A")
    _archive(sink, "3", PatientID="ü 1")
    _archive(sink, "4", "1.4", Issuer="A")
    _archive(sink, "5", "1.4", Issuer="A")
    _archive(sink, "6", None)
    _archive(sink, "7", facility="k", PatientID="ü 1")
    known = [
        (patient.facility, patient.patient_id, patient.issuer, patient.study_instance_uid)
        for patient in originals.patients()
    ]
    assert sorted(known) == [
        ("h", "", "", "6"),
        ("h", "", "A", "1.4"),
        ("h", "ü 1", "", ""),
        ("h", "ü 1", "A", ""),
        ("k", "ü 1", "", ""),
    ]
    patient = KnownPatient(facility="h", patient_id="ü 1", issuer="A", study_instance_uid="")
    assert patient in set(originals.patients())


def test_every_accession_number_of_a_facility_comes_once(warehouse: Warehouse) -> None:
    originals, sink = warehouse
    _archive(sink, "1", AccessionNumber="B")
    _archive(sink, "2", AccessionNumber="A")
    _archive(sink, "3", "1.3", AccessionNumber="A")
    _archive(sink, "4")
    _archive(sink, "5", facility="k", AccessionNumber="A")
    known = list(originals.accession_numbers())
    assert len(known) == 3
    assert set(known) == {
        KnownAccession(facility=facility, number=number)
        for facility, number in [("h", "A"), ("h", "B"), ("k", "A")]
    }


def test_every_uid_comes_once(warehouse: Warehouse) -> None:
    originals, sink = warehouse
    _archive(sink, "7")
    _archive(sink, "8")
    _archive(sink, "9", None)
    assert sorted(originals.uids()) == ["1.2", "1.2.1", "7", "8", "9"]


def test_a_dataset_that_is_not_there_is_transient(bigquery: dict[str, str]) -> None:
    nowhere = BigQueryOriginals(bigquery["GOOGLE_CLOUD_PROJECT"], "nowhere")
    with pytest.raises(TransientError):
        list(nowhere.uids())
