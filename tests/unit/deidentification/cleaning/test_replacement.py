"""The header of a cleaned copy says what its pixels are, and the copy reads."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
import pytest
from pydicom.uid import ExplicitVRLittleEndian, RLELossless

from shared.dicom.deidentification.cleaning import (
    Blank,
    CleanedPixels,
    Rectangle,
    Replacement,
)
from shared.dicom.elements import RawElement
from shared.dicom.reader import read_header
from shared.dicom.source import BytesSource
from tests.unit.deidentification.cleaning.objects import encapsulated, read
from tests.unit.deidentification.cleaning.test_rle import coded, patches
from tests.unit.deidentification.samples import an_image, an_item, as_file

BOX = (Rectangle(0, 0, 2, 1),)


def cleaned(data: bytes) -> tuple[CleanedPixels, tuple[RawElement, ...]]:
    source = BytesSource(data)
    header = read_header(source)
    replacement = Replacement.of(header, Blank(BOX, ("signature: ONE",)), source)
    assert replacement.grounds == ("signature: ONE",)
    return replacement.pixels, replacement.in_header(header.dataset)


@pytest.mark.parametrize("declared", [{}, {"BurnedInAnnotation": "YES"}])
def test_what_is_said_of_the_old_pixels_goes(declared: dict[str, Any]) -> None:
    icon = an_item(Rows=1, Columns=1, BitsAllocated=8, PixelData=b"\x00\x00")
    image = an_image(
        IconImageSequence=[icon], SmallestImagePixelValue=0, LargestImagePixelValue=9, **declared
    )
    header = read_header(BytesSource(as_file(image)))
    _, dataset = cleaned(as_file(image))
    tags = [element.tag for element in dataset]
    assert tags == sorted(tags)
    before = {element.tag for element in header.dataset}
    assert before - set(tags) == {0x00280106, 0x00280107, 0x00880200}
    assert [element.value for element in dataset if element.tag == 0x00280301] == [b"NO"]


def test_extended_offset_tables_are_of_the_new_frames() -> None:
    frames = [coded(patches(2, 4, 200)), coded(patches(2, 4, 200) // 2 * 2)]
    values: dict[str, Any] = {
        "ExtendedOffsetTable": bytes(16),
        "ExtendedOffsetTableLengths": bytes(16),
    }
    data = encapsulated(frames, RLELossless, table=False, Rows=4, Columns=200, **values)
    pixels, dataset = cleaned(data)
    tables = {e.tag: e.value for e in dataset if e.tag >> 16 == 0x7FE0}
    value = b"".join(pixels.pieces(BytesSource(data)))
    for number in range(2):
        offset, length = (
            struct.unpack("<2Q", tables[tag] or b"")[number] for tag in sorted(tables)
        )
        item = value[8 + offset : 8 + offset + 8 + length]
        assert struct.unpack("<HHI", item[:8]) == (0xFFFE, 0xE000, length)
        assert struct.unpack("<I", item[8:12]) == (2,)


def test_an_object_without_extended_tables_gets_none() -> None:
    _, dataset = cleaned(
        encapsulated([coded(patches(2, 4, 200))], RLELossless, Rows=4, Columns=200)
    )
    assert not any(element.tag >> 16 == 0x7FE0 for element in dataset)


def test_the_pixels_stand_where_the_sources_stood() -> None:
    data = as_file(an_image(), ExplicitVRLittleEndian)
    source = BytesSource(data)
    pixels, _ = cleaned(data)
    start = pixels.extent.offset
    copy = data[:start] + b"".join(pixels.pieces(source))
    expected = np.arange(32, dtype="u1").view("<u2").reshape(4, 4).copy()
    expected[0, :2] = 0
    assert read(copy).PixelData == expected.tobytes()
