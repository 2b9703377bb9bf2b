from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from shared.dicom.limits import Limits
from shared.dicom.metadata import to_dicom_json
from shared.dicom.metadata_pieces import json_pieces
from shared.dicom.reader import read_header
from shared.dicom.source import BytesSource
from shared.errors import InletError
from tests.builders import (
    DEFLATED,
    IMPLICIT,
    an_instance,
    deflated,
    element,
    implicit_element,
    item,
    part10,
    sequence,
)

CORPUS = Path(__file__).resolve().parents[4] / "shared" / "corpus"
CYRILLIC = element(0x00080005, "CS", b"ISO_IR 144")
PRIVATE = element(0x00090010, "LO", b"SPI-P Release 1 ") + element(0x00091000, "UN", b"made up ")
NESTED = sequence(
    0x00081140,
    item(CYRILLIC + element(0x00081030, "LO", b"\xbf ") + PRIVATE),
    item(),
    item(sequence(0x00081199, item(element(0x00081155, "UI", b"1.2\x00")))),
)


def _whole(data: bytes, limits: Limits = Limits()) -> Any:  # noqa: B008 - frozen
    source = BytesSource(data)
    pieces = list(json_pieces(read_header(source, limits), source, limits))
    return json.loads(b"".join(pieces))


@pytest.mark.parametrize(
    "data",
    [
        an_instance(),
        part10(b""),
        part10(CYRILLIC + NESTED + element(0x00100010, "PN", b"\xbf^\xc0 ")),
        part10(element(0x00080060, "CS", b"CT") + element(0x00080060, "CS", b"MR")),
        part10(sequence(0x00081140) + PRIVATE),
        part10(implicit_element(0x00080060, b"CT") + implicit_element(0x00090010, b"ME"), IMPLICIT),
        part10(deflated(NESTED), DEFLATED),
        part10(element(0x00420011, "OB", b"1234") + element(0x00189073, "FD", b"odd")),
        part10(b"".join(element(0x00280010, "US", b"odd") for _ in range(3)) + NESTED),
        part10(b"".join(element(0x00420000 + n, "LO", b"x" * 60) for n in range(1, 1200))),
        part10(b"".join(element(0x00420000 + n, "UT", b"x" * 60_000) for n in range(1, 12))),
    ],
)  # fmt: skip
def test_the_pieces_are_the_json_of_the_header(data: bytes) -> None:
    expected = to_dicom_json(read_header(BytesSource(data)))
    assert expected.complete
    assert _whole(data) == json.loads(json.dumps(expected.json))


@pytest.mark.skipif(not CORPUS.is_dir(), reason="there is no corpus of real files beside the tree")
def test_the_pieces_of_real_files_are_their_json() -> None:
    read = 0
    for path in sorted(CORPUS.rglob("*.dcm"))[:200]:
        source = BytesSource(path.read_bytes())
        try:
            header = read_header(source)
        except InletError:  # what cannot be read has no header
            continue
        expected = to_dicom_json(header)
        if expected.complete:
            read += 1
            text = b"".join(json_pieces(header, source))
            assert json.loads(text) == json.loads(json.dumps(expected.json)), path.name
    assert read > 100


def test_what_memory_did_not_hold_is_in_the_pieces() -> None:
    texts = [element(0x00420000 + number, "UT", b"x" * 5_000) for number in range(1, 40)]
    data = part10(b"".join(texts) + NESTED)
    scarce = Limits(max_metadata_memory_bytes=100_000)
    assert not inspect_complete(data, scarce)
    assert _whole(data, scarce) == json.loads(json.dumps(to_dicom_json(_header(data)).json))


def test_short_values_that_were_passed_over_are_read() -> None:
    texts = [element(0x00420000 + number, "UT", b"x" * 5_000) for number in range(1, 40)]
    data = part10(sequence(0x00081140, *(item(text) for text in texts)))
    scarce = Limits(max_inline_bytes=20_000)
    assert not inspect_complete(data, scarce)
    assert _whole(data, scarce) == json.loads(json.dumps(to_dicom_json(_header(data)).json))


@pytest.mark.parametrize(
    ("limits", "kept"),
    [
        (Limits(max_inline_bytes=0, max_header_bytes=300_000), 40),
        (Limits(max_inline_bytes=0, max_requests=3), 40),
        (Limits(max_inline_bytes=0, max_text_value_bytes=4_000), 1),
    ],
)
def test_no_more_is_read_than_a_header_may_have(limits: Limits, kept: int) -> None:
    texts = [element(0x00420000 + number, "UT", b"x" * 5_000) for number in range(1, 100)]
    data = part10(b"".join(texts))
    header = read_header(BytesSource(data), Limits(max_inline_bytes=0))
    counting = _Counting(data)
    found = json.loads(b"".join(json_pieces(header, counting, limits)))
    assert kept <= len(found) < 100
    assert counting.asked <= 300_000 + (1 << 20)


def test_bulk_data_are_no_metadata() -> None:
    data = part10(
        element(0x00420011, "OB", b"x" * 70_000) + element(0x00420012, "UC", b"y" * 1_100_000)
    )
    assert set(_whole(data)) == {"00020010"}
    assert inspect_complete(data)


def inspect_complete(data: bytes, limits: Limits = Limits()) -> bool:  # noqa: B008 - frozen
    return to_dicom_json(read_header(BytesSource(data), limits), limits).complete


def _header(data: bytes) -> Any:
    return read_header(BytesSource(data))


class _Counting(BytesSource):
    asked = 0

    def read(self, offset: int, length: int) -> bytes:
        self.asked += length
        return super().read(offset, length)
