"""Writes `data_elements.json` from pydicom's data dictionary (PS3.6 Tables 6-1, 7-1 and 8-1)."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path
from typing import Final

from pydicom._dicom_dict import DicomDictionary, RepeatersDictionary

SOURCE: Final = "pydicom 3.0.2 (MIT licence), from PS3.6 of the DICOM Standard, 2024c"


def rendered() -> str:
    """Return the text of `data_elements.json`: tags by value representation and multiplicity."""
    tags: defaultdict[str, list[int]] = defaultdict(list)
    for tag, row in sorted(DicomDictionary.items()):
        if row[0] != "NONE":
            tags[f"{row[0]}|{row[1]}"].append(tag)
    repeating = {mask: f"{row[0]}|{row[1]}" for mask, row in sorted(RepeatersDictionary.items())}
    lines = [f'"{kind}":{json.dumps(each, separators=(",", ":"))}' for kind, each in tags.items()]
    head = f'{{"source":{json.dumps(SOURCE)},\n"repeating":{json.dumps(repeating, indent=0)},\n'
    body = ",\n".join(sorted(lines))
    return f'{head}"elements":{{\n{body}\n}}}}\n'


if __name__ == "__main__":
    Path(__file__).with_name("data_elements.json").write_text(rendered(), encoding="utf-8")
