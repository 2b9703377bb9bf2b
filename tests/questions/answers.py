"""What the warehouse of three made-up days answers to the questions of the page for analysts.

`make questions` writes each answer below its question, and the pictures that the notebook draws;
a test asks again and compares.
"""

import os
import re
import subprocess
import sys
import warnings
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from google.cloud.bigquery import Client

from infra.local.layout import ROOT
from infra.local.sql import query
from infra.local.table import render
from tests.integration.servers import serving
from tests.questions.page import PAGE, QUESTION, Question
from tests.questions.three_days import ASKED, played
from tests.warehouse import a_warehouse

NOTEBOOK: Final = ROOT / "infra" / "notebooks" / "overview.py"
PICTURES: Final = NOTEBOOK.with_name("pictures")
_ROWS_AT_ONCE: Final = 200
_NOW: Final = {
    "CURRENT_DATE()": f"DATE '{ASKED:%Y-%m-%d}'",
    "CURRENT_TIMESTAMP()": f"TIMESTAMP '{ASKED:%Y-%m-%d %H:%M:%S}+00'",
}


def ask(client: Client, question: Question) -> str:
    """Return the table that `make sql` prints, as if asked on the day after the three."""
    sql = question.sql
    for now, then in _NOW.items():
        sql = sql.replace(now, then)
    return "".join(f"{line}\n" for line in render(*query(client, sql)))


def rendered(page: str, client: Client) -> str:
    """Return a page with its answers as the warehouse gives them."""

    def anew(found: re.Match[str]) -> str:
        question = Question.of(found)
        if question.answer is None:
            return found[0]
        start, end = found.span("answer")
        begin = found.start()
        return found[0][: start - begin] + ask(client, question) + found[0][end - begin :]

    return QUESTION.sub(anew, page)


def fill(variables: Mapping[str, str]) -> Client:
    """Make every table and view of a server anew, with the three days in them."""
    client, tables = a_warehouse(variables)
    for table, rows in played().tables.rows.items():
        for start in range(0, len(rows), _ROWS_AT_ONCE):
            tables.append(table, rows[start : start + _ROWS_AT_ONCE])
    return client


def draw(variables: Mapping[str, str], folder: Path) -> None:
    """Run the notebook as a script; its pictures are in the folder."""
    environment = {**os.environ, **variables, "INLET_PICTURES": str(folder), "MPLBACKEND": "svg"}
    subprocess.run([sys.executable, NOTEBOOK], env=environment, check=True)


def main() -> None:
    """Write the answers and the pictures."""
    warnings.filterwarnings("ignore", module="pydicom")  # of what a device writes wrongly
    with TemporaryDirectory() as folder, serving("bigquery", Path(folder)) as variables:
        os.environ.update(variables)
        client = fill(variables)
        PAGE.write_text(rendered(PAGE.read_text(encoding="utf-8"), client), encoding="utf-8")
        draw(variables, PICTURES)


if __name__ == "__main__":
    main()
