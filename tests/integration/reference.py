"""Google's own engine in the place of BigQuery: the reference implementation of GoogleSQL.

It has no tables: what `index` writes is put into each query as literals, and so are the views.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from functions.index.handler import Index, read
from infra.googlesql import VIEWS, analysed
from infra.table_schemas import TABLES
from shared.adapters.memory import ManualClock, MemoryTables
from shared.contracts.message import Message

Row = dict[str, Any]
_NAME = re.compile(r"\b((?:imaging|research)\.\w+)`")
_UNQUOTED = re.compile(r"(?<![`\w.])((?:imaging|research)\.\w+)(?!`)\b")
_REPORTS = "1.2.840.10008.5.1.4.1.1.88."
_TYPES = {"INTEGER": "INT64", "FLOAT": "FLOAT64", "BOOLEAN": "BOOL"}


class Reference:
    """The warehouse after each message was told: once, as this engine takes little at a time."""

    def __init__(self, messages: Sequence[Message]) -> None:
        tables = MemoryTables()
        index = Index(tables=tables, clock=ManualClock())
        for message in messages:
            index(read(message))
        self._queries = {path.stem: path.read_text() for path in VIEWS.glob("*.sql")}
        for name, schema in TABLES.items():
            rows = map(_without_unread, tables.rows.get(name, []))
            self._queries[name] = _literal_table(schema["fields"], list(rows))

    def ask(self, sql: str) -> list[Row]:
        """Return what a query answers."""
        question = _UNQUOTED.sub(r"`\1`", sql).rstrip().removesuffix(";")
        needed = ",\n".join(
            f"`{name}` AS (\n{self._queries[name]}\n)" for name in self._needed(question)
        )
        warehouse, _ = analysed()
        kinds = warehouse.columns(question)
        texts = f"WITH {needed} SELECT TO_JSON_STRING(found) FROM (\n{question}\n) AS found"
        return [
            {name: _read(kinds[name], value) for name, value in json.loads(row).items()}
            for row in warehouse.texts(texts)
        ]

    def _needed(self, sql: str, known: dict[str, None] | None = None) -> dict[str, None]:
        """The tables and views that a query reads, each after those that it reads."""
        known = {} if known is None else known
        for name in _NAME.findall(sql):
            if name not in known:
                self._needed(self._queries[name], known)
                known[name] = None
        return known


def _without_unread(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a row without metadata that no view reads: a table may have a megabyte here."""
    is_read = "Metadata" not in row or str(row["SOPClassUID"]).startswith(_REPORTS)
    return row if is_read else {**row, "Metadata": None}


def _read(kind: Any, value: Any) -> Any:
    """Return a value as BigQuery's client has it: an array is never NULL there."""
    if kind.is_array():
        return value or []
    return date.fromisoformat(value) if value and kind.is_date() else value


def _literal_table(fields: Any, rows: Sequence[Mapping[str, Any]]) -> str:
    values = ",\n".join(f"({', '.join(_literals(fields, row))})" for row in rows)
    return f"SELECT * FROM UNNEST(ARRAY<{_struct(fields)}>[{values}])"


def _struct(fields: Any) -> str:
    columns = (f"`{field['name']}` {_type(field)}" for field in fields)
    return f"STRUCT<{', '.join(columns)}>"


def _type(field: Mapping[str, Any]) -> str:
    kind = _TYPES.get(field["type"], field["type"])
    kind = _struct(field["fields"]) if kind == "RECORD" else kind
    return f"ARRAY<{kind}>" if field["mode"] == "REPEATED" else kind


def _literals(fields: Any, row: Mapping[str, Any]) -> Iterator[str]:
    for field in fields:
        value = row.get(field["name"])
        if field["mode"] == "REPEATED":
            yield f"[{', '.join(_literal(field, each) for each in value or ())}]"
        else:
            yield _literal(field, value)


def _literal(field: Mapping[str, Any], value: Any) -> str:
    if value is None:
        return "NULL"
    if field["type"] == "RECORD":
        return f"({', '.join(_literals(field['fields'], value))})"
    if field["type"] == "JSON":
        return f"JSON {_text(value.decode() if isinstance(value, bytes) else _text(value))}"
    if field["type"] in {"INTEGER", "BOOLEAN"}:
        return str(value)
    return f"CAST({_text(str(value))} AS {_type({**field, 'mode': 'NULLABLE'})})"


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
