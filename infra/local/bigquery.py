"""Bqemulator with its extension at hand and its Storage Write API able to take records.

Upstream builds the Arrow schema of an append without the fields of RECORD columns, so that no row
of a table with such a column can be appended; `repair` passes them through. Upstream also tries to
download an extension for Avro files at every start; nothing here reads Avro, so `repair` keeps it
from trying.
"""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import duckdb
import duckdb_extension_spatial
import pyarrow as pa  # type: ignore[import-untyped]
from bqemulator.api.routes.tabledata import _build_arrow_schema
from bqemulator.cli import main as bqemulator
from bqemulator.grpc_api import write_servicer
from bqemulator.storage.engine import DuckDBEngine


class _Field(Protocol):
    name: str
    type: str
    mode: str
    fields: Sequence["_Field"] | None


def place_extension(home: Path) -> Path:
    """The spatial extension is where DuckDB looks for it below a home folder."""
    package = Path(duckdb_extension_spatial.__file__).parent
    release = f"v{duckdb.__version__}"
    source = package / "extensions" / release / "spatial.duckdb_extension"
    target = home / ".duckdb" / "extensions" / release / _platform() / source.name
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    try:
        target.symlink_to(source)
    except OSError:
        target.write_bytes(source.read_bytes())
    return target


def _platform() -> str:
    row = duckdb.sql("PRAGMA platform").fetchone()
    return str(row[0]) if row else ""


def repair() -> None:
    """Appends to tables with RECORD columns work, and starting needs no network."""
    writes: Any = write_servicer
    engine: Any = DuckDBEngine
    writes._table_arrow_schema = _table_arrow_schema  # noqa: SLF001
    engine._load_format_extensions = _load_nothing  # noqa: SLF001


def _load_nothing(_: DuckDBEngine) -> None:
    pass


def _table_arrow_schema(table: Any) -> pa.Schema:
    return _build_arrow_schema([_raw(field) for field in table.schema_.fields])


def _raw(field: _Field) -> dict[str, object]:
    nested = [_raw(item) for item in field.fields or ()]
    return {"name": field.name, "type": field.type, "mode": field.mode, "fields": nested}


def main() -> None:
    """Serve until told to stop."""
    place_extension(Path(os.environ["HOME"]))
    repair()
    bqemulator(args=sys.argv[1:], prog_name="bqemulator")


if __name__ == "__main__":
    main()
