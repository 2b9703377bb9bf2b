"""Rectangles of pixels: united, turned inside out, rounded to blocks.

Columns count from 0 at the left, rows from 0 at the top.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import NamedTuple


class Rectangle(NamedTuple):
    """`width` columns from `left` and `height` rows from `top`."""

    left: int
    top: int
    width: int
    height: int

    @property
    def right(self) -> int:
        """The first column to the right of it."""
        return self.left + self.width

    @property
    def bottom(self) -> int:
        """The first row below it."""
        return self.top + self.height

    def within(self, columns: int, rows: int) -> Rectangle:
        """The part in an image of this size; its width or height is 0 when there is none."""
        left, right = (min(max(x, 0), columns) for x in (self.left, self.right))
        top, bottom = (min(max(y, 0), rows) for y in (self.top, self.bottom))
        return Rectangle(left, top, max(right - left, 0), max(bottom - top, 0))

    def outwards(self, width: int, height: int) -> Rectangle:
        """The smallest rectangle of whole blocks of this size that holds it."""
        if not (self.width and self.height):
            return self
        left, top = self.left // width, self.top // height
        right, bottom = -(-self.right // width), -(-self.bottom // height)
        return Rectangle(
            left * width, top * height, (right - left) * width, (bottom - top) * height
        )


class Band(NamedTuple):
    """Neighbouring rows in which the same columns are covered."""

    top: int
    bottom: int  # the first row below it
    spans: tuple[tuple[int, int], ...]  # of columns, `[start, stop)`, apart and in order


def bands(rectangles: Iterable[Rectangle], columns: int, rows: int) -> tuple[Band, ...]:
    """The whole image, from top to bottom, by what the rectangles cover of it."""
    inside = [part for part in (r.within(columns, rows) for r in rectangles) if part.width]
    edges = sorted({0, rows, *(r.top for r in inside), *(r.bottom for r in inside)})
    return tuple(
        Band(top, bottom, tuple(_united(r for r in inside if r.top <= top and bottom <= r.bottom)))
        for top, bottom in pairwise(edges)
    )


def outside(rectangles: Iterable[Rectangle], columns: int, rows: int) -> tuple[Rectangle, ...]:
    """What the rectangles leave of the image."""
    return tuple(
        Rectangle(start, band.top, stop - start, band.bottom - band.top)
        for band in bands(rectangles, columns, rows)
        for (_, start), (stop, _) in pairwise(((0, 0), *band.spans, (columns, columns)))
        if stop > start
    )


def _united(rectangles: Iterable[Rectangle]) -> Iterator[tuple[int, int]]:
    start = stop = -1
    for left, right in sorted((r.left, r.right) for r in rectangles):
        if left > stop:
            if stop > start:
                yield start, stop
            start, stop = left, right
        stop = max(stop, right)
    if stop > start:
        yield start, stop
