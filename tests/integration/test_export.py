"""The views of `research` as Parquet files, as those who have pandas or DuckDB read them."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest
from google.cloud.bigquery import Client
from pyarrow import parquet

from infra.definition import load_pipeline
from infra.local.export import export
from tests.benchmarks.real_outcomes import ingested, named
from tests.benchmarks.research_values import values_of
from tests.benchmarks.settled import deliver
from tests.builders import an_instance
from tests.conftest import Environment
from tests.warehouse import a_warehouse

RESEARCH = load_pipeline().datasets["research"]
PLANTED = ("Zyxelquorra", "MRN-7708642", "ACC-5521907", "19610504")
WHO: dict[str, Any] = dict(
    zip(("PatientName", "PatientID", "AccessionNumber", "StudyDate"), PLANTED, strict=True)
)


@pytest.fixture(scope="module")
def client(bigquery_server: Environment, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A warehouse with three copies, the third of another modality."""
    folder = tmp_path_factory.mktemp("sent")
    for number, modality in enumerate(("CT", "CT", "MR"), 1):
        image = an_instance(
            study=number, instance=number, modality=modality, BurnedInAnnotation="NO", **WHO
        )
        (folder / str(number)).write_bytes(image)
    with pytest.MonkeyPatch.context() as patched:
        for name, value in bigquery_server.items():
            patched.setenv(name, value)
        asks, tables = a_warehouse(bigquery_server)
        deliver(ingested(named(sorted(folder.iterdir()))), tables, seed=1)
        yield asks


def _read(file: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = parquet.read_table(file).to_pylist()
    return rows


def _text(file: Path) -> str:
    rows = [{**row, "Metadata": json.loads(row.get("Metadata") or "{}")} for row in _read(file)]
    return "\n".join(value.text for row in rows for value in values_of(row))


def test_each_view_is_a_file_with_all_its_rows(client: Client, tmp_path: Path) -> None:
    written = dict(export(client, RESEARCH, tmp_path / "samples"))
    assert [file.name for file in written] == [f"{view}.parquet" for view in RESEARCH.views]
    for view, (file, rows) in zip(RESEARCH.views, written.items(), strict=True):
        shown = client.query(f"SELECT * FROM research.{view}").result()
        assert rows == len(_read(file)) == shown.total_rows
        assert set(parquet.read_schema(file).names) == {each.name for each in shown.schema}
    assert written[tmp_path / "samples" / "instances_current.parquet"] == 3


def test_values_have_the_types_of_their_columns(client: Client, tmp_path: Path) -> None:
    (file, _), *_ = export(client, replace(RESEARCH, views=("instances_current",)), tmp_path)
    schema = parquet.read_schema(file)
    assert schema.field("Rows").type == pa.int64()
    assert schema.field("StudyDate").type == pa.date32()
    assert pa.types.is_list(schema.field("PixelSpacing").type)
    assert pa.types.is_struct(schema.field("PatientName").type)


def test_duckdb_queries_columns_and_metadata(client: Client, tmp_path: Path) -> None:
    (file, _), *_ = export(client, replace(RESEARCH, views=("instances_current",)), tmp_path)
    found = duckdb.sql(
        f"""SELECT Modality, COUNT(*) FROM '{file}'
        WHERE Metadata ->> '$."00080060".Value[0]' = Modality GROUP BY Modality ORDER BY Modality"""
    )
    assert found.fetchall() == [("CT", 2), ("MR", 1)]


def test_nobody_is_named(client: Client, tmp_path: Path) -> None:
    research = [_text(file) for file, _ in export(client, RESEARCH, tmp_path / "research")]
    imaging = replace(load_pipeline().datasets["imaging"], views=("instances_current",))
    originals = [_text(file) for file, _ in export(client, imaging, tmp_path / "imaging")]
    assert [word for word in PLANTED if word not in originals[0]] == []
    assert [word for word in PLANTED for text in research if word in text] == []
