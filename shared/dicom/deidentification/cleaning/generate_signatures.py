"""Generate `signatures.json`: which devices burn text into which rectangles of their images.

Source: the recipe `deid.dicom` in the package `deid` 0.4.13 (MIT), whose grey list has the
signatures of the RSNA's CTP pixel anonymizer and those of its own contributors; its checksum is
copied into the output. What the recipe got wrong against CTP's own script, or mistyped, is put
right here, each with its ground; what cannot be said by attributes of the data set is left out by
name.

    pip install --no-deps deid==0.4.13
    python -m shared.dicom.deidentification.cleaning.generate_signatures
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib import metadata
from itertools import product
from pathlib import Path
from typing import Any, Final

from pydicom.datadict import tag_for_keyword

PACKAGE: Final = "deid"
RECIPE: Final = "deid/data/deid.dicom"
TARGET: Final = Path(__file__).with_name("signatures.json")

_CORRECTIONS: Final = {
    "equals Rows 786": "equals Rows 768",  # CTP: an iU22 has 768 rows
    "contains Manfacturer ADAC": "contains Manufacturer ADAC",
    "contains Manufacture MEDRAD": "",  # CTP asks for the series' description only
    "contains Modality Other": "",  # no modality is called so
    "contains Modality MRI": "",  # of a radiograph; CTP asks for no modality
    "contains ManufacturerModelName CXD1": "contains ManufacturerModelName CXDI",
    "contains Manufacturer VITREA": "",  # the maker is Vital Images, asked for beside it
    "contains SeriesDescription AW electronic field": (
        "contains SeriesDescription AW electronic film"
    ),
    "ctpcoordinates 0,0,640,30": "ctpcoordinates 0,0,640,40",  # CTP: the banner has 40 rows
}
_ELSEWHERE: Final = frozenset({"CodeMeaning", "OverlayDescription"})  # in items, in overlays
_ALTERNATIVE: Final = re.compile(r"\s*\|\|\s*")
_CONDITION: Final = re.compile(r"(contains|equals) (\w+) (.+)")
_RECTANGLE: Final = re.compile(r"(ctp)?coordinates\s+(\d+),\s*(\d+),\s*(\d+),\s*(\d+)")


@dataclass(slots=True)
class _Label:
    name: str
    contributor: str
    alternatives: list[list[str]] = field(default_factory=list)  # of each line
    rectangles: list[list[int]] = field(default_factory=list)


def transformed(recipe: str, package_version: str) -> dict[str, Any]:
    """The library as it is stored: where it is from, what was left out, and the signatures."""
    signatures: list[dict[str, Any]] = []
    left_out: dict[str, str] = {}
    for label in _labels(recipe):
        ground = _unusable(label)
        if ground:
            left_out[label.name] = ground
        else:
            signatures += (entry for entry in _signatures(label) if entry not in signatures)
    return {
        "source": {
            "package": f"{PACKAGE} {package_version}",
            "file": RECIPE,
            "sha256": hashlib.sha256(recipe.encode()).hexdigest(),
            "licence": "MIT",
            "generator": Path(__file__).name,
        },
        "left_out": left_out,
        "signatures": signatures,
    }


def _labels(recipe: str) -> Iterator[_Label]:
    grey = recipe.split("%filter graylist")[1].split("%filter", maxsplit=1)[0]
    for block in re.split(r"^LABEL ", grey, flags=re.MULTILINE)[1:]:
        head, *lines = (line.strip() for line in block.splitlines())
        name, _, contributor = head.partition("#")
        label = _Label(" ".join(name.split()), contributor.strip(" ()"))
        for line in lines:
            _read(line.removeprefix("+").strip(), label)
        yield label


def _read(line: str, label: _Label) -> None:
    line = _CORRECTIONS.get(line, line)
    rectangle = _RECTANGLE.fullmatch(line)
    if rectangle:
        left, top, *rest = (int(number) for number in rectangle.groups()[1:])
        sized = rest if rectangle[1] else [rest[0] - left, rest[1] - top]
        label.rectangles.append([left, top, *sized])
    elif line and not line.startswith("#"):
        label.alternatives.append(_ALTERNATIVE.split(line))


def _unusable(label: _Label) -> str | None:
    if not label.rectangles:
        return "has no rectangles"
    conditions = [_CONDITION.fullmatch(text) for line in label.alternatives for text in line]
    if None in conditions:
        return "asks for more than values"
    keywords = {condition[2] for condition in conditions if condition}
    if keywords & _ELSEWHERE:
        return "asks for values in items or overlays"
    if any("+" in c[3] for c in conditions if c and c[2] == "ImageType"):
        return "asks for a pattern"
    return None


def _signatures(label: _Label) -> Iterator[dict[str, Any]]:
    """One signature for each way to satisfy the label."""
    for way in product(*label.alternatives):
        yield {
            "name": label.name,
            "contributor": label.contributor,
            "conditions": [_condition(text) for text in dict.fromkeys(way)],
            "rectangles": label.rectangles,
        }


def _condition(text: str) -> dict[str, Any]:
    operator, keyword, values = _CONDITION.fullmatch(text).groups()  # type: ignore[union-attr]
    return {
        "tag": f"{tag_for_keyword(keyword):08X}",
        "keyword": keyword,
        "operator": operator,
        "values": [value.strip() for value in values.split("|")],
    }


def rendered(library: dict[str, Any]) -> str:
    """The file's text, a signature a line so that editions can be compared."""
    head = json.dumps({key: library[key] for key in ("source", "left_out")}, indent=1)
    rows = ",\n".join(json.dumps(row, ensure_ascii=False) for row in library["signatures"])
    return f'{head.rstrip("}").rstrip()},\n "signatures": [\n{rows}\n]}}\n'


def installed_source() -> tuple[str, str]:
    """The recipe and the package's version; PackageNotFoundError when not installed."""
    package = metadata.distribution(PACKAGE)
    return Path(str(package.locate_file(RECIPE))).read_text("utf-8"), package.version


if __name__ == "__main__":
    TARGET.write_text(rendered(transformed(*installed_source())), "utf-8")
