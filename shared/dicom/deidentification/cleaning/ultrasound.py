"""Sequence of Ultrasound Regions: what lies outside of them is where text stands (C.8.5.5)."""

from __future__ import annotations

from typing import Final

from shared.dicom.deidentification.cleaning.attributes import Attributes
from shared.dicom.deidentification.cleaning.rectangles import Rectangle, outside

_REGIONS: Final = 0x00186011
_SPATIAL_FORMAT: Final = 0x00186012
_CORNERS: Final = (0x00186018, 0x0018601A, 0x0018601C, 0x0018601E)  # X0, Y0, X1, Y1
_ECHOES: Final = frozenset({1, 2, 3, 4})  # 2D, M-mode, spectral, waveform; 5 is graphics, 0 none
_MOST_REGIONS: Final = 32


def outside_regions(attributes: Attributes, columns: int, rows: int) -> tuple[Rectangle, ...]:
    """What is not a region of echoes; nothing where the regions say nothing trustworthy.

    They say something only when each lies in the image and has its extent, and when none begins
    in the first row: a region with the banner in it is not measured, it is the whole screen.
    """
    items = attributes.items(_REGIONS)
    if not 0 < len(items) <= _MOST_REGIONS:
        return ()
    kept = []
    for item in items:
        region = _region(item)
        if region is None or region.right > columns + 1 or region.bottom > rows + 1:
            return ()
        if item.number(_SPATIAL_FORMAT) in _ECHOES:
            kept.append(region)
    if not kept or any(region.top == 0 for region in kept):
        return ()
    return outside(kept, columns, rows)


def _region(item: Attributes) -> Rectangle | None:
    left, top, right, bottom = (item.number(tag) for tag in _CORNERS)
    if left is None or top is None or right is None or bottom is None:
        return None
    region = Rectangle(left, top, right - left + 1, bottom - top + 1)
    return region if region.width > 0 and region.height > 0 else None
