"""A DICOMDIR whose offsets lead anywhere names the same instances, of studies that are there."""

from __future__ import annotations

import os
import random
from pathlib import Path
from typing import Final

import pytest
from pydicom.data import get_testdata_files

from shared.dicom.directory import (
    OFFSET_OF_REFERENCED_LOWER_LEVEL_DIRECTORY_ENTITY,
    OFFSET_OF_THE_NEXT_DIRECTORY_RECORD,
    read_directory,
)
from shared.dicom.elements import Header
from shared.dicom.identification import DIRECTORY_RECORD_SEQUENCE
from shared.dicom.reader import read_header
from shared.dicom.source import BytesSource

EXAMPLES: Final = int(os.environ.get("INLET_FUZZ_EXAMPLES") or 100)
OFFSETS: Final = (
    OFFSET_OF_THE_NEXT_DIRECTORY_RECORD,
    OFFSET_OF_REFERENCED_LOWER_LEVEL_DIRECTORY_ENTITY,
)
SAMPLE: Final = Path(get_testdata_files("dicomdirtests/DICOMDIR")[0]).read_bytes()
HEADER: Final = read_header(BytesSource(SAMPLE))


def _places(header: Header) -> list[int]:
    """Where the values of all offsets stand in the file."""
    (records,) = (each for each in header.dataset if each.tag == DIRECTORY_RECORD_SEQUENCE)
    return [
        element.extent.offset
        for item in records.items or ()
        for element in item.elements
        if element.tag in OFFSETS
    ]


@pytest.mark.parametrize("changes", [1, 10, 1_000])
def test_offsets_that_lead_anywhere(changes: int) -> None:
    chance = random.Random(changes)
    places = _places(HEADER)
    values = [SAMPLE[place : place + 4] for place in places] + [
        bytes(4),
        b"\xff" * 4,
        b"\x01\0\0\0",
    ]
    sound = read_directory(HEADER).references
    studies = {each.study_instance_uid for each in sound}
    unknown = 0
    for _ in range(EXAMPLES):
        data = bytearray(SAMPLE)
        for _ in range(changes):
            place = chance.choice(places)
            data[place : place + 4] = chance.choice(values)
        found = read_directory(read_header(BytesSource(bytes(data)))).references
        assert [each[:2] for each in found] == [each[:2] for each in sound]
        assert {each.study_instance_uid for each in found} <= studies | {""}
        unknown += sum(not each.study_instance_uid for each in found)
    assert unknown
