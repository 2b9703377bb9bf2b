"""Private attributes by creator and element, never by the number of a block (PS3.5 Section 7.8)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from shared.dicom.deidentification.characters import DEFAULT, decoded, trimmed
from shared.dicom.deidentification.rules import Rule
from shared.dicom.elements import RawElement

_FIRST_BLOCK: Final = 0x10
_LAST_BLOCK: Final = 0xFF

PrivateRules = Mapping[str, Mapping[tuple[int, int], Rule]]


def is_creator(tag: int) -> bool:
    """Whether the element names the creator of a private block."""
    return bool(tag >> 16 & 1) and _FIRST_BLOCK <= tag & 0xFFFF <= _LAST_BLOCK


class PrivateBlocks:
    """The private blocks of one data set or item, and who created them."""

    def __init__(self, elements: Iterable[RawElement]) -> None:
        self._reservations = {
            element.tag: element
            for element in elements
            if is_creator(element.tag) and element.value is not None
        }

    def rule(self, tag: int, rules: PrivateRules) -> Rule | None:
        """The rule for an element of a block, None when its creator has none for it."""
        reservation = self._reservations.get(_reservation_of(tag))
        if reservation is None or reservation.value is None:
            return None
        creator = decoded(trimmed(reservation.value), DEFAULT)
        return rules.get(creator, {}).get((tag >> 16, tag & 0xFF))

    def reservation(self, tag: int) -> RawElement | None:
        """The element that reserves the block of a private element."""
        return self._reservations.get(_reservation_of(tag))


def _reservation_of(tag: int) -> int:
    return tag & 0xFFFF0000 | (tag & 0xFF00) >> 8
