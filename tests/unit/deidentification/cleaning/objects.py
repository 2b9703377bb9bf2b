"""Objects with pixels, and what pydicom reads in their cleaned copies."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import numpy as np
import pydicom
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate

from shared.dicom.deidentification.cleaning.cleaned import CleanedPixels, cleaned_pixels
from shared.dicom.deidentification.cleaning.rectangles import Rectangle
from shared.dicom.reader import read_header
from shared.dicom.source import BytesSource
from tests.unit.deidentification.samples import an_image, as_file

COLOURS: dict[str, Any] = {
    "SamplesPerPixel": 3,
    "PlanarConfiguration": 0,
    "BitsAllocated": 8,
    "BitsStored": 8,
    "HighBit": 7,
}


def noise(*shape: int, dtype: str = "u1", bits: int = 8) -> np.ndarray:
    return np.random.default_rng(5).integers(0, 1 << bits, shape).astype(dtype)


def mask_of(rectangles: Sequence[Rectangle], columns: int, rows: int) -> np.ndarray:
    mask = np.zeros((rows, columns), bool)
    for left, top, width, height in rectangles:
        mask[max(top, 0) : max(top + height, 0), max(left, 0) : max(left + width, 0)] = True
    return mask


def encapsulated(
    frames: Sequence[bytes], syntax: str, *, fragments: int = 1, table: bool = True, **values: Any
) -> bytes:
    """An object of these frames, each in so many fragments, with a Basic Offset Table or not."""
    image = an_image(**values)
    image.NumberOfFrames = str(len(frames))
    image.PixelData = encapsulate(list(frames), fragments_per_frame=fragments, has_bot=table)
    image["PixelData"].is_undefined_length = True
    image["PixelData"].VR = "OB"
    return as_file(image, syntax)


def cleaned(data: bytes, rectangles: Sequence[Rectangle]) -> tuple[CleanedPixels, bytes]:
    """The cleaned pixel data, and the whole object with them."""
    source = BytesSource(data)
    header = read_header(source)
    assert header.pixel_data is not None
    pixels = cleaned_pixels(header, rectangles, source)
    value = b"".join(pixels.pieces(source))
    assert len(value) == pixels.length
    start = header.pixel_data.extent.offset
    return pixels, data[:start] + value


def read(data: bytes) -> Dataset:
    return pydicom.dcmread(io.BytesIO(data))
