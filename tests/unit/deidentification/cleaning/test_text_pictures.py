"""Pictures are of some frames, stretched so that text stands out, and of one grey a pixel."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from shared.dicom.deidentification.cleaning.rectangles import Rectangle
from shared.dicom.deidentification.cleaning.text import frames_of
from shared.dicom.deidentification.cleaning.text.boxes import TextBox, joined
from shared.dicom.deidentification.cleaning.text.pictures import (
    PROJECTED_FRAMES,
    pictures,
    windowed,
)
from shared.dicom.deidentification.cleaning.text.words import stays
from shared.dicom.reader import read_header
from shared.dicom.source import BytesSource
from tests.unit.deidentification.cleaning.objects import COLOURS, noise
from tests.unit.deidentification.samples import an_image, as_file

ROWS, COLUMNS = 8, 12
GREY: dict[str, Any] = {"BitsAllocated": 8, "BitsStored": 8, "HighBit": 7}


class Asked(BytesSource):
    """Counts what is read after the header."""

    count = 0

    def read(self, offset: int, length: int) -> bytes:
        self.count += length
        return super().read(offset, length)


def shown(pixels: np.ndarray, **values: Any) -> list[np.ndarray]:
    data = as_file(an_image(Rows=ROWS, Columns=COLUMNS, PixelData=pixels.tobytes(), **values))
    source = BytesSource(data)
    return list(pictures(frames_of(read_header(source), source)))


def test_one_frame_is_one_picture_of_all_its_levels() -> None:
    pixels = np.arange(96, dtype="<u2").reshape(ROWS, COLUMNS) * 40
    (picture,) = shown(pixels)
    assert picture.dtype == np.uint8
    assert (picture.min(), picture.max()) == (0, 255)
    assert np.array_equal(np.sort(picture.ravel()), picture.ravel())


def test_first_middle_last_and_the_brightest_of_all_are_shown() -> None:
    pixels = np.zeros((9, ROWS, COLUMNS), "u1")
    for number in range(9):
        pixels[number, number // 2, number] = 200
    seen = shown(pixels, NumberOfFrames="9", **GREY)
    assert [np.argwhere(picture).tolist() for picture in seen[:3]] == [[[0, 0]], [[2, 4]], [[4, 8]]]
    assert np.argwhere(seen[3]).tolist() == [[number // 2, number] for number in range(9)]
    assert len(seen) == 4


@pytest.mark.parametrize(("count", "pictures_of"), [(2, 2), (3, 3), (4, 4)])
def test_few_frames_are_shown_one_by_one(count: int, pictures_of: int) -> None:
    pixels = noise(count, ROWS, COLUMNS)
    assert len(shown(pixels, NumberOfFrames=str(count), **GREY)) == pictures_of


def test_no_more_than_some_frames_are_read() -> None:
    pixels = np.zeros((400, ROWS, COLUMNS), "u1")
    image = an_image(
        Rows=ROWS, Columns=COLUMNS, PixelData=pixels.tobytes(), NumberOfFrames="400", **GREY
    )
    source = Asked(as_file(image))
    header = read_header(source)
    source.count = 0
    assert len(list(pictures(frames_of(header, source)))) == 4
    assert source.count <= (PROJECTED_FRAMES + 3) * ROWS * COLUMNS


def test_a_hot_pixel_does_not_darken_the_rest() -> None:
    greys = np.tile(np.arange(100, dtype=np.int64), (100, 1))
    greys[0, 0] = 60000
    picture = windowed(greys)
    assert picture[50, 99] > 200


def test_little_ink_on_nothing_is_seen() -> None:
    greys = np.zeros((100, 100), np.int64)
    greys[4, 4] = 7
    picture = windowed(greys)
    assert picture[4, 4] == 255
    assert picture.sum() == 255
    assert windowed(np.zeros((4, 4), np.int64)).max() == 0


def test_signed_values_keep_their_order() -> None:
    pixels = np.arange(-48, 48, dtype="<i2").reshape(ROWS, COLUMNS)
    (picture,) = shown(pixels, PixelRepresentation=1)
    assert picture[0, 0] == 0
    assert picture[-1, -1] == 255


@pytest.mark.parametrize("planar", [0, 1])
def test_colours_are_added(planar: int) -> None:
    pixels = np.zeros((ROWS, COLUMNS, 3), "u1")
    pixels[0, 0], pixels[0, 1], pixels[1, 0] = (255, 0, 0), (255, 255, 255), (0, 0, 255)
    stored = np.moveaxis(pixels, 2, 0) if planar else pixels
    values = {**COLOURS, "PlanarConfiguration": planar, "PhotometricInterpretation": "RGB"}
    (picture,) = shown(np.ascontiguousarray(stored), **values)
    assert picture[0, 1] == 255
    assert picture[0, 0] == picture[1, 0]
    assert 80 < picture[0, 0] < 90
    assert picture[5, 5] == 0


def test_luma_is_enough_of_luma_and_chroma() -> None:
    luma = noise(ROWS, COLUMNS)
    full = np.stack([luma, noise(ROWS, COLUMNS) // 2, luma // 3], axis=2)
    (picture,) = shown(full, **COLOURS, PhotometricInterpretation="YBR_FULL")
    assert np.array_equal(picture, windowed(luma))
    halves = np.zeros((ROWS, COLUMNS // 2, 4), "u1")
    halves[..., :2] = luma.reshape(ROWS, COLUMNS // 2, 2)
    halves[..., 2:] = 77
    (picture,) = shown(halves, **COLOURS, PhotometricInterpretation="YBR_FULL_422")
    assert np.array_equal(picture, windowed(luma))


def test_indices_are_as_bright_as_their_colours() -> None:
    palette = {
        f"{colour}PaletteColorLookupTable{part}": value
        for colour in ("Red", "Green", "Blue")
        for part, value in (
            ("Descriptor", [4, 10, 16]),
            ("Data", np.array([9000, 0, 500, 100], "<u2").tobytes()),
        )
    }
    pixels = np.full((ROWS, COLUMNS), 11, "u1")
    pixels[0, :4] = 10, 12, 13, 200
    (picture,) = shown(pixels, PhotometricInterpretation="PALETTE COLOR", **GREY, **palette)
    assert picture[0, 0] == 255
    assert picture[0, 1] > picture[0, 2] == picture[0, 3] > picture[1, 0] == 0


def test_boxes_get_a_margin_inside_the_image() -> None:
    box = TextBox(Rectangle(2, 40, 100, 20), 0.5)
    assert box.with_margin(90, 300) == TextBox(Rectangle(0, 35, 90, 30), 0.5)
    small = TextBox(Rectangle(10, 10, 4, 4), 0.5)
    assert small.with_margin(90, 90).rectangle == Rectangle(7, 7, 10, 10)


@pytest.mark.parametrize(
    ("width", "height", "least"),
    [(100, 20, 0.5), (20, 100, 0.5), (40, 20, 0.5), (39, 20, 0.9), (400, 65, 0.9)],
)
def test_a_line_is_text_sooner_than_what_is_round_or_large(
    width: int, height: int, least: float
) -> None:
    rectangle = Rectangle(5, 5, width, height)
    assert TextBox(rectangle, least).is_text
    assert not TextBox(rectangle, least - 0.01).is_text


def test_boxes_that_overlap_are_joined_over_and_over() -> None:
    chain = [Rectangle(0, 0, 10, 4), Rectangle(20, 0, 10, 4), Rectangle(8, 2, 14, 4)]
    apart = Rectangle(0, 50, 3, 3)
    boxes = [TextBox(rectangle, 0.1 * n) for n, rectangle in enumerate([apart, *chain])]
    assert joined(boxes) == (
        TextBox(Rectangle(0, 0, 30, 6), 0.1 * 3),
        TextBox(apart, 0.0),
    )
    corner = [Rectangle(0, 0, 10, 10), Rectangle(30, 8, 10, 10), Rectangle(5, 5, 40, 2)]
    (around,) = joined(TextBox(rectangle, 0.5) for rectangle in corner)
    assert around.rectangle == Rectangle(0, 0, 45, 18)
    touching = [TextBox(Rectangle(0, 0, 5, 5), 1), TextBox(Rectangle(5, 0, 5, 5), 1)]
    assert len(joined(touching)) == 2


@pytest.mark.parametrize(
    "text", ["L", "R", "HF", "RP", "10", "-5", "7.5", "100 mm", "50Hz", "cm", "120 kV", "63%"]
)
def test_sides_scales_and_measures_stay(text: str) -> None:
    assert stays(text, 0.95)
    assert not stays(text, 0.85)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "DOE",
        "LISA",
        "ALI",
        "B",
        "1947",
        "123",
        "12.03",
        "12.03.1947",
        "4711 0815",
        "63Y",
        "M 63",
        "10:02",
    ],
)
def test_all_else_goes(text: str) -> None:
    assert not stays(text, 1.0)
