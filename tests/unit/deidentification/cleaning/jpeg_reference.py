"""A sequential JPEG coder for tests: coefficients to a codestream and back, one bit at a time."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

ALL_DC = tuple(range(12))
ALL_AC = (0x00, 0xF0, *(run << 4 | size for run in range(16) for size in range(1, 12)))


@dataclass
class Coefficients:
    """Blocks of quantized coefficients in zigzag order, and how they are coded."""

    rows: int
    columns: int
    factors: Sequence[tuple[int, int]]  # width and height of each component
    blocks: list[np.ndarray] = field(default_factory=list)  # of each: down, across, 64
    precision: int = 8
    interval: int = 0
    interleaved: bool = True
    quantizer: int = 3
    dc_symbols: Sequence[int] = ALL_DC
    identifiers: Sequence[int] = (1, 2, 3)
    segments: bytes = b""  # written after the start of the image

    @property
    def unit(self) -> tuple[int, int]:
        """Width and height of a unit in blocks."""
        return max(w for w, _ in self.factors), max(h for _, h in self.factors)

    @property
    def units(self) -> tuple[int, int]:
        """Units across and down."""
        width, height = self.unit
        return -(-self.columns // (8 * width)), -(-self.rows // (8 * height))

    def scans(self) -> Iterator[list[int]]:
        if self.interleaved:
            yield list(range(len(self.factors)))
        else:
            yield from ([index] for index in range(len(self.factors)))

    def order(self, scan: list[int]) -> Iterator[list[tuple[int, int, int]]]:
        """Component, row and column of each block, by unit."""
        across, down = self.units
        if len(scan) > 1:
            for y, x in np.ndindex(down, across):
                yield [
                    (i, y * self.factors[i][1] + v, x * self.factors[i][0] + h)
                    for i in scan
                    for v in range(self.factors[i][1])
                    for h in range(self.factors[i][0])
                ]
            return
        (width, height), (widest, highest) = self.factors[scan[0]], self.unit
        for y in range(-(-self.rows * height // (8 * highest))):
            for x in range(-(-self.columns * width // (8 * widest))):
                yield [(scan[0], y, x)]


def noisy(rows: int, columns: int, *factors: tuple[int, int], **options: object) -> Coefficients:
    """Sparse noise with DC coefficients far apart."""
    made = Coefficients(rows, columns, factors, **options)  # type: ignore[arg-type]
    generator = np.random.default_rng(rows * columns)
    across, down = made.units
    for width, height in factors:
        shape = down * height, across * width, 64
        noise = generator.integers(-40, 41, shape) * (generator.random(shape) < 0.1)
        noise[..., 0] = generator.integers(-300, 301, shape[:2])
        made.blocks.append(noise)
    return made


def codes_of(counts: Sequence[int], symbols: Sequence[int]) -> dict[int, str]:
    """The codes of a table as text (C.2)."""
    codes, code, left = {}, 0, list(symbols)
    for length, count in enumerate(counts, 1):
        for _ in range(count):
            codes[left.pop(0)] = f"{code:0{length}b}"
            code += 1
        code *= 2
    return codes


def table(symbols: Sequence[int], length: int) -> tuple[list[int], Sequence[int]]:
    """A table whose codes all have one length."""
    return [len(symbols) if each == length else 0 for each in range(1, 17)], symbols


def segment(marker: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


def dht(kind: int, counts: Sequence[int], symbols: Sequence[int]) -> bytes:
    return segment(0xC4, bytes((kind << 4, *counts, *symbols)))


def frame_header(image: Coefficients) -> bytes:
    body = struct.pack(">BHHB", image.precision, image.rows, image.columns, len(image.factors))
    for number, (width, height) in zip(image.identifiers, image.factors, strict=False):
        body += bytes((number, width << 4 | height, 0))
    return segment(0xC0 if image.precision == 8 else 0xC1, body)


def value_bits(value: int) -> str:
    size = abs(value).bit_length()
    return f"{value if value > 0 else value + (1 << size) - 1:0{size}b}" if size else ""


def encoded(image: Coefficients) -> bytes:
    """The image as a codestream."""
    dc_table, ac_table = table(image.dc_symbols, 4), table(ALL_AC, 8)
    dc, ac = codes_of(*dc_table), codes_of(*ac_table)
    stream = b"\xff\xd8" + image.segments
    stream += segment(0xDB, bytes((0, *[image.quantizer] * 64))) + frame_header(image)
    stream += dht(0, *dc_table) + dht(1, *ac_table)
    stream += segment(0xDD, struct.pack(">H", image.interval)) if image.interval else b""
    for scan in image.scans():
        chosen = b"".join(bytes((image.identifiers[index], 0)) for index in scan)
        stream += segment(0xDA, bytes((len(scan),)) + chosen + b"\x00\x3f\x00")
        stream += entropy_coded(image, scan, dc, ac)
    return stream + b"\xff\xd9"


def entropy_coded(
    image: Coefficients, scan: list[int], dc: dict[int, str], ac: dict[int, str]
) -> bytes:
    parts: list[bytes] = []
    bits, last = "", [0] * len(image.factors)
    for number, unit in enumerate(image.order(scan)):
        if image.interval and number and number % image.interval == 0:
            parts, bits, last = [*parts, stuffed(bits)], "", [0] * len(image.factors)
        for index, y, x in unit:
            block = image.blocks[index][y, x].tolist()
            bits += block_bits(block, block[0] - last[index], dc, ac)
            last[index] = block[0]
    parts.append(stuffed(bits))
    marked = [part + bytes((0xFF, 0xD0 + n % 8)) for n, part in enumerate(parts)]
    return b"".join(marked)[:-2]


def block_bits(block: list[int], difference: int, dc: dict[int, str], ac: dict[int, str]) -> str:
    bits, run = dc[abs(difference).bit_length()] + value_bits(difference), 0
    last = max((k for k in range(1, 64) if block[k]), default=0)
    for value in block[1 : last + 1]:
        if value:
            bits += ac[0xF0] * (run // 16)
            bits += ac[run % 16 << 4 | abs(value).bit_length()] + value_bits(value)
            run = 0
        else:
            run += 1
    return bits + (ac[0] if last < 63 else "")


def stuffed(bits: str) -> bytes:
    bits += "1" * (-len(bits) % 8)
    data = int(bits or "0", 2).to_bytes(len(bits) // 8, "big")
    return data.replace(b"\xff", b"\xff\x00")


def decoded(stream: bytes, like: Coefficients) -> list[np.ndarray]:
    """The blocks of a codestream of the same shape; what no scan has stays 0."""
    blocks = [np.zeros_like(each) for each in like.blocks]
    tables: dict[int, dict[str, int]] = {}
    scans, at = like.scans(), 2
    while stream[at + 1] != 0xD9:
        marker, length = stream[at + 1], struct.unpack_from(">H", stream, at + 2)[0]
        body = stream[at + 4 : at + 2 + length]
        at += 2 + length
        if marker == 0xC4:
            codes = codes_of(list(body[1:17]), list(body[17:]))
            tables[body[0]] = {code: symbol for symbol, code in codes.items()}
        elif marker == 0xDA:
            end = re.compile(rb"\xff[^\x00\xd0-\xd7]", re.DOTALL).search(stream, at)
            assert end
            parts = re.split(rb"\xff[\xd0-\xd7]", stream[at : end.start()])
            read_scan(parts, like, next(scans), tables, blocks)
            at = end.start()
    assert stream[at + 2 :] == b""
    return blocks


def read_scan(
    parts: list[bytes],
    like: Coefficients,
    scan: list[int],
    tables: dict[int, dict[str, int]],
    blocks: list[np.ndarray],
) -> None:
    units = list(like.order(scan))
    size = like.interval or len(units)
    assert len(parts) == -(-len(units) // size)
    for number, part in enumerate(parts):
        bits = Bits(part.replace(b"\xff\x00", b"\xff"))
        last = [0] * len(blocks)
        for index, y, x in (block for unit in units[number * size :][:size] for block in unit):
            last[index] += bits.value(bits.symbol(tables[0x00]))
            blocks[index][y, x, 0] = last[index]
            read_coefficients(bits, tables[0x10], blocks[index][y, x])
        assert len(bits.left) < 8
        assert set(bits.left) <= {"1"}


def read_coefficients(bits: Bits, codes: dict[str, int], block: np.ndarray) -> None:
    k = 1
    while k < 64:
        symbol = bits.symbol(codes)
        if symbol == 0:
            return
        k += symbol >> 4
        block[k] = bits.value(symbol & 15)
        k += 1


class Bits:
    """Bits as text, taken from the front."""

    def __init__(self, data: bytes) -> None:
        self._text = "".join(f"{byte:08b}" for byte in data)
        self._at = 0

    @property
    def left(self) -> str:
        return self._text[self._at :]

    def symbol(self, codes: dict[str, int]) -> int:
        for length in range(1, 17):
            code = self._text[self._at : self._at + length]
            if code in codes:
                self._at += length
                return codes[code]
        raise AssertionError

    def value(self, size: int) -> int:
        text = self._text[self._at : self._at + size]
        self._at += size
        return 0 if not size else int(text, 2) - (0 if text[0] == "1" else (1 << size) - 1)
