"""Bqemulator with its extension at hand and its known defects repaired, as a program."""

import os
import sys
from pathlib import Path

import duckdb
import duckdb_extension_spatial
from bqemulator.cli import main as bqemulator

from infra.local.bigquery_repairs import repair


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


def main() -> None:
    """Serve until told to stop."""
    place_extension(Path(os.environ["HOME"]))
    repair()
    bqemulator(args=sys.argv[1:], prog_name="bqemulator")


if __name__ == "__main__":
    main()
