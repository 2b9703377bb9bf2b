"""PS3.15 Tables E.1-1, E.3.4-1 and E.3.10-1 as rows; their generators say where they are from."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

TABLE_PATH: Final = Path(__file__).with_name("table_e1_1.json")
CONTENT_PATH: Final = Path(__file__).with_name("table_e3_4_1.json")
SAFE_PRIVATE_PATH: Final = Path(__file__).with_name("safe_private.json")
_PACKAGE: Final = Path(__file__).parent
_MODULES_PATH: Final = _PACKAGE.parent / "standard" / "modules.json"  # the Types of attributes

Element = tuple[int, int]  # of a private block: its group, and the last two digits of the tag


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
class ContentRow:
    """One concept's actions, for the content items that have it as their name."""

    scheme: str  # coding scheme designator, its version in brackets where the standard has one
    code: str
    meaning: str
    value_type: str
    retired: bool
    basic: str
    options: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Table E.1-1 of one edition."""

    edition: str
    options: tuple[str, ...]
    rows: tuple[Row, ...]
    by_tag: Mapping[int, Row]  # rows without a wildcard
    by_pattern: Mapping[str, Row]  # rows with one, and PRIVATE


@cache
def table() -> Table:
    """The table, read once, on first use."""
    data = _read(TABLE_PATH)
    rows = tuple(Row(**row) for row in data["rows"])
    patterns = {row.tag: row for row in rows if "x" in row.tag or row.tag == "PRIVATE"}
    return Table(
        edition=data["source"]["edition"],
        options=tuple(data["options"]),
        rows=rows,
        by_tag={int(row.tag, 16): row for row in rows if row.tag not in patterns},
        by_pattern=patterns,
    )


@cache
def content_rows() -> tuple[ContentRow, ...]:
    """Table E.3.4-1, read once, on first use."""
    return tuple(ContentRow(**row) for row in _read(CONTENT_PATH)["rows"])


@cache
def safe_private() -> Mapping[str, Mapping[Element, str]]:
    """Table E.3.10-1: by private creator, the safe elements of its blocks with their VRs."""
    safe: dict[str, dict[Element, str]] = {}
    for row in _read(SAFE_PRIVATE_PATH)["rows"]:
        element = int(row["tag"][:4], 16), int(row["tag"][6:], 16)
        safe.setdefault(row["creator"], {})[element] = row["vr"]
    return safe


@cache
def tables_digest() -> bytes:
    """SHA-256 of every table that decides what a profile does, of the editions at hand."""
    paths = (*sorted(_PACKAGE.rglob("*.json")), _MODULES_PATH)
    return sha256(b"".join(sha256(path.read_bytes()).digest() for path in paths)).digest()


def _read(path: Path) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return data
