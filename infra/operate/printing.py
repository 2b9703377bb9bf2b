"""Tables on a console, as every command prints them."""

from collections.abc import Iterable, Sequence

from infra.local.console import Console
from infra.local.table import render


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print rows below the names of their columns."""
    console = Console()
    for line in render(columns, rows, None, console.styled):
        console.line(line)
