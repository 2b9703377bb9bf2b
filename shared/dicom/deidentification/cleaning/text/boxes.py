"""Places of text: given a margin, and joined where they overlap."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from shared.dicom.deidentification.cleaning.rectangles import Rectangle

_LEGIBLE: Final = 0.5  # the confidence that is asked of a line
_READ: Final = 0.9  # and of anything else
_HIGHEST_LINE: Final = 64  # pixels
_LENGTH: Final = 2  # of its height
_LEAST_MARGIN: Final = 3  # pixels
_MARGIN: Final = 0.25  # of the height of a line, for the ends that a detector cuts off


class TextBox(NamedTuple):
    """Where text stands that may not stay."""

    rectangle: Rectangle
    confidence: float  # of having read it, 0 to 1

    @property
    def is_text(self) -> bool:
        """Whether it is one: an organ may look like a sign, but is round, large, hard to read."""
        short, long = sorted((self.rectangle.width, self.rectangle.height))
        is_line = short <= _HIGHEST_LINE and long >= _LENGTH * short
        return self.confidence >= (_LEGIBLE if is_line else _READ)

    def with_margin(self, columns: int, rows: int) -> TextBox:
        """The box with some pixels around it, in an image of this size."""
        left, top, width, height = self.rectangle
        margin = max(_LEAST_MARGIN, round(_MARGIN * min(width, height)))
        wider = Rectangle(left - margin, top - margin, width + 2 * margin, height + 2 * margin)
        return TextBox(wider.within(columns, rows), self.confidence)


def joined(boxes: Iterable[TextBox]) -> tuple[TextBox, ...]:
    """Boxes that do not overlap and cover all of these, from top to bottom."""
    apart: list[TextBox] = []
    for box in boxes:
        grown = box
        while near := [each for each in apart if _overlap(each.rectangle, grown.rectangle)]:
            apart = [each for each in apart if each not in near]
            grown = _around([grown, *near])
        apart.append(grown)
    return tuple(sorted(apart, key=lambda box: (box.rectangle.top, box.rectangle.left)))


def _overlap(one: Rectangle, other: Rectangle) -> bool:
    across = one.left < other.right and other.left < one.right
    return across and one.top < other.bottom and other.top < one.bottom


def _around(boxes: list[TextBox]) -> TextBox:
    parts = [box.rectangle for box in boxes]
    left, top = min(part.left for part in parts), min(part.top for part in parts)
    right, bottom = max(part.right for part in parts), max(part.bottom for part in parts)
    around = Rectangle(left, top, right - left, bottom - top)
    return TextBox(around, max(box.confidence for box in boxes))
