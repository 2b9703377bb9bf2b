"""Huffman tables and runs of bits of JPEG (ISO/IEC 10918-1 Annexes C and F)."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property, lru_cache
from typing import Final

from shared.dicom.deidentification.cleaning.obstacles import CleaningError, Obstacle

LONGEST_CODE: Final = 16
END_OF_BLOCK: Final = 0x00
_ZERO_RUN: Final = 0xF0
_NIBBLE: Final = 15
STEP_SHIFT: Final = 5  # bits of an entry below the coefficients it steps over
PAST_THE_BLOCK: Final = 128  # what End of Block steps over
# Table K.3, which has a code for every category of 8 bits, drawn out to those of 12 bits.
_ALL_CATEGORIES: Final = {8: (0, 1, 5, *[1] * 6, *[0] * 7), 12: (0, 1, 5, *[1] * 10, *[0] * 3)}


class HuffmanTable:
    """The codes of one table: how many there are of each length, and what they stand for."""

    def __init__(
        self, counts: bytes, symbols: bytes, entry_of: Callable[[int], int | None]
    ) -> None:
        if sum(counts) != len(symbols):
            raise CleaningError(Obstacle.CODESTREAM)
        self.counts, self.symbols = counts, symbols
        self.codes: dict[int, tuple[int, int]] = {}  # symbol: code, length
        code = at = 0
        for length, count in enumerate(counts, 1):
            for symbol in symbols[at : at + count]:
                self.codes.setdefault(symbol, (code, length))
                code += 1
            if code > 1 << length:
                raise CleaningError(Obstacle.CODESTREAM)
            at += count
            code <<= 1
        self._entry_of = entry_of

    def segment(self, destination: int) -> bytes:
        """The table as a marker segment DHT for differences of DC."""
        body = bytes((destination,)) + self.counts + self.symbols
        return b"\xff\xc4" + (len(body) + 2).to_bytes(2, "big") + body

    @cached_property
    def entries(self) -> list[int]:
        """For each window of 16 bits what it begins with, zero where that is no code.

        Of DC: the length of the code and, from `STEP_SHIFT` on, the size of the value after it.
        Of AC: the bits of code and value together and, above them, the step to the next code.
        """
        entries: list[int] = []
        at = 0
        for length, count in enumerate(self.counts, 1):
            for symbol in self.symbols[at : at + count]:
                entry = self._entry_of(symbol)
                entries += [0 if entry is None else entry + length] * (1 << LONGEST_CODE - length)
            at += count
        return entries + [0] * ((1 << LONGEST_CODE) - len(entries))


@lru_cache(maxsize=16)
def dc_table(counts: bytes, symbols: bytes) -> HuffmanTable:
    """A table of categories of differences."""
    return HuffmanTable(counts, symbols, _category)


@lru_cache(maxsize=16)
def ac_table(counts: bytes, symbols: bytes) -> HuffmanTable:
    """A table of runs and sizes of coefficients."""
    return HuffmanTable(counts, symbols, _step)


def all_categories(precision: int) -> HuffmanTable:
    """A table with every category that differences of samples of 8 or 12 bits have."""
    counts = bytes(_ALL_CATEGORIES[precision])
    return dc_table(counts, bytes(range(sum(counts))))


def _category(symbol: int) -> int | None:
    return symbol << STEP_SHIFT if symbol <= _NIBBLE else None


def _step(symbol: int) -> int | None:
    run, size = symbol >> 4, symbol & _NIBBLE
    if symbol == END_OF_BLOCK:
        return PAST_THE_BLOCK << STEP_SHIFT
    if not size and symbol != _ZERO_RUN:
        return None
    return (run + 1 << STEP_SHIFT) + size


class BitWriter:
    """Collects bits, the first the highest of its byte."""

    _MOST_PENDING: Final = 4096

    def __init__(self) -> None:
        self._done = bytearray()
        self._pending = self._count = 0

    def put(self, value: int, count: int) -> None:
        """Append the lowest `count` bits, which are all that `value` has."""
        self._pending = self._pending << count | value
        self._count += count
        if self._count > self._MOST_PENDING:
            self._flush()

    def _flush(self) -> None:
        left = self._count % 8
        self._done += (self._pending >> left).to_bytes(self._count // 8, "big")
        self._pending &= (1 << left) - 1
        self._count = left

    def stuffed(self) -> bytes:
        """The bytes of an entropy-coded segment: filled up with ones, a zero after each FF."""
        missing = -self._count % 8
        self.put((1 << missing) - 1, missing)
        self._flush()
        return bytes(self._done).replace(b"\xff", b"\xff\x00")


def bits_of(data: bytes, start: int, stop: int) -> int:
    """The bits `[start, stop)` as a number."""
    last = -(-stop // 8)
    return int.from_bytes(data[start // 8 : last], "big") >> last * 8 - stop & (
        (1 << stop - start) - 1
    )
