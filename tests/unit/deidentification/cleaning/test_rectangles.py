"""Rectangles against masks of numpy."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.dicom.deidentification.cleaning.rectangles import Rectangle, bands, outside

COLUMNS, ROWS = 13, 9
RECTANGLES = st.lists(
    st.builds(
        Rectangle, st.integers(-3, 15), st.integers(-3, 11), st.integers(0, 9), st.integers(0, 9)
    ),
    max_size=6,
)


def mask(rectangles: list[Rectangle]) -> np.ndarray:
    covered = np.zeros((ROWS, COLUMNS), bool)
    for left, top, width, height in rectangles:
        covered[max(top, 0) : max(top + height, 0), max(left, 0) : max(left + width, 0)] = True
    return covered


@settings(deadline=None)
@given(RECTANGLES)
def test_bands_cover_what_the_rectangles_cover(rectangles: list[Rectangle]) -> None:
    covered = np.zeros((ROWS, COLUMNS), int)
    for band in bands(rectangles, COLUMNS, ROWS):
        for start, stop in band.spans:
            covered[band.top : band.bottom, start:stop] += 1
    assert np.array_equal(covered, mask(rectangles).astype(int))


@settings(deadline=None)
@given(RECTANGLES)
def test_bands_are_the_whole_image_in_order(rectangles: list[Rectangle]) -> None:
    found = bands(rectangles, COLUMNS, ROWS)
    assert [band.top for band in found] == [0, *(band.bottom for band in found[:-1])]
    assert found[-1].bottom == ROWS
    for band in found:
        flat = [column for span in band.spans for column in span]
        assert flat == sorted(set(flat))


@settings(deadline=None)
@given(RECTANGLES)
def test_the_outside_is_the_complement(rectangles: list[Rectangle]) -> None:
    left_out = list(outside(rectangles, COLUMNS, ROWS))
    assert np.array_equal(mask(left_out), ~mask(rectangles))


def test_blocks_hold_the_rectangle() -> None:
    assert Rectangle(9, 16, 1, 17).outwards(8, 16) == Rectangle(8, 16, 8, 32)
    assert Rectangle(0, 0, 8, 16).outwards(8, 16) == Rectangle(0, 0, 8, 16)
    assert Rectangle(9, 16, 0, 17).outwards(8, 16) == Rectangle(9, 16, 0, 17)
