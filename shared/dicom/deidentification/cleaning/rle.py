"""Rectangles of RLE Lossless frames made black (PS3.5 Annex G).

A frame has a segment for each byte of each sample, the most significant first. Rows outside of
the rectangles keep their bytes when their segment begins and ends them with a run of their own,
as the standard asks for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from struct import pack, unpack
from typing import Final

from shared.dicom.deidentification.cleaning.form import PixelForm
from shared.dicom.deidentification.cleaning.obstacles import CleaningError, Obstacle
from shared.dicom.deidentification.cleaning.rectangles import Band, Rectangle, bands

_HEADER_BYTES: Final = 64
_MOST_SEGMENTS: Final = 15
_MOST_SEGMENT_BYTES: Final = 64 << 20
_LONGEST: Final = 128  # bytes of a run; as a header byte: no operation
_REPEATED: Final = re.compile(rb"(.)\1{2,127}", re.DOTALL)


class RleCleaner:
    """Makes the same rectangles of every frame black."""

    def __init__(self, form: PixelForm, rectangles: Sequence[Rectangle]) -> None:
        self._columns, self._rows = form.columns, form.rows
        self._bands = bands(rectangles, form.columns, form.rows)
        self._sample_bytes = form.sample_bytes
        self._black = b"".join(value.to_bytes(form.sample_bytes, "big") for value in form.black)
        if form.bits_allocated == 1 or not 0 < len(self._black) <= _MOST_SEGMENTS:
            raise CleaningError(Obstacle.CODESTREAM_FORM)
        if self._columns * self._rows > _MOST_SEGMENT_BYTES:
            raise CleaningError(Obstacle.SIZE)

    def __call__(self, frame: bytes) -> bytes:
        """The frame with its rectangles black.

        Raises:
            CleaningError: the frame has other segments than the attributes say, or shorter ones.
        """
        cleaned = [
            self._cleaned(segment, black)
            for segment, black in zip(self._segments(frame), self._black, strict=True)
        ]
        offsets, at = [], _HEADER_BYTES
        for segment in cleaned:
            offsets.append(at)
            at += len(segment)
        unused = [0] * (_MOST_SEGMENTS - len(offsets))
        return b"".join((pack("<16I", len(cleaned), *offsets, *unused), *cleaned))

    def planes(self, frame: bytes) -> bytes:
        """The samples of a frame, little endian, plane by plane.

        Raises:
            CleaningError: the frame has other segments than the attributes say, or shorter ones.
        """
        segments = [self._decoded(segment)[0] for segment in self._segments(frame)]
        size = self._sample_bytes
        decoded = bytearray(len(segments) * self._columns * self._rows)
        length = size * self._columns * self._rows
        for number, segment in enumerate(segments):
            plane, byte = divmod(number, size)
            decoded[plane * length + size - 1 - byte : (plane + 1) * length : size] = segment
        return bytes(decoded)

    def _segments(self, frame: bytes) -> Iterator[bytes]:
        if len(frame) < _HEADER_BYTES:
            raise CleaningError(Obstacle.CODESTREAM)
        count, *offsets = unpack("<16I", frame[:_HEADER_BYTES])
        if count != len(self._black):
            raise CleaningError(Obstacle.CODESTREAM_FORM)
        edges = (*offsets[:count], len(frame))
        if edges[0] < _HEADER_BYTES or any(stop < start for start, stop in pairwise(edges)):
            raise CleaningError(Obstacle.CODESTREAM)
        for start, stop in pairwise(edges):
            yield frame[start:stop]

    def _cleaned(self, segment: bytes, black: int) -> bytes:
        samples, starts = self._decoded(segment)
        coded = b"".join(self._band(band, segment, samples, starts, black) for band in self._bands)
        return coded + b"\x00" * (len(coded) & 1)

    def _decoded(self, segment: bytes) -> tuple[bytearray, dict[int, int]]:
        """The bytes of a segment, and where in it rows begin that begin with a run."""
        size, columns = self._columns * self._rows, self._columns
        samples, starts, at = bytearray(), {0: 0}, 0
        while len(samples) < size:
            if at >= len(segment):
                raise CleaningError(Obstacle.CODESTREAM)
            head = segment[at]
            if head < _LONGEST:
                samples += segment[at + 1 : at + head + 2]
                at += head + 2
            elif head > _LONGEST:
                samples += segment[at + 1 : at + 2] * (257 - head)
                at += 2
            else:
                at += 1
            if len(samples) % columns == 0:
                starts[len(samples) // columns] = at
        if len(samples) > size or at > len(segment):
            raise CleaningError(Obstacle.CODESTREAM)
        return samples, starts

    def _band(
        self, band: Band, segment: bytes, samples: bytearray, starts: dict[int, int], black: int
    ) -> bytes:
        columns, kept = self._columns, band.top in starts and band.bottom in starts
        if kept and not band.spans:
            return segment[starts[band.top] : starts[band.bottom]]
        rows: list[bytes] = []
        for row in range(band.top, band.bottom):
            line = samples[row * columns : (row + 1) * columns]
            for start, stop in band.spans:
                line[start:stop] = bytes((black,)) * (stop - start)
            rows.append(_encoded(bytes(line)))
        return b"".join(rows)


def _encoded(line: bytes) -> bytes:
    """One row as runs: equal bytes from three on, anything else as it is."""
    coded, done = bytearray(), 0
    for match in _REPEATED.finditer(line):
        _add_literal(coded, line[done : match.start()])
        done = match.end()
        coded += bytes((257 - done + match.start(), line[match.start()]))
    _add_literal(coded, line[done:])
    return bytes(coded)


def _add_literal(coded: bytearray, line: bytes) -> None:
    for start in range(0, len(line), _LONGEST):
        part = line[start : start + _LONGEST]
        coded.append(len(part) - 1)
        coded += part
