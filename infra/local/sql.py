"""`make sql`: one query, one table, one line when it fails."""

import argparse
import shutil

from google.api_core.exceptions import GoogleAPICallError
from google.cloud import bigquery

from infra.local.clients import Clients
from infra.local.console import Console, clean
from infra.local.layout import Layout
from infra.local.lifecycle import running_environment
from infra.local.table import render


def query(client: bigquery.Client, text: str) -> tuple[list[str], list[list[object]]]:
    """The columns and rows of a query."""
    result = client.query(text).result()
    rows = [list(row.values()) for row in result]
    return [field.name for field in result.schema], rows


def explain(error: GoogleAPICallError) -> str:
    """What was wrong with a query, in one line."""
    texts = [str(item.get("message", "")) for item in error.errors if isinstance(item, dict)]
    return clean(" ".join((next(filter(None, texts), "") or str(error.message)).split()))


def run(options: argparse.Namespace, layout: Layout) -> int:
    """Print the result of a query; status 1 when it fails."""
    console = Console()
    clients = Clients(running_environment(layout))
    try:
        columns, rows = query(clients.bigquery, options.query)
    except GoogleAPICallError as error:
        console.line(f"sql: {explain(error)}")
        return 1
    width = shutil.get_terminal_size().columns if console.live else None
    for line in render(columns, rows, width, console.styled, console.paint):
        console.line(line)
    console.line(console.styled("dim", f"{len(rows)} row{'' if len(rows) == 1 else 's'}"))
    return 0
