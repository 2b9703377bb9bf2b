"""Frames are decoded as pydicom decodes them, before and after they were cleaned."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pydicom.uid import (
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    JPEGBaseline8Bit,
    JPEGLossless,
    RLELossless,
)

from shared.dicom.deidentification.cleaning import CleaningError, Rectangle, cleaned_pixels
from shared.dicom.deidentification.cleaning.text import Frames, frames_of
from shared.dicom.reader import read_header
from shared.dicom.source import BytesSource
from tests.unit.deidentification.cleaning.objects import COLOURS, encapsulated, noise
from tests.unit.deidentification.cleaning.test_rle import coded
from tests.unit.deidentification.samples import an_image, as_file

ROWS, COLUMNS = 6, 10
BOX = Rectangle(2, 1, 5, 3)
GREY = {"BitsAllocated": 8, "BitsStored": 8, "HighBit": 7}


def frames(data: bytes, *, cleaned: bool = False) -> Frames:
    source = BytesSource(data)
    header = read_header(source)
    pixels = cleaned_pixels(header, (BOX,), source) if cleaned else None
    return frames_of(header, source, pixels)


def array(found: Frames, number: int, dtype: str) -> np.ndarray:
    samples = found.samples(number)
    return np.frombuffer(samples.data, dtype).reshape(samples.rows, samples.columns, -1)[..., 0]


def words(count: int) -> np.ndarray:
    return noise(count, ROWS, COLUMNS, dtype="<u2", bits=16)


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ExplicitVRBigEndian])
def test_native_frames(syntax: str) -> None:
    pixels = words(3)
    stored = pixels if syntax == ExplicitVRLittleEndian else pixels.astype(">u2")
    values: dict[str, Any] = {"Rows": ROWS, "Columns": COLUMNS, "NumberOfFrames": "3"}
    data = as_file(an_image(PixelData=stored.tobytes(), **values), syntax)
    found = frames(data)
    assert (found.count, found.rows, found.columns) == (3, ROWS, COLUMNS)
    for number in range(3):
        assert np.array_equal(array(found, number, "<u2"), pixels[number])
    pixels[:, 1:4, 2:7] = 0
    assert np.array_equal(array(frames(data, cleaned=True), 2, "<u2"), pixels[2])


def test_rle_frames() -> None:
    pixels = words(2)
    planes = [np.stack([frame >> 8, frame & 255]).astype("u1") for frame in pixels]
    data = encapsulated([coded(each) for each in planes], RLELossless, Rows=ROWS, Columns=COLUMNS)
    assert np.array_equal(array(frames(data), 1, "<u2"), pixels[1])
    pixels[:, 1:4, 2:7] = 0
    assert np.array_equal(array(frames(data, cleaned=True), 1, "<u2"), pixels[1])


def test_rle_frames_in_colour_come_by_plane() -> None:
    planes = noise(3, ROWS, COLUMNS)
    values = {**COLOURS, "PhotometricInterpretation": "RGB", "Rows": ROWS, "Columns": COLUMNS}
    samples = frames(encapsulated([coded(planes)], RLELossless, **values)).samples(0)
    assert samples.by_plane
    assert samples.data == planes.tobytes()


def a_jpeg(levels: np.ndarray) -> bytes:
    buffer = BytesIO()
    Image.fromarray(levels).save(buffer, "JPEG", quality=95)
    return buffer.getvalue()


def test_jpeg_frames_are_luma() -> None:
    levels = np.full((16, 24), 200, "u1")
    values: dict[str, Any] = {**GREY, "Rows": 16, "Columns": 24}
    data = encapsulated([a_jpeg(levels)], JPEGBaseline8Bit, **values)
    assert np.abs(array(frames(data), 0, "u1").astype(int) - 200).max() <= 2
    black = array(frames(data, cleaned=True), 0, "u1")
    assert black[1:4, 2:7].max() <= 2
    assert black[9:, 9:].min() >= 198


@pytest.mark.parametrize("frame", [b"\xff\xd8" + bytes(40), a_jpeg(np.zeros((16, 24), "u1"))[:90]])
def test_damaged_jpeg_frames_cannot_be_looked_at(frame: bytes) -> None:
    values: dict[str, Any] = {**GREY, "Rows": 16, "Columns": 24}
    found = frames(encapsulated([frame], JPEGBaseline8Bit, **values))
    with pytest.raises(CleaningError):
        found.samples(0)


def test_a_frame_of_another_size_cannot_be_looked_at() -> None:
    values: dict[str, Any] = {**GREY, "Rows": 8, "Columns": 24}
    jpeg = a_jpeg(np.zeros((16, 24), "u1"))
    with pytest.raises(CleaningError):
        frames(encapsulated([jpeg], JPEGBaseline8Bit, **values)).samples(0)


def test_what_has_no_decoder_cannot_be_looked_at() -> None:
    with pytest.raises(CleaningError):
        frames(encapsulated([b"\xff\xd8"], JPEGLossless))


def test_single_bits_cannot_be_looked_at() -> None:
    values = {"BitsAllocated": 1, "BitsStored": 1, "HighBit": 0, "Rows": 8, "Columns": 8}
    found = frames(as_file(an_image(PixelData=bytes(8), **values)))
    with pytest.raises(CleaningError):
        found.samples(0)


def test_frames_larger_than_memory_cannot_be_looked_at() -> None:
    with pytest.raises(CleaningError):
        frames(encapsulated([b"\xff\xd8"], JPEGBaseline8Bit, Rows=65000, Columns=65000))
