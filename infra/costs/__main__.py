"""`make costs`: print what a million instances cost, and write it to build/costs.json."""

import json
from pathlib import Path
from typing import Final

from infra.costs import tables

REPORT: Final = Path(__file__).resolve().parents[2] / "build" / "costs.json"
SHOWN: Final = ("parts", "totals", "beside", "monthly", "compared", "sensitivity")


def main() -> None:
    """Print the tables and write the report."""
    for name in SHOWN:
        print(tables.TABLES[name].__doc__, *tables.lines(tables.TABLES[name]()), "", sep="\n")
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    REPORT.write_text(json.dumps(tables.report(), indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
