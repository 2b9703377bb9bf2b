"""The attributes of one data set or item, as conditions ask for them."""

from __future__ import annotations

from collections.abc import Iterable

from shared.dicom.elements import RawElement

_PADDING = "\x00 "


class Surroundings:
    """The attributes that stand together in one data set or item."""

    __slots__ = ("_also_present", "_elements", "_order", "sop_class_uid")

    def __init__(
        self,
        elements: Iterable[RawElement],
        sop_class_uid: str,
        *,
        little_endian: bool,
        also_present: frozenset[int] = frozenset(),
    ) -> None:
        self._also_present = also_present  # pixel data, which no header has
        self._elements = {element.tag: element for element in elements}
        self._order = little_endian
        self.sop_class_uid = sop_class_uid

    def has(self, *tags: int) -> bool:
        """Tell whether one of the attributes is there, empty or not."""
        return not (self._elements.keys() | self._also_present).isdisjoint(tags)

    def texts(self, tag: int) -> list[str]:
        """Return the values of a text without padding, none when it is missing or empty."""
        element = self._elements.get(tag)
        text = (element.value or b"").decode("latin-1").strip(_PADDING) if element else ""
        return [each.strip(_PADDING) for each in text.split("\\")] if text else []

    def text(self, tag: int) -> str:
        """Return the first value of a text, empty when it is missing."""
        return next(iter(self.texts(tag)), "")

    def number(self, tag: int) -> int | None:
        """Return the value of an unsigned short."""
        element = self._elements.get(tag)
        if element is None or element.value is None or len(element.value) != 2:  # noqa: PLR2004
            return None
        return int.from_bytes(element.value, "little" if self._order else "big")
