"""Every query that an adapter asks is BigQuery's SQL: its own analyser says so."""

import re
from collections.abc import Iterator
from types import ModuleType

import pytest
from zetasql.core.exceptions import ServerError

from infra.definition import load_pipeline
from infra.googlesql import analysed
from shared.adapters import catalogue, ledger, originals, studies

IMAGING = load_pipeline().datasets["imaging"]
PARAMETERS = {
    **dict.fromkeys(("first", "since", "until"), "TIMESTAMP '2026-01-02 03:04:05+00'"),
    **dict.fromkeys(("after", "bucket", "folder", "prefix"), "'text'"),
    "limit": "7",
    "only": "['text']",
}


def _queries(*modules: ModuleType) -> Iterator[tuple[str, str]]:
    for module in modules:
        for name, text in vars(module).items():
            if isinstance(text, str) and text.lstrip().startswith(("SELECT", "WITH")):
                yield f"{module.__name__.rpartition('.')[2]}{name}", text


QUERIES = dict(_queries(catalogue, ledger, originals, studies))


def _analysed(sql: str) -> object:
    """Analyse a query with a value in the place of each parameter, and its dataset said."""
    sql = re.sub(r"@(\w+)", lambda found: PARAMETERS[found[1]], sql)
    own = set(re.findall(r"\b(\w+) AS \(", sql))
    names = "|".join({*IMAGING.tables, *IMAGING.views} - own)
    sql = re.sub(rf"\b(FROM|JOIN) ({names})\b", r"\1 imaging.\2", sql)
    # The analyser knows this function of BigQuery's by its other form only.
    sql = re.sub(r"MAX_BY\((\w+), (.+)\) AS", r"ANY_VALUE(\1 HAVING MAX \2) AS", sql)
    return analysed()[0].columns(sql)


@pytest.mark.parametrize("query", QUERIES)
@pytest.mark.parametrize("table", ["study_changes", "receipts"])
def test_a_query_is_bigquery_s_sql(query: str, table: str) -> None:
    assert _analysed(QUERIES[query].replace("{table}", table))


def test_a_query_that_is_none_is_found() -> None:
    with pytest.raises(ServerError):
        _analysed("SELECT Studie FROM study_changes WHERE DeclaredAt >= @since")
