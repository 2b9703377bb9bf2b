"""Where the pixels of rectangles stand in a frame: runs of bits, row by row.

A frame is one or more planes of units: a plane for each sample with Planar Configuration 1, else
one; a unit is what a plane has of one pixel, or of two that share their chroma (PS3.5 Section 8.1,
PS3.3 Section C.7.6.3.1.2).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from shared.dicom.deidentification.cleaning.form import PixelForm
from shared.dicom.deidentification.cleaning.obstacles import CleaningError, Obstacle
from shared.dicom.deidentification.cleaning.rectangles import Band, Rectangle, bands

_BYTE: Final = 8
_MOST_RUNS: Final = 1 << 18
_SUBSAMPLED: Final = frozenset({"YBR_FULL_422", "YBR_PARTIAL_422"})
_COLOURS: Final = 3


class Run(NamedTuple):
    """Neighbouring bits of a frame that become black: `[start, stop)`."""

    start: int
    stop: int
    unit: bytes  # repeated from the start; one that is smaller than a byte fills it


@dataclass(frozen=True, slots=True)
class Plane:
    """One plane of a frame."""

    rows: int
    columns: int
    unit: bytes  # black; a unit of one bit as a byte of such bits
    unit_bits: int
    unit_pixels: int = 1

    @property
    def bits(self) -> int:
        """The bits of the whole plane."""
        return self.rows * self.columns // self.unit_pixels * self.unit_bits

    def runs(self, rectangles: Iterable[Rectangle], offset: int = 0) -> Iterator[Run]:
        """What becomes black when the plane begins at bit `offset`, in order."""
        width = self.unit_pixels
        rounded = [rectangle.outwards(width, 1) for rectangle in rectangles]
        for band in bands(rounded, self.columns, self.rows):
            for start, stop in self._spans(band):
                first, last = (x // width * self.unit_bits + offset for x in (start, stop))
                yield Run(first, last, self.unit)

    def _spans(self, band: Band) -> Iterator[tuple[int, int]]:
        """The pixels of a band, counted from the first of the plane; whole rows are one span."""
        if band.spans == ((0, self.columns),):
            yield band.top * self.columns, band.bottom * self.columns
            return
        for row in range(band.top, band.bottom):
            for start, stop in band.spans:
                yield row * self.columns + start, row * self.columns + stop


def native_planes(form: PixelForm) -> tuple[Plane, ...]:
    """The planes of a native frame, in order.

    Raises:
        CleaningError: no native pixel data are stored in this form.
    """
    if form.bits_allocated == 1:
        unit = b"\xff" if form.black[0] else b"\x00"
        return (Plane(form.rows, form.columns, unit, 1),)
    samples = [_stored(value, form) for value in form.black]
    if form.photometric_interpretation in _SUBSAMPLED:
        if form.columns % 2 or form.by_plane or form.samples != _COLOURS:
            raise CleaningError(Obstacle.PIXEL_FORM)
        luma, blue, red = samples
        samples, pixels = [luma + luma + blue + red], 2
    else:
        samples, pixels = samples if form.by_plane else [b"".join(samples)], 1
    return tuple(
        Plane(form.rows, form.columns, unit, len(unit) * _BYTE, pixels) for unit in samples
    )


def runs_of(planes: Sequence[Plane], rectangles: Sequence[Rectangle]) -> tuple[Run, ...]:
    """What becomes black of a frame of these planes.

    Raises:
        CleaningError: the runs are too many to be kept.
    """
    runs: list[Run] = []
    offset = 0
    for plane in planes:
        for run in plane.runs(rectangles, offset):
            if len(runs) == _MOST_RUNS:
                raise CleaningError(Obstacle.SIZE)
            runs.append(run)
        offset += plane.bits
    return tuple(runs)


def _stored(value: int, form: PixelForm) -> bytes:
    return value.to_bytes(form.sample_bytes, "little" if form.little_endian else "big")
