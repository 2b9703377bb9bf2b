"""A finder that sees one value of the samples: it reads nothing and stands in for who does."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from shared.dicom.deidentification.cleaning.rectangles import Rectangle
from shared.dicom.deidentification.cleaning.text import Frames, TextBox


@dataclass
class InkFinder:
    """Boxes around all samples of a value, frame by frame; remembers how often it looked."""

    ink: int
    confidence: float = 0.9
    blind_to: tuple[Rectangle, ...] = ()  # boxes that it sees only when it looks again
    looks: int = field(default=0, init=False)

    def __call__(self, frames: Frames) -> tuple[TextBox, ...]:
        self.looks += 1
        boxes = []
        for number in range(frames.count):
            samples = frames.samples(number)
            size = len(samples.data) // (samples.rows * samples.columns)
            values = np.frombuffer(samples.data, f"<u{size}").reshape(samples.rows, -1)
            rows, columns = np.nonzero(values == self.ink)
            if rows.size:
                left, top = int(columns.min()), int(rows.min())
                width, height = int(columns.max()) - left + 1, int(rows.max()) - top + 1
                boxes.append(TextBox(Rectangle(left, top, width, height), self.confidence))
        late = self.blind_to if self.looks > 1 else ()
        return (*boxes, *(TextBox(rectangle, self.confidence) for rectangle in late))
