"""The DICOM JSON Model of a header of any size, as text in pieces (PS3.18 Annex F).

`to_dicom_json` leaves out what its memory does not hold. Here an attribute, or an item's, is in
memory at a time, and short values that the reader passed over for want of memory are read now.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from shared.dicom.character_sets import DEFAULT_CHARACTER_SET
from shared.dicom.elements import Extent, Header, RawElement, RawItem
from shared.dicom.limits import DEFAULT_LIMITS, Limits
from shared.dicom.metadata import TRANSFER_SYNTAX_UID_KEY, Place, Writing, is_short_enough
from shared.dicom.source import Source, WindowedSource

_BOUNDLESS: Final = 1 << 62
_MOST_ELEMENTS: Final = 500  # converted at once, and of these
_MOST_BYTES: Final = 256 * 1024


def json_pieces(header: Header, source: Source, limits: Limits = DEFAULT_LIMITS) -> Iterator[bytes]:
    """Yield a header's DICOM JSON in UTF-8: `to_dicom_json` without its limit on memory.

    Values that the reader passed over are asked of `source`, up to `limits.max_header_bytes` and
    `limits.max_requests`; those of deflated data sets cannot be asked for. Equal headers give
    equal bytes.
    """
    syntax = {TRANSFER_SYNTAX_UID_KEY: {"vr": "UI", "Value": [header.transfer_syntax_uid]}}
    place = Place(header.dataset + header.trailing, DEFAULT_CHARACTER_SET, "")
    yield b"{" + _members(syntax)
    yield from _Pieces(header, source, limits).members(place, b",")
    yield b"}"


class _Pieces:
    """The state of writing one header in pieces."""

    def __init__(self, header: Header, source: Source, limits: Limits) -> None:
        self._writing = Writing(header, replace(limits, max_metadata_memory_bytes=_BOUNDLESS))
        self._windows = WindowedSource(source)
        self._limits = limits
        self._deflated = header.deflated

    def members(self, place: Place, comma: bytes = b"") -> Iterator[bytes]:
        """Yield the members of a data set or item; of a repeated attribute the last counts."""
        run: list[RawElement] = []
        size = 0
        for element in {each.tag: each for each in place.elements}.values():
            if element.items is None:
                run.append(self._read(element))
                size += len(run[-1].value or b"")
            if element.items is not None or len(run) == _MOST_ELEMENTS or size > _MOST_BYTES:
                for piece in self._run(place, run):
                    yield comma + piece
                    comma = b","
                run, size = [], 0
            if element.items is not None:
                yield comma + f'"{element.tag:08X}":'.encode()
                yield from self._sequence(element.items, place, f"{place.prefix}{element.tag:08X}")
                comma = b","
        for piece in self._run(place, run):
            yield comma + piece

    def _run(self, place: Place, run: Sequence[RawElement]) -> Iterator[bytes]:
        """Yield the members of some elements, if there are any to be written."""
        place.json.clear()
        if text := _members(self._writing.data_set(place, run)):
            yield text

    def _sequence(self, items: Sequence[RawItem], within: Place, path: str) -> Iterator[bytes]:
        if not items:
            yield b'{"vr":"SQ"}'
            return
        yield b'{"vr":"SQ","Value":['
        for index, item in enumerate(items):
            yield b",{" if index else b"{"
            yield from self.members(Place(item.elements, within.charset, f"{path}[{index}]."))
            yield b"}"
        yield b"]}"

    def _read(self, element: RawElement) -> RawElement:
        """Return an element with its value, where it is short enough and may still be read."""
        length = element.extent.length
        if (
            element.value is not None
            or self._deflated
            or not is_short_enough(element, self._limits)
            or self._windows.bytes_read + length > self._limits.max_header_bytes
            or self._windows.requests >= self._limits.max_requests
        ):
            return element
        offset = element.extent.offset
        value = self._windows.read(offset, length)
        return RawElement(element.tag, element.vr, Extent(offset, length), value)


def _members(data: object) -> bytes:
    """Return the members of an object, without its braces."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text[1:-1].encode()
