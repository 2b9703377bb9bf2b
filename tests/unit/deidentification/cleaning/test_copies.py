"""Under the Clean Pixel Data Option an object comes out of the engine clean, or is held."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian, HTJ2KLossless, RLELossless

from shared.dicom.deidentification import Deidentified, Held, HoldReason, deidentify
from shared.dicom.deidentification.actions import ActionTaken
from shared.dicom.deidentification.options import Option
from shared.dicom.deidentification.profile import Profile
from shared.dicom.deidentification.rules import Action
from shared.dicom.reader import read_header
from shared.dicom.source import BytesSource
from tests.unit.deidentification.cleaning.objects import encapsulated, noise
from tests.unit.deidentification.cleaning.test_rle import coded
from tests.unit.deidentification.samples import (
    KEY,
    an_image,
    an_item,
    as_file,
    assert_clean,
    copy_of,
    read,
    result_of,
)

CLEANING = Profile(name="cleaning", options=frozenset({Option.CLEAN_PIXEL_DATA}))
ROWS, COLUMNS = 40, 60
PIXELS = noise(ROWS, COLUMNS, dtype="<u2", bits=16) | 1
REGION = an_item(
    RegionSpatialFormat=1,
    RegionLocationMinX0=5,
    RegionLocationMinY0=10,
    RegionLocationMaxX1=54,
    RegionLocationMaxY1=34,
)
ULTRASOUND: dict[str, Any] = {
    "SOPClassUID": "1.2.840.10008.5.1.4.1.1.6.1",
    "Modality": "US",
    "Rows": ROWS,
    "Columns": COLUMNS,
    "SequenceOfUltrasoundRegions": [REGION],
    "IconImageSequence": [an_item(Rows=1, Columns=1, BitsAllocated=8, PixelData=b"\x07\x07")],
}


def native(**values: Any) -> bytes:
    return as_file(an_image(**ULTRASOUND, PixelData=PIXELS.tobytes(), **values))


def compressed(syntax: str, **values: Any) -> bytes:
    planes = np.stack([PIXELS >> 8, PIXELS & 255]).astype("u1")
    return encapsulated([coded(planes)], syntax, **ULTRASOUND, **values)


def black_outside() -> np.ndarray:
    expected = np.zeros_like(PIXELS)
    expected[10:35, 5:55] = PIXELS[10:35, 5:55]
    return expected


def codes(dataset: Dataset) -> list[str]:
    return [item.CodeValue for item in dataset.DeidentificationMethodCodeSequence]


@pytest.mark.parametrize("declared", ["YES", "NO", ""])
@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, RLELossless])
def test_an_ultrasound_with_regions(syntax: str, declared: str) -> None:
    made = native if syntax == ExplicitVRLittleEndian else partial(compressed, syntax)
    copy = copy_of(made(BurnedInAnnotation=declared), profile=CLEANING)
    assert_clean(copy)
    dataset = read(copy)
    assert np.array_equal(dataset.pixel_array, black_outside())
    assert dataset.BurnedInAnnotation == "NO"
    assert codes(dataset) == ["113100", "113101"]
    assert "IconImageSequence" not in dataset


def test_what_was_done_is_recorded() -> None:
    result = result_of(native(), profile=CLEANING)
    assert isinstance(result, Deidentified)
    assert result.actions[-1] == ActionTaken("7FE00010", Action.CLEAN, "ultrasound-regions")


def test_without_the_option_it_is_held() -> None:
    assert result_of(native()) == Held(reason=HoldReason.BURNED_IN_RISK)


def test_what_is_kept_is_not_said_to_be_cleaned() -> None:
    dataset = read(copy_of(as_file(an_image()), profile=CLEANING))
    assert codes(dataset) == ["113100"]
    assert "BurnedInAnnotation" not in dataset


def test_pixels_that_cannot_be_coded_again_are_held() -> None:
    held = Held(reason=HoldReason.PIXELS_NOT_CLEANABLE)
    assert result_of(compressed(HTJ2KLossless), profile=CLEANING) == held


def test_a_damaged_frame_is_held() -> None:
    data = encapsulated([bytes(63)], RLELossless, **ULTRASOUND)
    assert result_of(data, profile=CLEANING) == Held(reason=HoldReason.PIXELS_NOT_CLEANABLE)


def test_without_a_source_nothing_can_be_cleaned() -> None:
    header = read_header(BytesSource(native()))
    held = Held(reason=HoldReason.PIXEL_DATA_UNBOUNDED)
    assert deidentify(header, KEY, profile=CLEANING) == held
