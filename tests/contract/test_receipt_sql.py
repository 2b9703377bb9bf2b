"""The queries that receipts are made of are BigQuery's SQL: its own analyser says so."""

import re

import pytest

from infra.definition import load_pipeline
from infra.googlesql import analysed
from shared.adapters import receipt_sql as queries

TABLES = "|".join(load_pipeline().datasets["imaging"].tables)
VALUES = {
    "since": "TIMESTAMP '2026-01-02 03:04:05+00'",
    "until": "TIMESTAMP '2026-01-03 03:04:05+00'",
    "facility": "'demo-hospital'",
    "names": "20",
}
QUERIES = {
    name: getattr(queries, name)
    for name in ("UNSAID", "COVERED", "TOTALS", "GROUPS", "WARNINGS", "STUDIES")
}


@pytest.mark.parametrize("query", QUERIES)
def test_a_query_is_bigquery_s_sql(query: str) -> None:
    sql = re.sub(r"@(\w+)", lambda found: VALUES[found[1]], QUERIES[query])
    sql = re.sub(rf"\b(FROM|JOIN) ({TABLES})\b", r"\1 imaging.\2", sql)
    assert analysed()[0].columns(sql)


@pytest.mark.parametrize("query", [name for name in QUERIES if name != "COVERED"])
def test_each_table_with_partitions_is_read_of_a_time_only(query: str) -> None:
    """But for where receipts end, which is two columns of a small table."""
    bounds = {"landed": "LandedAt", "uploads": "LandedAt", "instances": "LastUpdated",
              "study_changes": "DeclaredAt"}  # fmt: skip
    text = QUERIES[query]
    for table in re.findall(rf"FROM ({TABLES})\b", text):
        if table in bounds:
            assert re.search(
                rf"FROM {table}\b[^()]*WHERE[^)]*{bounds[table]} >= (?:TIMESTAMP_SUB\()?@since",
                text.replace("UNNEST(uploads.Warnings)", "UNNEST"),
            ), table
