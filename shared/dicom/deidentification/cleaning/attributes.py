"""Single attributes of a header, as text and as numbers."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, Literal

from shared.dicom.deidentification.characters import decoded, encodings_of, trimmed
from shared.dicom.elements import Encoding, Header, RawElement, RawItem

_BYTES: Final = {"US": 2, "SS": 2, "UL": 4}
_INTEGER: Final = re.compile(r"\+?[0-9]{1,10}", re.ASCII)


class Attributes:
    """Looks attributes up in one data set or item; what is absent or unreadable is None."""

    def __init__(self, elements: Iterable[RawElement], encoding: Encoding) -> None:
        self._elements = {element.tag: element for element in elements}
        self._encodings = encodings_of(self._elements.values())
        self._encoding = encoding

    @classmethod
    def of(cls, header: Header) -> Attributes:
        """Those of the data set and of the file meta information."""
        return cls((*header.file_meta, *header.dataset), header.encoding)

    def element(self, tag: int) -> RawElement | None:
        """The element itself."""
        return self._elements.get(tag)

    def text(self, tag: int) -> str:
        """The value as text, empty when there is none; numbers in decimal."""
        element = self._elements.get(tag)
        if element is None or element.value is None:
            return ""
        if element.vr in _BYTES:
            return "\\".join(str(number) for number in self.numbers(tag))
        return decoded(trimmed(element.value), self._encodings).strip()

    def numbers(self, tag: int) -> tuple[int, ...]:
        """The numbers of a US, SS or UL as unsigned ones, none when their length is wrong."""
        element = self._elements.get(tag)
        if element is None or element.value is None:
            return ()
        size = _BYTES.get(element.vr or "", len(element.value) or 1)
        if len(element.value) % size:
            return ()
        order: Literal["little", "big"] = "little" if self._encoding.little_endian else "big"
        parts = range(0, len(element.value), size)
        return tuple(int.from_bytes(element.value[at : at + size], order) for at in parts)

    def number(self, tag: int) -> int | None:
        """One unsigned number, of a US, a UL or an integer string."""
        element = self._elements.get(tag)
        if element is not None and element.vr == "IS":
            text = self.text(tag)
            return int(text) if _INTEGER.fullmatch(text) else None
        numbers = self.numbers(tag)
        return numbers[0] if len(numbers) == 1 else None

    def items(self, tag: int) -> tuple[Attributes, ...]:
        """The attributes of each item of a sequence."""
        element = self._elements.get(tag)
        items: tuple[RawItem, ...] = (element.items if element is not None else None) or ()
        return tuple(Attributes(item.elements, self._encoding) for item in items)
