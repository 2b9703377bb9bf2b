"""One scan of a sequential JPEG, coded anew where blocks become black.

Coefficients of all other blocks stay as they are, bit by bit; only the difference of a DC
coefficient to that of the block before is coded anew where the block before has changed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from shared.dicom.deidentification.cleaning.huffman import (
    END_OF_BLOCK,
    PAST_THE_BLOCK,
    STEP_SHIFT,
    BitWriter,
    HuffmanTable,
    bits_of,
)
from shared.dicom.deidentification.cleaning.obstacles import CleaningError, Obstacle

_RESTART: Final = re.compile(rb"\xff+[\xd0-\xd7]")
_MOST_BLOCK_BYTES: Final = 300  # more than 63 codes and values of 31 bits and the first of 32
_COEFFICIENTS: Final = 64
_LENGTH: Final = (1 << STEP_SHIFT) - 1


@dataclass(frozen=True, slots=True)
class ScanComponent:
    """How the blocks of one component are coded."""

    dc: HuffmanTable
    ac: HuffmanTable
    new_dc: HuffmanTable  # with a code for every category
    black: int  # the quantized DC coefficient of a black block


class _Coding(NamedTuple):
    """A component's tables as the loop over blocks wants them."""

    categories: list[int]
    steps: list[int]
    codes: dict[int, tuple[int, int]]
    anew: bool  # whether every difference is coded anew
    black: int
    end: tuple[int, int]


def recoded(
    scan: bytes,
    components: Sequence[ScanComponent],
    unit: Sequence[int],
    blank: bytes,
    interval: int,
) -> bytes:
    """The entropy-coded data of a scan with some of its units black.

    Args:
        scan: The data with its restart markers.
        components: Those of the scan.
        unit: Of which component each block of a unit (MCU) is.
        blank: A byte for each unit, not zero where it becomes black.
        interval: Units between restart markers, 0 where there are none.

    Raises:
        CleaningError: the data end early, have codes that no table has, or other markers.
    """
    codings = [_coding(component) for component in components]
    parts = _RESTART.split(scan)
    size = interval or len(blank)
    if len(parts) != -(-len(blank) // size):
        raise CleaningError(Obstacle.CODESTREAM)
    anew = any(coding.anew for coding in codings)
    pieces: list[bytes] = []
    for number, part in enumerate(parts):
        flags = blank[number * size : (number + 1) * size]
        changes = anew or any(flags)
        pieces.append(_Part(part, codings).recoded(unit, flags) if changes else part)
        pieces.append(bytes((0xFF, 0xD0 + number % 8)))
    return b"".join(pieces[:-1])


def _coding(component: ScanComponent) -> _Coding:
    end = component.ac.codes.get(END_OF_BLOCK)
    if end is None:
        raise CleaningError(Obstacle.CODESTREAM_FORM)
    return _Coding(
        component.dc.entries,
        component.ac.entries,
        component.new_dc.codes,
        component.new_dc is not component.dc,
        component.black,
        end,
    )


class _Part:
    """The data between two restart markers."""

    def __init__(self, part: bytes, codings: Sequence[_Coding]) -> None:
        data = part.replace(b"\xff\x00", b"\xff")
        self._bits = len(data) * 8
        self._data = data + bytes(_MOST_BLOCK_BYTES)
        self._codings = codings
        self._writer = BitWriter()
        self._copied = 0  # up to here the data are written or left out

    def recoded(self, unit: Sequence[int], flags: bytes) -> bytes:
        before = [0] * len(self._codings)  # the last DC coefficient that is read of a component
        after = [0] * len(self._codings)  # and that is written
        position = 0
        for flag in flags:
            for index in unit:
                coding = self._codings[index]
                start = position
                difference, values = self._difference(coding, start)
                position = self._end_of_block(coding, values)
                in_step = before[index] == after[index] and not coding.anew
                before[index] += difference
                if flag:
                    self._replace(start, position, coding, coding.black - after[index])
                    self._writer.put(*coding.end)
                    after[index] = coding.black
                else:
                    if not in_step:
                        self._replace(start, values, coding, before[index] - after[index])
                    after[index] = before[index]
            if position > self._bits:
                raise CleaningError(Obstacle.CODESTREAM)
        self._copy(position)
        return self._writer.stuffed()

    def _difference(self, coding: _Coding, position: int) -> tuple[int, int]:
        """The difference of the DC coefficient, and where the other coefficients start."""
        at, used = position >> 3, position & 7
        window = int.from_bytes(self._data[at : at + 5], "big")
        entry = coding.categories[window >> 24 - used & 0xFFFF]
        if not entry:
            raise CleaningError(Obstacle.CODESTREAM)
        length, size = entry & _LENGTH, entry >> STEP_SHIFT
        value = window >> 40 - used - length - size & ((1 << size) - 1)
        if size and not value >> size - 1:
            value -= (1 << size) - 1
        return value, position + length + size

    def _end_of_block(self, coding: _Coding, position: int) -> int:
        """Where the block ends whose coefficients after the first start at `position`."""
        data, steps, count = self._data, coding.steps, 1
        while count < _COEFFICIENTS:
            at = position >> 3
            window = data[at] << 16 | data[at + 1] << 8 | data[at + 2]
            entry = steps[window >> 8 - (position & 7) & 0xFFFF]
            if not entry:
                raise CleaningError(Obstacle.CODESTREAM)
            position += entry & _LENGTH
            count += entry >> STEP_SHIFT
        if _COEFFICIENTS < count < PAST_THE_BLOCK:
            raise CleaningError(Obstacle.CODESTREAM)
        return position

    def _replace(self, start: int, stop: int, coding: _Coding, difference: int) -> None:
        """Write a difference in place of the bits `[start, stop)`."""
        self._copy(start)
        self._copied = stop
        size = abs(difference).bit_length()
        code = coding.codes.get(size)
        if code is None:
            raise CleaningError(Obstacle.CODESTREAM)
        self._writer.put(*code)
        self._writer.put(difference if difference > 0 else difference + (1 << size) - 1, size)

    def _copy(self, stop: int) -> None:
        if stop > self._bits:
            raise CleaningError(Obstacle.CODESTREAM)
        if stop > self._copied:
            self._writer.put(bits_of(self._data, self._copied, stop), stop - self._copied)
            self._copied = stop
