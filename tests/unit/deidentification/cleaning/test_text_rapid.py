"""The real finder, where it is installed: what it finds becomes black, and it tells nobody."""

from __future__ import annotations

import logging
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from shared.dicom.deidentification import Deidentified, Profile, deidentify
from shared.dicom.deidentification.cleaning.text import (
    TextFinder,
    finder,
    frames_of,
    installed_text_finder,
)
from shared.dicom.deidentification.options import Option
from shared.dicom.reader import read_header
from shared.dicom.source import BytesSource
from tests.unit.deidentification.samples import KEY, an_image, as_file, read

CLEANING = Profile(name="cleaning", options=frozenset({Option.CLEAN_PIXEL_DATA}))
NAME = "QUORRA ZYXEL"
real = pytest.mark.skipif(
    find_spec("rapidocr_onnxruntime") is None, reason="the extra `text` is not installed"
)


def test_without_the_packages_there_is_no_finder(monkeypatch: pytest.MonkeyPatch) -> None:
    installed_text_finder.cache_clear()
    monkeypatch.setattr(finder, "find_spec", lambda _: None)
    assert installed_text_finder() is None
    installed_text_finder.cache_clear()


@pytest.fixture
def rapid() -> TextFinder:
    found = installed_text_finder()
    assert found is not None
    return found


def burned(rows: int, columns: int, size: int, *places: tuple[int, int]) -> np.ndarray:
    """Dim noise of 12 bits in words, with a name at each place by column and row."""
    picture = Image.new("L", (columns, rows))
    for place in places:
        ImageDraw.Draw(picture).text(place, NAME, fill=255, font=ImageFont.load_default(size))
    ground = np.random.default_rng(3).integers(300, 700, (rows, columns))
    return np.where(np.asarray(picture) > 127, 3500, ground).astype("<u2")


def an_object(pixels: np.ndarray, **attributes: Any) -> bytes:
    rows, columns = pixels.shape[-2:]
    image = an_image(Rows=rows, Columns=columns, PixelData=pixels.tobytes(), **attributes)
    return as_file(image)


def copy_of(data: bytes) -> np.ndarray:
    source = BytesSource(data)
    result = deidentify(read_header(source), KEY, source, profile=CLEANING)
    assert isinstance(result, Deidentified)
    return np.asarray(read(b"".join(result.pieces(source))).pixel_array)


@real
@pytest.mark.parametrize(
    ("rows", "columns", "size"), [(80, 128, 14), (256, 256, 12), (300, 2600, 30)]
)
def test_a_name_becomes_black_and_the_rest_stays(rows: int, columns: int, size: int) -> None:
    pixels = burned(rows, columns, size, (6, 20))
    after = copy_of(an_object(pixels))
    assert (after[pixels == 3500] == 0).all()
    changed = after != pixels
    assert not changed[20 + 3 * size :].any()
    assert not changed[:, 6 + 12 * size :].any()


@real
def test_a_name_in_one_frame_of_many_becomes_black_in_all() -> None:
    pixels = np.stack([burned(128, 160, 14)] * 6)
    pixels[2] = burned(128, 160, 14, (6, 60))  # neither first, middle nor last
    after = copy_of(an_object(pixels, NumberOfFrames="6"))
    assert (after[:, pixels[2] == 3500] == 0).all()


@real
def test_what_has_no_text_stays_as_it_is() -> None:
    pixels = burned(128, 160, 14)
    assert np.array_equal(copy_of(an_object(pixels)), pixels)


@real
def test_what_is_read_is_told_nobody(
    rapid: TextFinder, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    source = BytesSource(an_object(burned(128, 160, 14, (6, 20))))
    boxes = rapid(frames_of(read_header(source), source))
    assert boxes
    told = repr(boxes) + caplog.text + "".join(capfd.readouterr())
    assert not any(word in told.upper() for word in NAME.split())


@real
def test_equal_frames_give_equal_boxes(rapid: TextFinder) -> None:
    source = BytesSource(an_object(burned(200, 300, 16, (6, 20), (60, 140))))
    frames = frames_of(read_header(source), source)
    first = rapid(frames)
    assert len(first) == 2
    assert rapid(frames) == first
