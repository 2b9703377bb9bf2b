"""Each repair of the BigQuery server is still needed; one that is not fails here and can go."""

from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import pytest
import sqlglot
from bqemulator.catalog.models import TableFieldSchema, TableSchema
from bqemulator.grpc_api import write_servicer
from bqemulator.sql import catalog_schema
from bqemulator.sql import translator as translations
from bqemulator.storage.engine import DuckDBEngine
from bqemulator.versioning.snapshots import SnapshotManager

from infra.local import bigquery_repairs as repairs
from infra.local.bigquery import place_extension

NESTED = TableFieldSchema(name="Alphabetic", type="STRING")
NAMES = TableFieldSchema(name="PatientName", type="RECORD", mode="REPEATED", fields=(NESTED,))
TABLE: Any = SimpleNamespace(schema_=TableSchema(fields=(NAMES,)))
TRANSLATOR: Any = translations
SCHEMA: Any = catalog_schema
HANDLER: Any = write_servicer.BigQueryWriteHandler


def _record_fields(schema: Any) -> int:
    return int(schema.field("PatientName").type.value_type.num_fields)


def test_upstream_drops_the_fields_of_records() -> None:
    assert _record_fields(write_servicer._table_arrow_schema(TABLE)) == 0
    assert _record_fields(repairs._table_arrow_schema(TABLE)) == 1


def test_upstream_wants_the_stream_s_name_in_every_request() -> None:
    handler = SimpleNamespace(_bind_stream_to_target=lambda name, _: f"bound again to {name!r}")
    bound = (SimpleNamespace(name="stream"), None)
    bind = HANDLER._ensure_stream_bound
    assert bind(handler, "", bound, None) == "bound again to ''"
    assert repairs._sticky(bind)(handler, "", bound, None) == bound
    assert repairs._sticky(bind)(handler, "other", bound, None) == "bound again to 'other'"


def test_upstream_leaves_results_within_reach_of_the_next_statement() -> None:
    engine: Any = SimpleNamespace(connection=duckdb.connect())
    assert DuckDBEngine.execute(engine, "SELECT 1") is engine.connection
    result = repairs._execute(engine, "SELECT 1")
    repairs._execute(engine, "SELECT 2")
    assert (result.fetchone(), result.fetchone(), result.fetchall()) == ((1,), None, [])


def test_upstream_copies_the_table_at_every_append() -> None:
    statements: list[str] = []
    manager: Any = SimpleNamespace(
        _catalog=SimpleNamespace(get_table=lambda *_: TABLE, create_snapshot=lambda _: None),
        _clock=SimpleNamespace(now=lambda: datetime(2026, 1, 1, tzinfo=UTC)),
        _engine=SimpleNamespace(execute=statements.append),
        _retention_days=7,
    )
    SnapshotManager.capture(manager, "p", "d", "t")
    assert "CREATE TABLE" in statements.pop()
    capture = repairs._when_asked(SnapshotManager.capture)
    assert capture(manager, "p", "d", "t") is None
    assert statements == []
    assert capture(manager, "p", "d", "t", kind="USER") is not None


def test_upstream_lowers_the_names_of_columns() -> None:
    def column(qualify: Any) -> str:
        tree = sqlglot.parse_one("SELECT Facility FROM t", read="duckdb")
        qualified = qualify(tree, schema={"t": {"Facility": "TEXT"}}, dialect="duckdb")
        return str(qualified.selects[0].alias_or_name)

    assert column(TRANSLATOR.qualify) == "facility"
    assert column(repairs._case_kept(TRANSLATOR.qualify)) == "Facility"


def test_upstream_tells_its_optimiser_of_no_record_and_nothing_repeated() -> None:
    name_of, build = SCHEMA._safe_bq_to_duckdb, SCHEMA.build_catalog_schema
    spacing = TableFieldSchema(name="PixelSpacing", type="FLOAT", mode="REPEATED")
    rows = TableFieldSchema(name="Rows", type="INTEGER")
    table = SimpleNamespace(schema_=TableSchema(fields=(NAMES, spacing, rows)))
    asked = {"project_id": "p", "catalog": SimpleNamespace(get_table=lambda *_: table)}
    assert build("SELECT 1 FROM d.t", **asked) == {
        "t": {"PixelSpacing": "DOUBLE", "Rows": "BIGINT"}
    }
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(SCHEMA, "_safe_bq_to_duckdb", repairs._named(name_of))
        assert repairs._modes_told(build)("SELECT 1 FROM d.t", **asked) == {
            "t": {"PatientName": "UNKNOWN", "PixelSpacing": "DOUBLE[]", "Rows": "BIGINT"}
        }


def test_the_extension_is_where_duckdb_looks(tmp_path: Path) -> None:
    placed = place_extension(tmp_path)
    assert place_extension(tmp_path) == placed
    connection = duckdb.connect(config={"home_directory": str(tmp_path)})
    connection.execute("LOAD spatial")
    assert connection.execute("SELECT ST_AsText(ST_Point(1, 2))").fetchone() == ("POINT (1 2)",)


@pytest.mark.parametrize("name", ["capture", "record_change"])
def test_nothing_is_repaired_before_it_is_asked_for(name: str) -> None:
    assert getattr(SnapshotManager, name).__module__ == SnapshotManager.__module__
