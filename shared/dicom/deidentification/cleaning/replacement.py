"""What else of a copy changes when its pixels are cleaned."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from shared.dicom.deidentification.cleaning.cleaned import CleanedPixels
from shared.dicom.deidentification.cleaning.encapsulated import EncapsulatedPixels
from shared.dicom.deidentification.writer import Segment
from shared.dicom.elements import Extent, RawElement

_BURNED_IN_ANNOTATION: Final = 0x00280301
_NOWHERE: Final = Extent(0, 0)
_REMOVED: Final = frozenset(
    {
        0x00280106,  # Smallest Image Pixel Value: black may be less
        0x00280107,  # Largest Image Pixel Value: black may be more
        0x00880200,  # Icon Image Sequence: the same picture once more
        _BURNED_IN_ANNOTATION,
    }
)


def with_cleaned_pixels(
    dataset: Iterable[RawElement], pixels: CleanedPixels
) -> tuple[RawElement, ...]:
    """The data set of an object of which every known place of text is black.

    Burned In Annotation becomes NO; icons and the range of pixel values are removed; the extended
    offset tables, where there are any, are of the new frames.
    """
    tables = pixels.extended_tables() if isinstance(pixels, EncapsulatedPixels) else {}
    kept = [_with_table(element, tables) for element in dataset if element.tag not in _REMOVED]
    kept.append(RawElement(_BURNED_IN_ANNOTATION, "CS", _NOWHERE, b"NO"))
    return tuple(sorted(kept, key=lambda element: element.tag))


def in_place(
    segments: Iterable[Segment], pixels: CleanedPixels
) -> Iterator[Segment | CleanedPixels]:
    """The segments of a copy with the pixel data of the source replaced."""
    for segment in segments:
        of_pixels = isinstance(segment, Extent) and segment.offset == pixels.extent.offset
        yield pixels if of_pixels else segment


def _with_table(element: RawElement, tables: dict[int, bytes]) -> RawElement:
    table = tables.get(element.tag)
    if table is None:
        return element
    return RawElement(element.tag, "OV", _NOWHERE, table)
