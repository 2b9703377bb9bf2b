"""What this reader reads is what pydicom reads, on every file that both take."""

from __future__ import annotations

import os
import warnings
import zlib
from collections.abc import Iterable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import pydicom
import pytest
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset

from shared.dicom.elements import PIXEL_DATA_TAGS, Header, RawElement
from shared.dicom.metadata import Metadata, to_dicom_json
from shared.dicom.reader import read_header
from shared.dicom.source import BytesSource
from shared.errors import PermanentError
from tests.unit.dicom.samples import SHIPPED, corpus_entries, shipped_files

# Files of pydicom that are not whole on purpose, and why they are refused.
REFUSED: Final = {
    "test_files/MR_truncated.dcm": "truncated",
    "test_files/rtplan_truncated.dcm": "truncated",
    "test_files/dicomdirtests/TINY_ALPHA/README": "not-dicom",
    "test_files/no_meta.dcm": "not-dicom",  # one byte too many in front: nobody reads it
}
PIXEL_KEYS: Final = frozenset({"7FE00008", "7FE00009", "7FE00010"})
# pydicom converts the largest structured reports for seconds: INLET_DIFFERENTIAL_BYTES sets up to
# which size files are compared.
LONGEST: Final = int(os.environ.get("INLET_DIFFERENTIAL_BYTES") or 60_000)
TRAILING_PADDING: Final = 0xFFFCFFFC


def pydicoms(data: bytes) -> Dataset:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pydicom.dcmread(BytesIO(data), force=True)


def inflated(data: bytes, header: Header) -> bytes:
    """Return the stream in which the header's extents count."""
    if not header.deflated:
        return data
    last = header.file_meta[-1].extent
    return zlib.decompress(data[last.offset + last.length :], -zlib.MAX_WBITS)


def differences(
    ours: Iterable[RawElement], theirs: Dataset, stream: bytes, path: str = ""
) -> Iterator[str]:
    read = {element.tag: element for element in ours}
    expected = {int(tag): each for tag, each in theirs._dict.items()}
    for tag in sorted(read.keys() ^ expected.keys()):
        if not (path == "" and tag in PIXEL_DATA_TAGS | {TRAILING_PADDING}):
            yield f"{path}{tag:08X}: only one has it"
    for tag in read.keys() & expected.keys():
        yield from _differences(read[tag], expected[tag], theirs, stream, f"{path}{tag:08X}")


def _differences(
    element: RawElement, expected: Any, theirs: Dataset, stream: bytes, path: str
) -> Iterator[str]:
    extent = element.extent
    raw = stream[extent.offset : extent.offset + extent.length]
    if element.value is not None and element.value != raw:
        yield f"{path}: value and extent differ"
    if isinstance(expected, RawDataElement) and raw != (expected.value or b""):
        yield f"{path}: bytes differ"
    if element.vr != expected.VR and expected.VR is not None and element.vr not in {"UN", None}:
        yield f"{path}: VR differs"
    if element.items is not None and theirs[element.tag].VR == "SQ":
        items = theirs[element.tag].value
        if len(items) != len(element.items):
            yield f"{path}: items differ"
        for ours, other in zip(element.items, items, strict=False):
            yield from differences(ours.elements, other, stream, f"{path}.")


def expected_json(
    theirs: dict[str, Any], ours: dict[str, Any], dropped: set[str], path: str
) -> Any:
    """Return pydicom's JSON with every difference that is meant, and only those, levelled.

    Group lengths and trailing padding are no part of the model (PS3.18 F.2.2); binary values are
    dropped and named; an empty sequence has no Value (F.2.5); an empty value among others is
    null (F.2.5); spaces around a code string are padding (PS3.5 Table 6.2-1), pydicom leaves
    those before a backslash; a value that does not parse is dropped and named, pydicom cuts
    `161.88` to an integer; a private UN that encloses items is shown as the sequence it is.
    """
    levelled: dict[str, Any] = {}
    for key, element in theirs.items():
        here = f"{path}{key}"
        if key.endswith("0000") or key in {"FFFCFFFC", *PIXEL_KEYS}:
            continue
        if here in dropped:
            if key in ours:
                levelled[key] = ours[key]
        elif "InlineBinary" in element:
            levelled[key] = ours[key] if ours.get(key, {}).get("vr") == "SQ" else element
        else:
            levelled[key] = _levelled(element, ours.get(key, {}), dropped, here)
    return levelled


def _levelled(element: Any, ours: dict[str, Any], dropped: set[str], path: str) -> Any:
    values = element.get("Value") or []
    if element["vr"] == "SQ":
        pairs = zip(values, ours.get("Value", []), strict=False)
        values = [
            expected_json(theirs, own, dropped, f"{path}[{index}].")
            for index, (theirs, own) in enumerate(pairs)
        ]
    else:
        stripped = [value.rstrip() if element["vr"] == "CS" else value for value in values]
        values = [None if value == "" else value for value in stripped]
    return {"vr": str(element["vr"]), **({"Value": values} if values else {})}


def json_differences(metadata: Metadata, theirs: Dataset) -> bool:
    for tag in PIXEL_DATA_TAGS & {int(tag) for tag in theirs._dict}:
        del theirs[tag]
    dropped = {each.path for each in metadata.dropped}
    try:
        converted = theirs.to_json_dict()
    except ValueError:  # a value that pydicom does not convert: nothing to compare with
        return False
    expected = expected_json(converted, metadata.json, dropped, "")
    ours = {key: value for key, value in metadata.json.items() if key != "00020010"}
    return bool(expected != ours)


def check(data: bytes) -> list[str]:
    header = read_header(BytesSource(data))
    theirs = pydicoms(data)
    elements = header.dataset + header.trailing
    found = list(differences(elements, theirs, inflated(data, header)))
    found += differences(header.file_meta, theirs.file_meta, data, "file meta ")
    if json_differences(to_dicom_json(header), theirs):
        found.append("JSON differs")
    return found


@pytest.mark.parametrize(
    "path", shipped_files(), ids=lambda path: path.relative_to(SHIPPED).as_posix()
)
def test_every_file_that_pydicom_ships_reads_the_same(path: Path) -> None:
    name = path.relative_to(SHIPPED).as_posix()
    data = path.read_bytes()

    if name in REFUSED:
        with pytest.raises(PermanentError) as caught:
            read_header(BytesSource(data))
        assert caught.value.reason == REFUSED[name]
    else:
        assert check(data) == []


def test_every_file_of_the_corpus_reads_the_same() -> None:
    entries = corpus_entries()
    if not entries:
        pytest.skip("no corpus: set INLET_CORPUS to a folder with manifest.jsonl")
    found = {}
    for entry in entries:
        data = entry.read()
        if len(data) > LONGEST:
            continue
        try:
            differing = check(data)
        except PermanentError:
            continue  # test_corpus.py judges what is refused
        if differing:
            found[entry.path] = differing

    assert found == {}
