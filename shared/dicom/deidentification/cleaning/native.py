"""Rectangles of native pixel data made black, as a stream."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from math import gcd
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
_COARSE_BYTES: Final = 4 << 10  # the mean of what is kept between two runs


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
        for stretch in self._stretches():
            for offset, stencil, count in stretch.cut(self.chunk_bytes):
                length = stencil.length * count
                chunk = source.read(self.extent.offset + offset, length)
                if len(chunk) != length:
                    raise TransientError("short-read")
                yield stencil.on(chunk)

    def frame(self, source: Source, number: int) -> bytes:
        """The bytes of one frame, as they are among the pieces.

        Raises:
            CleaningError: it does not begin and end with a byte.
            TransientError: `short-read`, the source gave less than it has.
        """
        if self.frame_bits % _BYTE:
            raise CleaningError(Obstacle.PIXEL_FORM)
        size = self.frame_bits // _BYTE
        extent = Extent(self.extent.offset + number * size, size)
        return b"".join(replace(self, extent=extent, frames=1).pieces(source))

    def _stretches(self) -> Iterator[_Stretch]:
        """Frames until a byte ends with one, over and over, and what is left with the padding."""
        together = _BYTE // gcd(self.frame_bits, _BYTE)
        size = together * self.frame_bits // _BYTE
        count, left = divmod(self.frames, together)
        yield _Stretch(0, size, count, self._repeated(together))
        rest = self.extent.length - count * size
        if rest:
            yield _Stretch(count * size, rest, 1, self._repeated(left))

    def _repeated(self, frames: int) -> tuple[Run, ...]:
        shifts = range(0, frames * self.frame_bits, self.frame_bits)
        return tuple(Run(r.start + by, r.stop + by, r.unit) for by in shifts for r in self.runs)


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


class _Part(NamedTuple):
    """The part of a run that is in a chunk, in bits of the chunk."""

    start: int
    stop: int
    unit: bytes
    phase: int  # bytes of the unit that stand before the chunk


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Bytes in which the same runs come again `count` times."""

    offset: int
    size: int  # of each time
    count: int
    runs: Sequence[Run]

    def cut(self, chunk_bytes: int) -> Iterator[tuple[int, _Stencil, int]]:
        """Where each chunk starts, its stencil, and how often it applies one after the other."""
        stencils = [
            _Stencil(self._parts(start, min(start + chunk_bytes, self.size)))
            for start in range(0, self.size, chunk_bytes)
        ]
        at_once = max(chunk_bytes // self.size, 1)
        for number in range(0, self.count, at_once):
            offset = self.offset + number * self.size
            for stencil in stencils:
                yield offset, stencil, min(at_once, self.count - number)
                offset += stencil.length

    def _parts(self, start: int, stop: int) -> tuple[int, list[_Part]]:
        """The bytes `[start, stop)` as a length, and the parts of runs that are in them."""
        first, last = start * _BYTE, stop * _BYTE
        parts = []
        for index in range(bisect_right(self.runs, first, key=_stop), len(self.runs)):
            run = self.runs[index]
            if run.start >= last:
                break
            phase = max(first - run.start, 0) // _BYTE % len(run.unit)
            begin, end = max(run.start, first), min(run.stop, last)
            parts.append(_Part(begin - first, end - first, run.unit, phase))
        return stop - start, parts


def _stop(run: Run) -> int:
    return run.stop


class _Stencil:
    """What of a chunk stays and what becomes black."""

    def __init__(self, cut: tuple[int, list[_Part]]) -> None:
        self.length, self._parts = cut
        self._of_bits = any((part.start | part.stop) % _BYTE for part in self._parts)
        self._kept: list[slice] = []
        self._pattern: list[bytes | memoryview] = []  # every other one is of the chunk
        if not self._of_bits:
            self._lay_out()

    def _lay_out(self) -> None:
        blacks: dict[tuple[bytes, int, int], bytes] = {}
        done = 0
        for start, stop, unit, phase in self._parts:
            first, last = start // _BYTE, stop // _BYTE
            key = unit, phase, last - first
            if key not in blacks:
                blacks[key] = (unit * (key[2] // len(unit) + 2))[phase : phase + key[2]]
            self._kept.append(slice(done, first))
            self._pattern += (b"", blacks[key])
            done = last
        self._kept.append(slice(done, self.length))
        self._pattern.append(b"")

    def on(self, chunk: bytes) -> bytes:
        """The chunk with the parts black, as often as the stencil fits into it."""
        if not self._parts:
            return chunk
        if self._of_bits:
            starts = range(0, len(chunk), self.length)
            return b"".join(_with_bits(chunk[at : at + self.length], self._parts) for at in starts)
        is_fine = self.length < _COARSE_BYTES * len(self._kept)
        whole = chunk if is_fine else memoryview(chunk)  # views spare copies but are slow to join
        pieces: list[bytes | memoryview] = []
        for start in range(0, len(chunk), self.length):
            part = whole[start : start + self.length]
            self._pattern[::2] = [part[kept] for kept in self._kept]
            pieces += self._pattern
        return b"".join(pieces)


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
