"""Palettes: which index is darkest (PS3.3 Sections C.7.6.3.1.5, C.7.6.3.1.6 and C.7.9.2)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from struct import unpack
from typing import Final, NamedTuple

from shared.dicom.deidentification.cleaning.attributes import Attributes
from shared.dicom.deidentification.cleaning.obstacles import CleaningError, Obstacle
from shared.dicom.source import Source

_BYTE: Final = 8
_MOST_ENTRIES: Final = 1 << 16
_MOST_BYTES: Final = 4 * _MOST_ENTRIES
_DISCRETE, _LINEAR, _INDIRECT = range(3)


class _Channel(NamedTuple):
    """The attributes of one colour."""

    descriptor: int
    data: int
    segmented: int


_CHANNELS: Final = (
    _Channel(0x00281101, 0x00281201, 0x00281221),
    _Channel(0x00281102, 0x00281202, 0x00281222),
    _Channel(0x00281103, 0x00281203, 0x00281223),
)


def darkest_index(attributes: Attributes, source: Source, *, little_endian: bool) -> int:
    """The index whose red, green and blue are least together; the first of several.

    Raises:
        CleaningError: the palette cannot be read.
    """
    first, sums = brightness(attributes, source, little_endian=little_endian)
    return first + sums.index(min(sums))


def brightness(
    attributes: Attributes, source: Source, *, little_endian: bool
) -> tuple[int, list[int]]:
    """The index of the first entry, and how bright each is: red, green and blue together.

    Raises:
        CleaningError: the palette cannot be read.
    """
    palette = _Palette(attributes, source, little_endian=little_endian)
    firsts, colours = zip(*(palette.channel(channel) for channel in _CHANNELS), strict=True)
    if len(set(firsts)) != 1 or len({len(entries) for entries in colours}) != 1:
        raise CleaningError(Obstacle.PALETTE)
    return int(firsts[0]), [sum(colour) for colour in zip(*colours, strict=True)]


class _Palette:
    def __init__(self, attributes: Attributes, source: Source, *, little_endian: bool) -> None:
        self._attributes = attributes
        self._source = source
        self._little_endian = little_endian

    def channel(self, tags: _Channel) -> tuple[int, Sequence[int]]:
        """The index that the first entry is for, and the entries."""
        numbers = self._attributes.numbers(tags.descriptor)
        if len(numbers) != len(_CHANNELS):
            raise CleaningError(Obstacle.PALETTE)
        count, first, bits = numbers[0] or _MOST_ENTRIES, numbers[1], numbers[2]
        value, segmented = self._bytes(tags.data), self._bytes(tags.segmented)
        if len(value) == 2 * count:
            return first, self._words(value)
        if bits == _BYTE and self._little_endian and len(value) == count + count % 2:
            return first, value[:count]
        if not value and bits > _BYTE and segmented and len(segmented) % 2 == 0:
            return first, _expanded(self._words(segmented), count)
        raise CleaningError(Obstacle.PALETTE)

    def _words(self, value: bytes) -> tuple[int, ...]:
        return unpack(f"{'<' if self._little_endian else '>'}{len(value) // 2}H", value)

    def _bytes(self, tag: int) -> bytes:
        element = self._attributes.element(tag)
        if element is None or element.extent.length > _MOST_BYTES:
            return b""
        if element.value is not None:
            return element.value
        return self._source.read(element.extent.offset, element.extent.length)


def _expanded(words: Sequence[int], count: int) -> list[int]:
    """The entries that segments stand for."""
    entries: list[int] = []
    for kind, length, at in _segments(words, 0, len(words)):
        if kind == _INDIRECT:
            start = (words[at] | words[at + 1] << 16) // 2
            for inner, size, where in _segments(words, start, length):
                if inner == _INDIRECT:
                    raise CleaningError(Obstacle.PALETTE)
                _expand(entries, words, inner, size, where)
        else:
            _expand(entries, words, kind, length, at)
        if len(entries) > count:
            break
    if len(entries) != count:
        raise CleaningError(Obstacle.PALETTE)
    return entries


def _segments(words: Sequence[int], at: int, most: int) -> Iterator[tuple[int, int, int]]:
    """Kind, length and place of what follows of up to `most` segments."""
    while most and at + 2 < len(words):
        kind, length = words[at : at + 2]
        taken = {_DISCRETE: length, _LINEAR: 1, _INDIRECT: 2}.get(kind, len(words))
        if at + 2 + taken > len(words):
            raise CleaningError(Obstacle.PALETTE)
        yield kind, length, at + 2
        at, most = at + 2 + taken, most - 1


def _expand(entries: list[int], words: Sequence[int], kind: int, length: int, at: int) -> None:
    if len(entries) + length > _MOST_ENTRIES or (kind == _LINEAR and not entries):
        raise CleaningError(Obstacle.PALETTE)
    if kind == _DISCRETE:
        entries += words[at : at + length]
    else:
        start, rise = entries[-1], words[at] - entries[-1]
        entries += (start + round(rise * step / length) for step in range(1, length + 1))
