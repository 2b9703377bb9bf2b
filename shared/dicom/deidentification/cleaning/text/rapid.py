"""Text found by RapidOCR: PaddleOCR's models, in the wheel, on the ONNX runtime (Apache-2.0).

It runs in the process, on one thread, so that equal pictures give equal boxes, and asks no network.
What it reads decides whether a text may stay, and is forgotten then.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from itertools import product
from math import ceil
from threading import Lock
from typing import Any, Final

import numpy as np
from PIL import Image, ImageFilter, ImageOps

from shared.dicom.deidentification.cleaning.rectangles import Rectangle
from shared.dicom.deidentification.cleaning.text.boxes import TextBox, joined
from shared.dicom.deidentification.cleaning.text.frames import Frames
from shared.dicom.deidentification.cleaning.text.pictures import pictures
from shared.dicom.deidentification.cleaning.text.words import stays

_LONGEST_SIDE: Final = 2048  # larger pictures are made smaller
_TILE: Final = 1024
_OVERLAP: Final = 64  # a line of this height that is cut by one tile is whole in the next
_SMOOTHING: Final = 0.8  # pixels; what is left of speckle hides small letters


class RapidTextFinder:
    """Looks at each picture as it is and, smoothed, with black and white exchanged."""

    def __init__(self) -> None:
        package: Any = import_module("rapidocr_onnxruntime")
        self._engine = package.RapidOCR(
            text_score=0.0,  # what is text is decided here
            intra_op_num_threads=1,
            inter_op_num_threads=1,
        )
        self._one_at_a_time = Lock()  # the engine keeps state between its steps

    def __call__(self, frames: Frames) -> tuple[TextBox, ...]:
        """The text in the frames that were looked at, with the margin that is to be blanked.

        Raises:
            CleaningError: a frame cannot be decoded.
            TransientError: `short-read`, the source gave less than it has.
        """
        size = frames.columns, frames.rows
        boxes = [
            box.with_margin(*size)
            for picture in pictures(frames)
            for box in self._in_picture(Image.fromarray(picture))
            if box.is_text
        ]
        return joined(boxes)

    def _in_picture(self, picture: Image.Image) -> Iterator[TextBox]:
        factor = max(1.0, max(picture.size) / _LONGEST_SIDE)
        if factor > 1:
            width, height = (max(1, round(side / factor)) for side in picture.size)
            picture = picture.resize((width, height), Image.Resampling.BOX)
        negative = ImageOps.invert(picture).filter(ImageFilter.GaussianBlur(_SMOOTHING))
        for view in (picture, negative):
            for left, top in product(_starts(view.width), _starts(view.height)):
                tile = view.crop(
                    (left, top, min(left + _TILE, view.width), min(top + _TILE, view.height))
                )
                for box, confidence in self._in_tile(tile):
                    yield TextBox(_rectangle(box, left, top, factor), confidence)

    def _in_tile(self, tile: Image.Image) -> Iterator[tuple[Any, float]]:
        """Corners by x and y, and how well what stands between them could be read."""
        with self._one_at_a_time:
            lines, _ = self._engine(np.asarray(tile), use_cls=False)
        for corners, text, confidence in lines or ():
            if not stays(text, float(confidence)):
                yield np.asarray(corners), float(confidence)


def _starts(side: int) -> list[int]:
    """Where tiles begin that cover a side and overlap."""
    if side <= _TILE:
        return [0]
    steps = ceil((side - _TILE) / (_TILE - _OVERLAP))
    return [step * (side - _TILE) // steps for step in range(steps + 1)]


def _rectangle(corners: Any, left: int, top: int, factor: float) -> Rectangle:
    """The smallest rectangle of whole pixels of the frame around the corners."""
    across, down = (corners[:, 0] + left) * factor, (corners[:, 1] + top) * factor
    x, y = int(across.min()), int(down.min())
    return Rectangle(x, y, ceil(across.max()) - x, ceil(down.max()) - y)
