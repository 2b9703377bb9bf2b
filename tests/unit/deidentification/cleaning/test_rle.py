"""RLE Lossless: decoded by pydicom, only boxed pixels have changed."""

from __future__ import annotations

import random
import struct
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.pixels.decoders.base import get_decoder
from pydicom.uid import RLELossless

from shared.dicom.deidentification.cleaning.form import PixelForm
from shared.dicom.deidentification.cleaning.obstacles import CleaningError, Obstacle
from shared.dicom.deidentification.cleaning.rectangles import Rectangle
from shared.dicom.deidentification.cleaning.rle import RleCleaner
from tests.unit.deidentification.cleaning.objects import COLOURS, cleaned, encapsulated, mask_of
from tests.unit.deidentification.cleaning.objects import read as as_dataset

ROWS, COLUMNS = 9, 300
RECTANGLES = st.lists(
    st.builds(
        Rectangle, st.integers(-9, 310), st.integers(-3, 9), st.integers(0, 300), st.integers(0, 5)
    ),
    max_size=3,
)


def packed(line: bytes) -> bytes:
    """The simplest coding: literals only."""
    parts = (line[at : at + 128] for at in range(0, len(line), 128))
    return b"".join(bytes((len(part) - 1,)) + part for part in parts)


def coded(planes: np.ndarray, *, by_row: bool = True) -> bytes:
    """A frame of byte planes as RLE; runs pass the ends of rows when it is not coded by row."""
    segments = []
    for plane in planes:
        data = plane.tobytes()
        width = plane.shape[1] if by_row else len(data)
        runs = (packed(data[at : at + width]) for at in range(0, len(data), width))
        segment = b"".join(runs)
        segments.append(segment + b"\x00" * (len(segment) % 2))
    offsets = np.cumsum([64, *map(len, segments)])[:-1].tolist()
    header = [len(segments), *offsets, *[0] * (15 - len(segments))]
    return struct.pack("<16I", *header) + b"".join(segments)


def patches(*shape: int) -> np.ndarray:
    """Bytes with runs and without."""
    generator = np.random.default_rng(3)
    values = generator.integers(0, 256, shape)
    return np.where(generator.random(shape) < 0.5, values, 7).astype("u1")


def pixels_of(data: bytes) -> np.ndarray:
    dataset = as_dataset(data)
    options: dict[str, Any] = {"raw": True}
    array, _ = get_decoder(RLELossless).as_array(dataset, **options)
    return np.asarray(array)


@pytest.mark.parametrize("by_row", [True, False])
@settings(max_examples=25, deadline=None)
@given(rectangles=RECTANGLES)
def test_words(rectangles: list[Rectangle], *, by_row: bool) -> None:
    frames = patches(2, 2, ROWS, COLUMNS)  # frame, byte from the most significant, row, column
    data = encapsulated(
        [coded(frame, by_row=by_row) for frame in frames], RLELossless,
        Rows=ROWS, Columns=COLUMNS, PhotometricInterpretation="MONOCHROME1",
    )  # fmt: skip
    expected = (frames[:, 0].astype("u2") << 8) | frames[:, 1]
    assert np.array_equal(pixels_of(data), expected)
    expected[:, mask_of(rectangles, COLUMNS, ROWS)] = 65535
    assert np.array_equal(pixels_of(cleaned(data, rectangles)[1]), expected)


@pytest.mark.parametrize(
    ("interpretation", "black"), [("RGB", (0, 0, 0)), ("YBR_FULL", (0, 128, 128))]
)
def test_colours(interpretation: str, black: tuple[int, ...]) -> None:
    frame = patches(3, ROWS, COLUMNS)
    data = encapsulated(
        [coded(frame)], RLELossless, Rows=ROWS, Columns=COLUMNS,
        PhotometricInterpretation=interpretation, **COLOURS,
    )  # fmt: skip
    expected = frame.transpose(1, 2, 0).copy()
    expected[0:2, 5:250] = black
    after = pixels_of(cleaned(data, [Rectangle(5, 0, 245, 2)])[1])
    assert np.array_equal(after, expected)


def form(**values: Any) -> PixelForm:
    described: dict[str, Any] = {
        "rows": 4, "columns": 6, "frames": 1, "bits_allocated": 8, "by_plane": False,
        "photometric_interpretation": "MONOCHROME2", "little_endian": True, "black": (0,),
    }  # fmt: skip
    return PixelForm(**{**described, **values})


def test_rows_outside_keep_their_bytes() -> None:
    plane = np.full((4, 6), 9, "u1")
    frame = coded(plane[None])
    after = RleCleaner(form(), [Rectangle(0, 1, 6, 1)])(frame)
    row = packed(bytes([9] * 6))
    assert after[64:] == row + b"\xfb\x00" + row + row + b"\x00"


def test_a_frame_of_which_nothing_is_boxed_keeps_its_bytes() -> None:
    frame = coded(patches(1, 4, 6))
    assert RleCleaner(form(), [Rectangle(6, 0, 5, 5)])(frame) == frame


@pytest.mark.parametrize(
    ("frame", "obstacle"),
    [
        (b"", Obstacle.CODESTREAM),
        (bytes(63), Obstacle.CODESTREAM),
        (bytes(64), Obstacle.CODESTREAM_FORM),
        (struct.pack("<16I", 2, 64, 64, *[0] * 13), Obstacle.CODESTREAM_FORM),
        (struct.pack("<16I", 1, 64, *[0] * 14), Obstacle.CODESTREAM),
        (struct.pack("<16I", 1, 0, *[0] * 14) + bytes(99), Obstacle.CODESTREAM),
        (struct.pack("<16I", 1, 9999, *[0] * 14) + bytes(99), Obstacle.CODESTREAM),
        (struct.pack("<16I", 1, 64, *[0] * 14) + b"\xea\x01\x00", Obstacle.CODESTREAM),  # one short
        (struct.pack("<16I", 1, 64, *[0] * 14) + b"\xe7\x01", Obstacle.CODESTREAM),  # two long
        (struct.pack("<16I", 1, 64, *[0] * 14) + b"\x17" + bytes(23), Obstacle.CODESTREAM),
        (struct.pack("<16I", 1, 64, *[0] * 14) + b"\x80" * 99, Obstacle.CODESTREAM),
    ],
)
def test_frames_that_are_not_as_described(frame: bytes, obstacle: Obstacle) -> None:
    with pytest.raises(CleaningError) as caught:
        RleCleaner(form(), [Rectangle(0, 0, 3, 3)])(frame)
    assert caught.value.obstacle is obstacle


@pytest.mark.parametrize(
    ("values", "obstacle"),
    [
        ({"bits_allocated": 1}, Obstacle.CODESTREAM_FORM),
        ({"bits_allocated": 32, "black": (0,) * 4}, Obstacle.CODESTREAM_FORM),
        ({"rows": 65535, "columns": 65535}, Obstacle.SIZE),
    ],
)
def test_forms_that_no_frame_has(values: dict[str, Any], obstacle: Obstacle) -> None:
    with pytest.raises(CleaningError) as caught:
        RleCleaner(form(**values), [Rectangle(0, 0, 3, 3)])
    assert caught.value.obstacle is obstacle


def test_damaged_frames_are_cleaned_or_refused() -> None:
    whole = coded(patches(1, 4, 6))
    clean = RleCleaner(form(), [Rectangle(1, 1, 3, 2)])
    generator = random.Random(7)
    outcomes: set[Obstacle | bool] = set()
    for _ in range(500):
        frame = bytearray(whole[: generator.randrange(len(whole) + 1)])
        for _ in range(generator.randrange(4) if frame else 0):
            frame[generator.randrange(len(frame))] = generator.randrange(256)
        try:
            outcomes.add(len(clean(bytes(frame))) > 0)
        except CleaningError as error:
            outcomes.add(error.obstacle)
    assert outcomes == {True, Obstacle.CODESTREAM, Obstacle.CODESTREAM_FORM}
