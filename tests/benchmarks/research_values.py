"""The values in rows of a warehouse, as a search for identities reads them."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from datetime import date, datetime, time
from functools import cache
from typing import Any, Final

from pydicom.datadict import dictionary_VR, tag_for_keyword

from infra.definition import load_pipeline
from shared.dicom.standard.sop_classes import SOP_CLASS_NAMES
from tests.score.leaks import Value

_OURS: Final = frozenset({*SOP_CLASS_NAMES.values(), *load_pipeline().buckets})
_CURATED: Final = {
    "CanonicalBodyPart": "BodyPartExamined",
    "CanonicalManufacturer": "Manufacturer",
}

Row = Mapping[str, Any]


def values_of(row: Row) -> Iterator[Value]:
    """Every value of every column, those in DICOM JSON at any depth.

    A column that is named by an attribute's keyword, or has such an attribute's values curated, has
    its tag as path, and its VR. No values of a file are our buckets and the names that the standard
    has for SOP classes.
    """
    for column, value in row.items():
        if column == "Metadata":
            yield from _of_json(value or {}, "")  # what was not copied has none
        else:
            path, vr = _attribute(column)
            yield from (Value(path, column, vr, _of_file(text)) for text in _texts(value))


def _of_file(text: str) -> str:
    if text in _OURS:
        return ""
    return text.removeprefix("gs://").partition("/")[2] if text.startswith("gs://") else text


@cache
def _attribute(column: str) -> tuple[str, str]:
    tag = tag_for_keyword(_CURATED.get(column, column))
    return (column, "LO") if tag is None else (f"{tag:08X}", dictionary_VR(tag))


def _texts(value: Any) -> Iterator[str]:
    """The scalars of a column; days and times as DICOM writes them."""
    if isinstance(value, Mapping):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)
    elif isinstance(value, datetime):
        yield f"{value:%Y%m%d %H%M%S}"
    elif isinstance(value, date):
        yield f"{value:%Y%m%d}"
    elif isinstance(value, time):
        yield f"{value:%H%M%S}"
    elif value is not None:
        yield str(value)


def _of_json(data_set: Mapping[str, Any], prefix: str) -> Iterator[Value]:
    """Every value of a data set in the DICOM JSON Model (PS3.18 Annex F)."""
    for tag, element in data_set.items():
        path, vr = f"{prefix}{tag}", element["vr"]
        if "InlineBinary" in element:
            yield Value(path, "", vr, base64.b64decode(element["InlineBinary"]).decode("latin-1"))
        for number, value in enumerate(element.get("Value", ())):
            if vr == "SQ":
                yield from _of_json(value, f"{path}[{number}].")
            else:
                yield from (Value(path, "", vr, text) for text in _texts(value))
