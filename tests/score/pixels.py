"""Burned-in text without a font of the machine's, whether it is hidden, and frames as PNG."""

from __future__ import annotations

import base64
import struct
import zlib
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from pydicom.dataset import Dataset

from tests.score.key import Burned

# Five rows of three pixels a sign, read from the top left: one bit a pixel.
_GLYPHS: Final = {
    "A": 0b010101111101101, "B": 0b110101110101110, "C": 0b011100100100011,
    "D": 0b110101101101110, "E": 0b111100110100111, "F": 0b111100110100100,
    "G": 0b011100101101011, "H": 0b101101111101101, "I": 0b111010010010111,
    "J": 0b001001001101010, "K": 0b101101110101101, "L": 0b100100100100111,
    "M": 0b101111111101101, "N": 0b110101101101101, "O": 0b010101101101010,
    "P": 0b110101110100100, "Q": 0b010101101110011, "R": 0b110101110101101,
    "S": 0b011100010001110, "T": 0b111010010010010, "U": 0b101101101101111,
    "V": 0b101101101101010, "W": 0b101101111111101, "X": 0b101101010101101,
    "Y": 0b101101010010010, "Z": 0b111001010100111, "0": 0b111101101101111,
    "1": 0b010110010010111, "2": 0b110001010100111, "3": 0b110001010001110,
    "4": 0b101101111001001, "5": 0b111100110001110, "6": 0b011100111101111,
    "7": 0b111001010010010, "8": 0b111101111101111, "9": 0b111101111001110,
    "-": 0b000000111000000, " ": 0b000000000000000,
}  # fmt: skip
_WIDTH, _HEIGHT = 3, 5
_SCALE: Final = 2
_LEGIBLE: Final = 0.25  # of the contrast that the text had
_LARGEST_PNG: Final = 96

Array = npt.NDArray[Any]


def ink_of(text: str) -> Array:
    """Rows by columns, true where the text has ink; signs without a glyph are blanks."""
    rows = []
    for row in range(_HEIGHT):
        bits: list[bool] = []
        for sign in text.upper():
            glyph = _GLYPHS.get(sign, 0)
            shift = _WIDTH * (_HEIGHT - 1 - row)
            bits += [bool(glyph >> (shift + _WIDTH - 1 - at) & 1) for at in range(_WIDTH)]
            bits.append(False)
        rows.append(bits)
    return np.kron(np.array(rows), np.ones((_SCALE, _SCALE))).astype(bool)


def burned_in(frame: Array, text: str, row: int, column: int, level: int) -> Burned:
    """Write the text into the frame (rows, columns[, samples]), as far as it fits."""
    ink = ink_of(text)[: frame.shape[0] - row, : frame.shape[1] - column]
    region = frame[row : row + ink.shape[0], column : column + ink.shape[1]]
    region[ink] = level
    return Burned(row=row, column=column, ink=tuple(tuple(map(bool, line)) for line in ink))


def first_frame(dataset: Dataset) -> Array | None:
    """The first frame (rows, columns[, samples]) of native pixel data, else None."""
    data = dataset.get("PixelData")
    if data is None or dataset.file_meta.TransferSyntaxUID.is_encapsulated:
        return None
    order = "<" if dataset.file_meta.TransferSyntaxUID.is_little_endian else ">"
    dtype = {8: np.dtype("u1"), 16: np.dtype(f"{order}u2")}.get(dataset.BitsAllocated)
    samples = int(dataset.get("SamplesPerPixel", 1))
    shape = (int(dataset.Rows), int(dataset.Columns))
    if dtype is None or not all(shape):
        return None
    count = shape[0] * shape[1] * samples
    if len(data) < count * dtype.itemsize:
        return None
    pixels = np.frombuffer(data, dtype, count)
    if samples == 1:
        return pixels.reshape(shape)
    if dataset.get("PlanarConfiguration", 0):
        return np.moveaxis(pixels.reshape((samples, *shape)), 0, -1)
    return pixels.reshape((*shape, samples))


def is_hidden(before: Array, after: Array, burned: Burned) -> bool:
    """Whether the text's ink no longer stands out from what is around it."""
    if before.shape != after.shape:
        return True
    contrast = _contrast(before, burned)
    return abs(_contrast(after, burned)) <= _LEGIBLE * abs(contrast)


def rest_is_kept(before: Array, after: Array, burned: Burned) -> bool:
    """Whether all pixels outside the text's box, one sign wider, are as they were."""
    if before.shape != after.shape:
        return False
    outside = np.ones(before.shape[:2], dtype=bool)
    height, width = len(burned.ink), len(burned.ink[0])
    margin = _HEIGHT * _SCALE
    outside[
        max(0, burned.row - margin) : burned.row + height + margin,
        max(0, burned.column - margin) : burned.column + width + margin,
    ] = False
    return bool(np.array_equal(before[outside], after[outside]))


def _contrast(frame: Array, burned: Burned) -> float:
    ink = np.array(burned.ink)
    box = frame[
        burned.row : burned.row + ink.shape[0], burned.column : burned.column + ink.shape[1]
    ]
    return float(box[ink].mean()) - float(box[~ink].mean())


def png(frame: Array) -> str:
    """The frame as a small PNG in a data URI, its levels stretched to eight bits."""
    step = max(1, -(-max(frame.shape[:2]) // _LARGEST_PNG))
    small = frame[::step, ::step].astype(float)
    low, high = small.min(), small.max()
    levels = ((small - low) * (255 / max(1.0, high - low))).astype("u1")
    colour = 2 if levels.ndim > 2 else 0
    rows = b"".join(b"\x00" + row.tobytes() for row in levels)
    head = struct.pack(">LLBBBBB", levels.shape[1], levels.shape[0], 8, colour, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b""))
    data = b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*chunk) for chunk in chunks)
    return f"data:image/png;base64,{base64.b64encode(data).decode('ascii')}"


def _chunk(kind: bytes, content: bytes) -> bytes:
    check = struct.pack(">L", zlib.crc32(kind + content))
    return struct.pack(">L", len(content)) + kind + content + check
