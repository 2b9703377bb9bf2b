"""What the marker segments of a sequential JPEG say (ISO/IEC 10918-1 Annex B)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from struct import unpack_from
from types import MappingProxyType
from typing import Final, NamedTuple

from shared.dicom.deidentification.cleaning.huffman import HuffmanTable, ac_table, dc_table
from shared.dicom.deidentification.cleaning.obstacles import CleaningError, Obstacle

_JFIF: Final = b"JFIF\x00"
_ADOBE: Final = b"Adobe"
_ADOBE_TRANSFORM: Final = 11
_COMMENT: Final = 0xFE
_LARGEST_FACTOR: Final = 4
_TABLE_ENTRIES: Final = 64
_LENGTHS: Final = 16


class Component(NamedTuple):
    """One component of the frame header (B.2.2)."""

    identifier: int
    width: int  # blocks of a unit, the sampling factors
    height: int
    quantization: int  # destination of its table


class JpegHeader:
    """The segments read so far; what is read later replaces what was before."""

    def __init__(self) -> None:
        self.precision = self.rows = self.columns = 0
        self.components: tuple[Component, ...] = ()
        self.quantizers: dict[int, int] = {}  # of DC coefficients, by destination
        self.dc: dict[int, HuffmanTable] = {}
        self.ac: dict[int, HuffmanTable] = {}
        self.interval = 0  # units between restart markers
        self.transforms: bool | None = None  # to luma and chroma; None where nothing tells

    def read(self, marker: int, payload: bytes) -> bool:
        """Read a segment; the answer tells whether it is needed to decode the image.

        Raises:
            CleaningError: the segment belongs to another process than a sequential one.
            IndexError, struct.error: it is shorter than what it should hold.
        """
        if 0xE0 <= marker < 0xF0 or marker == _COMMENT:  # noqa: PLR2004 - APPn
            return self._tells_colours(marker, payload)
        reader = _READERS.get(marker)
        if reader is None:
            raise CleaningError(Obstacle.CODESTREAM_FORM)
        reader(self, payload)
        return True

    @property
    def unit(self) -> tuple[int, int]:
        """The blocks that a unit (MCU) is wide and high."""
        widths, heights = ([c[field] for c in self.components] for field in (1, 2))
        return max(widths), max(heights)

    def _tells_colours(self, marker: int, payload: bytes) -> bool:
        if marker == 0xE0 and payload.startswith(_JFIF):  # noqa: PLR2004 - APP0
            self.transforms = True if self.transforms is None else self.transforms
            return True
        is_adobe = payload.startswith(_ADOBE) and len(payload) > _ADOBE_TRANSFORM
        if marker == 0xEE and is_adobe:  # noqa: PLR2004 - APP14
            self.transforms = payload[_ADOBE_TRANSFORM] != 0
            return True
        return False

    def _frame(self, payload: bytes) -> None:
        if self.components:
            raise CleaningError(Obstacle.CODESTREAM)
        self.precision, self.rows, self.columns, count = unpack_from(">BHHB", payload)
        for at in range(6, 6 + 3 * count, 3):
            identifier, factors, quantization = payload[at], payload[at + 1], payload[at + 2]
            width, height = (factors >> 4, factors & 15) if count > 1 else (1, 1)
            if not (0 < width <= _LARGEST_FACTOR and 0 < height <= _LARGEST_FACTOR):
                raise CleaningError(Obstacle.CODESTREAM)
            self.components += (Component(identifier, width, height, quantization),)

    def _quantization(self, payload: bytes) -> None:
        at = 0
        while at < len(payload):
            size = 2 if payload[at] >> 4 else 1
            (first,) = unpack_from(">H" if size > 1 else ">B", payload, at + 1)
            if not first:
                raise CleaningError(Obstacle.CODESTREAM)
            self.quantizers[payload[at] & 15] = first
            at += 1 + _TABLE_ENTRIES * size

    def _huffman(self, payload: bytes) -> None:
        at = 0
        while at < len(payload):
            start = at + 1 + _LENGTHS
            counts = payload[at + 1 : start]
            symbols = payload[start : start + sum(counts)]
            if payload[at] >> 4:
                self.ac[payload[at] & 15] = ac_table(counts, symbols)
            else:
                self.dc[payload[at] & 15] = dc_table(counts, symbols)
            at = start + len(symbols)

    def _restart_interval(self, payload: bytes) -> None:
        (self.interval,) = unpack_from(">H", payload)


_READERS: Final[Mapping[int, Callable[[JpegHeader, bytes], None]]] = MappingProxyType(
    {
        0xC0: JpegHeader._frame,  # noqa: SLF001 - baseline
        0xC1: JpegHeader._frame,  # noqa: SLF001 - extended sequential
        0xC4: JpegHeader._huffman,  # noqa: SLF001
        0xDB: JpegHeader._quantization,  # noqa: SLF001
        0xDD: JpegHeader._restart_interval,  # noqa: SLF001
    }
)
