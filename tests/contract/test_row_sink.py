"""What the BigQuery tables promise: rows arrive whole, as the schema files have them."""

import json
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud.bigquery import Client, SchemaField, Table

from functions.index import rows
from infra.table_schemas import SCHEMAS
from shared.adapters.bigquery import BigQueryTables
from shared.contracts.outcome import OutcomeKind
from shared.errors import TransientError
from shared.ports import Row
from tests.outcomes import MOMENT, an_outcome
from tests.warehouse import make_tables

DATASETS = ("imaging", "research")


@pytest.fixture
def client(bigquery: Mapping[str, str]) -> Iterator[Client]:
    """A warehouse with our tables, empty."""
    client = Client(project=bigquery["GOOGLE_CLOUD_PROJECT"], credentials=AnonymousCredentials())
    for dataset in DATASETS:
        make_tables(client, dataset)
    yield client
    client.close()


@pytest.fixture
def tables(client: Client) -> BigQueryTables:
    return BigQueryTables(client.project, SCHEMAS, {name: name for name in DATASETS})


def _read(client: Client, query: str) -> list[dict[str, Any]]:
    return [dict(row) for row in client.query(query).result()]


def _without_uploads(client: Client) -> Sequence[SchemaField]:
    """Delete the table; return the columns that it had."""
    columns: Sequence[SchemaField] = client.get_table("imaging.uploads").schema
    client.delete_table("imaging.uploads")
    return columns


def _with_uploads(client: Client, columns: Sequence[SchemaField]) -> None:
    client.create_table(Table(f"{client.project}.imaging.uploads", columns))


@pytest.mark.parametrize(
    ("table", "row"),
    [
        ("imaging.instances", rows.instance(an_outcome())),
        ("imaging.uploads", rows.upload(an_outcome(OutcomeKind.QUARANTINED))),
        ("imaging.deid_audit", rows.audit(an_outcome(OutcomeKind.DEIDENTIFIED))),
        ("research.instances", rows.research_instance(an_outcome(OutcomeKind.DEIDENTIFIED))),
        (
            "research.instances",
            rows.withheld_instance(
                an_outcome(OutcomeKind.HELD, withheld_uid="2.25.1", primary_at=MOMENT)
            ),
        ),
    ],
)
def test_a_row_is_read_as_it_was_written(
    client: Client, tables: BigQueryTables, table: str, row: Row
) -> None:
    tables.append(table, [row])
    (read,) = _read(client, f"SELECT * FROM `{table}`")
    expected: dict[str, Any] = {
        name: value for name, value in row.items() if value not in (None, [])
    }
    for values in read, expected:
        if isinstance(values.get("Metadata"), str | bytes):
            values["Metadata"] = json.loads(values["Metadata"])
    assert {name: read[name] for name in expected} == expected
    assert {name for name, value in read.items() if value not in (None, [])} == set(expected)


def test_concurrent_appends_all_arrive(client: Client, tables: BigQueryTables) -> None:
    def append(number: int) -> None:
        tables.append("imaging.uploads", [rows.upload(an_outcome(root_event_id=str(number)))])

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(append, range(200)))
    (read,) = _read(client, "SELECT COUNT(DISTINCT RootEventId) AS n FROM imaging.uploads")
    assert read["n"] == 200


def test_a_timestamp_is_exact(client: Client, tables: BigQueryTables) -> None:
    tables.append("imaging.uploads", [rows.upload(an_outcome())])
    (read,) = _read(client, "SELECT DecidedAt FROM imaging.uploads")
    assert read["DecidedAt"] == MOMENT


def test_a_table_that_is_not_there_is_transient_and_heals(
    client: Client, tables: BigQueryTables
) -> None:
    columns = _without_uploads(client)
    with pytest.raises(TransientError):
        tables.append("imaging.uploads", [rows.upload(an_outcome())])
    _with_uploads(client, columns)
    tables.append("imaging.uploads", [rows.upload(an_outcome())])
    (read,) = _read(client, "SELECT COUNT(*) AS n FROM imaging.uploads")
    assert read["n"] == 1


def test_a_table_with_columns_that_the_rows_do_not_have_is_written_to(
    client: Client, tables: BigQueryTables
) -> None:
    columns = _without_uploads(client)
    _with_uploads(client, [*columns, SchemaField("Later", "STRING")])
    tables.append("imaging.uploads", [rows.upload(an_outcome())])
    (read,) = _read(client, "SELECT Outcome, Later FROM imaging.uploads")
    assert read == {"Outcome": "archived", "Later": None}


def test_rows_with_a_column_that_the_table_does_not_have_are_written_without_it(
    client: Client, tables: BigQueryTables
) -> None:
    columns = _without_uploads(client)
    _with_uploads(client, [each for each in columns if each.name != "DurationMs"])
    tables.append("imaging.uploads", [rows.upload(an_outcome())])
    (read,) = _read(client, "SELECT * FROM imaging.uploads")
    assert read["Outcome"] == "archived"
    assert "DurationMs" not in read
