import json

import pytest

from functions.index import rows
from functions.sweep.report import Report
from infra.definition import load_pipeline
from infra.table_schemas import SCHEMAS, TABLES, text
from shared.adapters.table_rows import RowWriter
from shared.contracts.outcome import OutcomeKind
from shared.contracts.upload import Upload
from tests.operating import a_question
from tests.outcomes import MOMENT, an_outcome

ROWS = {
    "imaging.instances": rows.instance(an_outcome()),
    "imaging.landed": rows.landed(Upload(version=an_outcome().source.version, landed_at=MOMENT)),
    "imaging.uploads": rows.upload(an_outcome()),
    "imaging.deid_audit": rows.audit(an_outcome(OutcomeKind.HELD)),
    "imaging.reidentifications": a_question().row(MOMENT, "0123456789abcdef", found=True),
    "imaging.sweeps": Report(started=MOMENT, max_findings=1).row(MOMENT),
    "research.instances": rows.research_instance(an_outcome(OutcomeKind.DEIDENTIFIED)),
}


def test_the_schema_files_are_what_the_code_makes() -> None:
    files = {path.stem: path.read_text() for path in SCHEMAS.glob("*.json")}
    assert files == {name: text(schema) for name, schema in TABLES.items()}


def test_the_definition_names_every_table_and_view() -> None:
    datasets = load_pipeline().datasets.values()
    tables = {f"{dataset.name}.{table}" for dataset in datasets for table in dataset.tables}
    views = {f"{dataset.name}.{view}" for dataset in datasets for view in dataset.views}
    assert tables == set(TABLES)
    assert views == {path.stem for path in (SCHEMAS.parent / "views").glob("*.sql")}


@pytest.mark.parametrize("table", TABLES)
def test_a_row_has_every_column_and_no_other(table: str) -> None:
    fields = json.loads((SCHEMAS / f"{table}.json").read_text())["fields"]
    assert set(ROWS[table]) == {field["name"] for field in fields}
    assert RowWriter(table, fields).serialize(ROWS[table])


@pytest.mark.parametrize("table", TABLES)
def test_every_column_is_described(table: str) -> None:
    fields = json.loads((SCHEMAS / f"{table}.json").read_text())["fields"]
    assert [field["name"] for field in fields if not field["description"]] == []


def test_a_research_row_does_not_lead_back() -> None:
    row = rows.research_instance(an_outcome(OutcomeKind.DEIDENTIFIED))
    assert {"EventId", "RootEventId", "Facility"} & set(row) == set()
