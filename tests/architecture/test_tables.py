import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest

from functions.index import rows
from functions.sweep.completion import row_of
from functions.sweep.receipts import row as receipt_row
from functions.sweep.report import Report
from infra.definition import load_pipeline
from infra.dictionary import SOURCES
from infra.example_rows import example_rows
from infra.table_schemas import ATTRIBUTES, SCHEMAS, TABLES, text
from shared.adapters.table_rows import RowWriter
from shared.contracts.outcome import OutcomeKind
from shared.contracts.targets import Result
from shared.contracts.upload import Upload
from shared.dicom.deidentification.table import TABLE_PATH
from tests.attempts import an_attempt
from tests.events import event_of
from tests.issuing import a_receipt
from tests.operating import KEY, a_question, an_erasure
from tests.outcomes import MOMENT, an_outcome
from tests.studies import a_state

TALLIES = dict.fromkeys(
    ("studies_completed", "studies_reopened", "studies_told", "receipts_issued", "receipts_told"), 1
)
ROWS = {
    "imaging.instances": rows.instance(an_outcome()),
    "imaging.events": rows.event(event_of(an_outcome()), MOMENT),
    "imaging.deliveries": an_attempt().row(Result.REFUSED),
    "imaging.landed": rows.landed(Upload(version=an_outcome().source.version, landed_at=MOMENT)),
    "imaging.uploads": rows.upload(an_outcome()),
    "imaging.deid_audit": rows.audit(an_outcome(OutcomeKind.HELD)),
    "imaging.reidentifications": a_question().row(MOMENT, "0123456789abcdef", found=True),
    "imaging.erasures": an_erasure().row(MOMENT, KEY, "begun", Counter({"archive": 1})),
    "imaging.study_changes": row_of(a_state()),
    "imaging.receipts": receipt_row(a_receipt()),
    "imaging.sweeps": Report(started=MOMENT, max_findings=1, tallies=TALLIES).row(MOMENT),
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


def _leaves(fields: Sequence[Mapping[str, Any]], path: str = "") -> Iterator[tuple[str, Any]]:
    for field in fields:
        name = f"{path}{field['name']}"
        if "fields" in field:
            assert "policyTags" not in field, "BigQuery restricts no record as a whole"
            yield from _leaves(field["fields"], f"{name}.")
        else:
            yield name, field.get("policyTags", {}).get("names", [])


def _policies(table: str) -> dict[str, list[str]]:
    fields = json.loads((SCHEMAS / f"{table}.json").read_text())["fields"]
    return {name: names for name, names in _leaves(fields) if names}


def test_every_attribute_that_the_basic_profile_acts_on_is_restricted() -> None:
    rows = json.loads(TABLE_PATH.read_text(encoding="utf-8"))["rows"]
    acted_on = {row["tag"].upper(): row["basic"] for row in rows}
    restricted = {name.partition(".")[0] for name in _policies("imaging.instances")}
    attributes = {name: tag for name, tag in ATTRIBUTES.items() if tag in acted_on}
    assert len(attributes) > 25
    assert set(attributes) - restricted == set()
    for name, tag in attributes.items():
        expected = "linking" if acted_on[tag] == "U" else "identifying"
        assert set(_named(_policies("imaging.instances"), name)) == {expected}


def _named(policies: Mapping[str, list[str]], name: str) -> Iterator[str]:
    yield from (
        tag for leaf, tags in policies.items() if leaf.partition(".")[0] == name for tag in tags
    )


def test_restricted_columns_beside_attributes_are_these() -> None:
    assert {
        (table, name, *tags)
        for table in TABLES
        for name, tags in _policies(table).items()
        if name.partition(".")[0] not in ATTRIBUTES
    } == {
        ("imaging.instances", "Metadata", "identifying"),
        ("imaging.instances", "MetadataUri", "linking"),
        ("imaging.instances", "ObjectUri", "linking"),
        ("imaging.landed", "ObjectName", "identifying"),
        ("imaging.uploads", "ObjectName", "identifying"),
        ("imaging.uploads", "References.SOPInstanceUID", "linking"),
        ("imaging.uploads", "References.FileID", "identifying"),
        ("imaging.uploads", "References.StudyInstanceUID", "linking"),
        ("imaging.uploads", "Expected.StudyInstanceUID", "linking"),
        ("imaging.uploads", "TargetUri", "identifying"),
        ("imaging.deid_audit", "SourceUri", "linking"),
        ("imaging.events", "Data", "linking"),
        ("imaging.erasures", "Who", "identifying"),
        ("imaging.erasures", "Reason", "identifying"),
        ("imaging.erasures", "Subject", "linking"),
        ("imaging.reidentifications", "Who", "identifying"),
        ("imaging.reidentifications", "Reason", "identifying"),
        ("imaging.reidentifications", "Pseudonym", "linking"),
        ("imaging.study_changes", "Data", "linking"),
        ("imaging.receipts", "Data", "identifying"),
        ("imaging.sweeps", "RedrivenTo", "identifying"),
        ("imaging.sweeps", "ComparedFrom", "linking"),
        ("imaging.sweeps", "ComparedTo", "linking"),
        ("imaging.sweeps", "Findings.ObjectUri", "identifying"),
    }


def test_copies_are_not_restricted() -> None:
    assert _policies("research.instances") == {}


def test_no_table_has_a_hundred_columns() -> None:
    assert max(len(schema["fields"]) for schema in TABLES.values()) < 100  # type: ignore[arg-type]


def test_a_research_row_does_not_lead_back() -> None:
    row = rows.research_instance(an_outcome(OutcomeKind.DEIDENTIFIED))
    assert {"EventId", "RootEventId", "Facility"} & set(row) == set()


@pytest.mark.parametrize("table", TABLES)
def test_the_dictionary_has_an_example_of_every_column(table: str) -> None:
    fields = json.loads((SCHEMAS / f"{table}.json").read_text())["fields"]
    example = example_rows()[table]
    assert set(example) == {field["name"] for field in fields}
    empty = {name for name, value in example.items() if value in (None, [], "")}
    assert {name for name in empty if table != "research.instances"} <= {"ComparedFrom", "Reason"}
    assert RowWriter(table, fields).serialize(example)


def test_what_is_no_attribute_has_a_source_that_is_said() -> None:
    names = {str(field["name"]) for schema in TABLES.values() for field in _fields(schema)}
    assert names - set(ATTRIBUTES) == set(SOURCES)


def _fields(schema: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    fields: Sequence[Mapping[str, Any]] = schema["fields"]
    return fields
