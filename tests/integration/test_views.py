"""The views on a real server, over rows as the functions write them, delivered three times."""

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud.bigquery import Client, SchemaField, Table

from functions.index.handler import Index
from infra.definition import load_pipeline
from infra.table_schemas import SCHEMAS, TABLES
from shared.adapters.bigquery import BigQueryTables
from shared.contracts.objects import ObjectVersion, StoredObject
from shared.contracts.outcome import Outcome, OutcomeKind
from shared.contracts.upload import Upload
from tests.conftest import Environment
from tests.outcomes import AN_IDENTITY, an_outcome

DAY = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def _upload(number: int, kind: OutcomeKind, **changes: Any) -> Outcome:
    """The outcome of the n-th upload of a day."""
    source = StoredObject(
        version=ObjectVersion(bucket="inbox", name=f"demo-hospital/{number}", generation=number),
        size=100,
        crc32c="0badcafe",
        created=DAY,
    )
    target = replace(
        source,
        version=ObjectVersion(bucket="archive", name=f"x/{number}.dcm", generation=number),
    )
    identity = replace(AN_IDENTITY, sop_instance_uid=f"1.2.3.4.{number}")
    of_instance = kind in {OutcomeKind.ARCHIVED, OutcomeKind.DUPLICATE, OutcomeKind.CONFLICT}
    fields = {
        "source": source,
        "target": target,
        "root_event_id": f"{number:032x}",
        "identity": identity if of_instance else None,
    }
    return an_outcome(kind, **(fields | changes))


FIRST = _upload(1, OutcomeKind.ARCHIVED)
OUTCOMES = [
    FIRST,
    _upload(2, OutcomeKind.ARCHIVED),
    _upload(3, OutcomeKind.DUPLICATE, identity=FIRST.identity, target=FIRST.target),
    _upload(4, OutcomeKind.CONFLICT, identity=FIRST.identity),
    _upload(5, OutcomeKind.QUARANTINED, reason="not-dicom"),
    _upload(6, OutcomeKind.QUARANTINED, reason="not-dicom"),
    _upload(7, OutcomeKind.IGNORED, reason="dicomdir"),
]
OPEN = ObjectVersion(bucket="inbox", name="demo-hospital/8", generation=8)
LANDED = [
    Upload(version=version, landed_at=DAY)
    for version in [*(outcome.source.version for outcome in OUTCOMES), OPEN]
]


@pytest.fixture(scope="module")
def warehouse(bigquery_server: Environment) -> Iterator[Client]:
    """Our tables and views, with every outcome delivered three times in random order."""
    with pytest.MonkeyPatch.context() as patched:
        for name, value in bigquery_server.items():
            patched.setenv(name, value)
        project = bigquery_server["GOOGLE_CLOUD_PROJECT"]
        client = Client(project=project, credentials=AnonymousCredentials())
        _make(client)
        datasets = {name: name for name in load_pipeline().datasets}
        index = Index(tables=BigQueryTables(project, SCHEMAS, datasets))
        told: list[Outcome | Upload] = [*OUTCOMES, *LANDED] * 3
        random.Random(1).shuffle(told)
        for each in told:
            index(each)
        yield client


def _make(client: Client) -> None:
    for dataset in load_pipeline().datasets.values():
        client.delete_dataset(dataset.name, delete_contents=True, not_found_ok=True)
        client.create_dataset(dataset.name)
    for name, schema in TABLES.items():
        fields = [SchemaField.from_api_repr(field) for field in schema["fields"]]  # type: ignore[attr-defined]
        client.create_table(Table(f"{client.project}.{name}", fields))
    for dataset in load_pipeline().datasets.values():
        for name in dataset.views:
            view = Table(f"{client.project}.{dataset.name}.{name}")
            file = SCHEMAS.parent / "views" / f"{dataset.name}.{name}.sql"
            view.view_query = file.read_text()
            client.create_table(view)


def _rows(client: Client, sql: str) -> list[dict[str, Any]]:
    return [dict(row) for row in client.query(sql).result()]


def test_each_upload_counts_once(warehouse: Client) -> None:
    rows = _rows(warehouse, "SELECT ObjectName, Outcome FROM imaging.uploads_current")
    assert sorted((row["ObjectName"], row["Outcome"]) for row in rows) == [
        (outcome.source.version.name, outcome.kind.value) for outcome in OUTCOMES
    ]


def test_each_instance_is_there_once_in_its_primary_version(warehouse: Client) -> None:
    rows = _rows(warehouse, "SELECT SOPInstanceUID, ObjectUri FROM imaging.instances_current")
    assert sorted((row["SOPInstanceUID"], row["ObjectUri"]) for row in rows) == [
        ("1.2.3.4.1", "gs://archive/x/1.dcm"),
        ("1.2.3.4.2", "gs://archive/x/2.dcm"),
    ]


def test_a_facilitys_day_adds_up(warehouse: Client) -> None:
    (row,) = _rows(warehouse, "SELECT * FROM imaging.daily_facility")
    assert (row["Facility"], row["LandedOn"], row["Uploaded"]) == ("demo-hospital", DAY.date(), 8)
    counted = {
        kind: row[kind.capitalize()]
        for kind in [*OutcomeKind, "undecided"]
        if kind.capitalize() in row
    }
    assert counted == {
        "archived": 2,
        "duplicate": 1,
        "conflict": 1,
        "quarantined": 2,
        "expanded": 0,
        "ignored": 1,
        "undecided": 1,
    }
    assert row["Bytes"] == 700


def test_what_has_no_outcome_is_open(warehouse: Client) -> None:
    (row,) = _rows(warehouse, "SELECT * FROM imaging.open_uploads")
    assert (row["ObjectName"], row["LandedAt"]) == (OPEN.name, DAY)


def test_a_study_counts_its_instances(warehouse: Client) -> None:
    (row,) = _rows(warehouse, "SELECT * FROM imaging.studies")
    assert row["StudyInstanceUID"] == AN_IDENTITY.study_instance_uid
    assert (row["ModalitiesInStudy"], row["PatientID"]) == ("CT", "PLANTED-ID")
    assert (row["NumberOfStudyRelatedSeries"], row["NumberOfStudyRelatedInstances"]) == (1, 2)


def test_reasons_are_counted(warehouse: Client) -> None:
    (row,) = _rows(warehouse, "SELECT * FROM imaging.quarantine_reasons")
    assert (row["Reason"], row["Files"], row["Bytes"]) == ("not-dicom", 2, 200)


def test_both_versions_of_a_conflict_are_named(warehouse: Client) -> None:
    (row,) = _rows(warehouse, "SELECT * FROM imaging.conflicts")
    assert (row["SOPInstanceUID"], row["Versions"], row["Studies"]) == ("1.2.3.4.1", 2, 1)
    assert row["ObjectUris"] == ["gs://archive/x/1.dcm", "gs://archive/x/4.dcm"]


def test_every_view_answers(warehouse: Client) -> None:
    for dataset in load_pipeline().datasets.values():
        for view in dataset.views:
            _rows(warehouse, f"SELECT * FROM {dataset.name}.{view} LIMIT 1")
