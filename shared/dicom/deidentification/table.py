"""PS3.15 Table E.1-1 as rows; `generate_table.py` says where the data are from."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

TABLE_PATH: Final = Path(__file__).with_name("table_e1_1.json")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One attribute's actions: the Basic Profile's and, by option, those that override it."""

    tag: str  # eight hexadecimal digits; x where any digit matches; PRIVATE for odd groups
    name: str
    retired: bool
    in_standard_iod: bool
    basic: str
    options: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Table E.1-1 of one edition."""

    edition: str
    options: tuple[str, ...]
    rows: tuple[Row, ...]
    by_tag: Mapping[int, Row]  # rows without a wildcard


@cache
def table() -> Table:
    """The table, read once, on first use."""
    data = json.loads(TABLE_PATH.read_text("utf-8"))
    rows = tuple(Row(**row) for row in data["rows"])
    plain = {int(row.tag, 16): row for row in rows if "x" not in row.tag and row.tag != "PRIVATE"}
    return Table(
        edition=data["source"]["edition"],
        options=tuple(data["options"]),
        rows=rows,
        by_tag=plain,
    )
