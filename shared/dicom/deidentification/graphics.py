"""Graphics without text: the Clean Graphics Option (PS3.15 Section E.3.3)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from shared.dicom.deidentification.characters import trimmed
from shared.dicom.elements import RawElement, RawItem

GRAPHIC_ANNOTATION_SEQUENCE: Final = 0x00700001
_TEXT_OBJECT_SEQUENCE: Final = 0x00700008
_DRAWN: Final = frozenset({0x00700009, 0x00700209})  # Graphic Object, Compound Graphic Sequence
_OVERLAYS: Final = 0x60
_OVERLAY_TYPE: Final = 0x0040
_REGION_OF_INTEREST: Final = b"R"


def without_text(annotations: RawElement) -> RawElement:
    """The Graphic Annotation Sequence without its texts, and without items that were only text."""
    items = (_without_text(item) for item in annotations.items or ())
    return replace(annotations, items=tuple(item for item in items if item is not None))


def _without_text(item: RawItem) -> RawItem | None:
    kept = tuple(element for element in item.elements if element.tag != _TEXT_OBJECT_SEQUENCE)
    has_graphics = any(element.tag in _DRAWN and element.items for element in kept)
    return replace(item, elements=kept) if has_graphics else None


def regions_of_interest(elements: Iterable[RawElement]) -> frozenset[int]:
    """The groups of overlays that mark a region; other overlays may draw letters."""
    return frozenset(
        element.tag >> 16
        for element in elements
        if element.tag >> 24 == _OVERLAYS
        and element.tag & 0xFFFF == _OVERLAY_TYPE
        and trimmed(element.value or b"") == _REGION_OF_INTEREST
    )
