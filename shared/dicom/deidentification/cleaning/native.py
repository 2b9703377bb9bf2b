"""Rectangles of native pixel data made black, as a stream."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from shared.dicom.deidentification.cleaning.form import PixelForm
from shared.dicom.deidentification.cleaning.obstacles import CleaningError, Obstacle
from shared.dicom.deidentification.cleaning.planes import Run, native_planes, runs_of
from shared.dicom.deidentification.cleaning.rectangles import Rectangle
from shared.dicom.elements import Extent
from shared.dicom.source import Source
from shared.errors import TransientError

CHUNK_BYTES: Final = 4 << 20
_BYTE: Final = 8


class _Part(NamedTuple):
    """The part of a run that is in a chunk, in bits of the chunk."""

    start: int
    stop: int
    unit: bytes
    phase: int  # bytes of the run that stand before the chunk


@dataclass(frozen=True, slots=True)
class NativePixels:
    """Native pixel data with some of their pixels black; all other bits are the source's."""

    extent: Extent
    frames: int
    frame_bits: int
    runs: tuple[Run, ...]  # of each frame, apart and in order
    chunk_bytes: int = CHUNK_BYTES

    @property
    def length(self) -> int:
        """The bytes of all pieces together, as many as the source's."""
        return self.extent.length

    def pieces(self, source: Source) -> Iterator[bytes]:
        """The bytes, in pieces of up to `chunk_bytes`, of which two are in memory at once.

        Raises:
            TransientError: `short-read`, the source gave less than it has.
        """
        black = _Black(self.runs, self.chunk_bytes)
        for offset in range(0, self.extent.length, self.chunk_bytes):
            length = min(self.chunk_bytes, self.extent.length - offset)
            chunk = source.read(self.extent.offset + offset, length)
            if len(chunk) != length:
                raise TransientError("short-read")
            yield black.on(chunk, self._parts(offset * _BYTE, (offset + length) * _BYTE))

    def _parts(self, start: int, stop: int) -> Iterator[_Part]:
        """The parts of all runs that are in `[start, stop)`."""
        for frame in range(start // self.frame_bits, self.frames):
            origin = frame * self.frame_bits - start
            if origin >= stop - start:
                return
            first = bisect_right(self.runs, -origin, key=_stop) if origin < 0 else 0
            for index in range(first, len(self.runs)):
                run = self.runs[index]
                begin = run.start + origin
                if begin >= stop - start:
                    return
                end = min(run.stop + origin, stop - start)
                yield _Part(max(begin, 0), end, run.unit, max(-begin, 0) // _BYTE)


def native_pixels(form: PixelForm, rectangles: Sequence[Rectangle], extent: Extent) -> NativePixels:
    """The pixel data at `extent` with the rectangles black in every frame.

    Raises:
        CleaningError: the form is not one of native pixel data, the data are shorter than it
            says, or the runs are too many.
    """
    planes = native_planes(form)
    frame_bits = sum(plane.bits for plane in planes)
    if form.frames * frame_bits > extent.length * _BYTE:
        raise CleaningError(Obstacle.PIXEL_FORM)
    return NativePixels(extent, form.frames, frame_bits, runs_of(planes, rectangles))


def _stop(run: Run) -> int:
    return run.stop


class _Black:
    """Makes parts of chunks black."""

    def __init__(self, runs: Sequence[Run], chunk_bytes: int) -> None:
        longest = max((run.stop - run.start for run in runs), default=0) // _BYTE
        size = min(longest, chunk_bytes)
        units = {run.unit for run in runs}
        self._stretches = {unit: memoryview(unit * (size // len(unit) + 2)) for unit in units}
        self._of_bits = any((run.start | run.stop) % _BYTE for run in runs)

    def on(self, chunk: bytes, parts: Iterable[_Part]) -> bytes:
        """The chunk with the parts black."""
        return _with_bits(chunk, parts) if self._of_bits else self._with_bytes(chunk, parts)

    def _with_bytes(self, chunk: bytes, parts: Iterable[_Part]) -> bytes:
        pieces: list[memoryview] = []
        view, done = memoryview(chunk), 0
        for start, stop, unit, phase in parts:
            first, last, skipped = start // _BYTE, stop // _BYTE, phase % len(unit)
            pieces += (view[done:first], self._stretches[unit][skipped : skipped + last - first])
            done = last
        return b"".join((*pieces, view[done:])) if pieces else chunk


def _with_bits(chunk: bytes, parts: Iterable[_Part]) -> bytes:
    """The same where pixels are single bits, the first the lowest of its byte (PS3.5 8.1.1)."""
    changed = bytearray(chunk)
    for start, stop, unit, _ in parts:
        first, last = start // _BYTE, -(-stop // _BYTE)
        mask = (1 << stop - start) - 1 << start % _BYTE
        before = int.from_bytes(changed[first:last], "little")
        after = before | mask if unit[0] else before & ~mask
        changed[first:last] = after.to_bytes(last - first, "little")
    return bytes(changed)
