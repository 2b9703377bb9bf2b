"""Cleaned pixels in place of an object's own, and what else of its copy changes with them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from shared.dicom.deidentification.cleaning.cleaned import CleanedPixels, cleaned_pixels
from shared.dicom.deidentification.cleaning.encapsulated import EncapsulatedPixels
from shared.dicom.deidentification.cleaning.evidence import Blank
from shared.dicom.elements import Extent, Header, RawElement
from shared.dicom.source import Source

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


@dataclass(frozen=True, slots=True)
class Replacement:
    """Pixel data of which every known place of text is black."""

    pixels: CleanedPixels
    grounds: tuple[str, ...]  # how the places are known

    @classmethod
    def of(cls, header: Header, plan: Blank, source: Source) -> Replacement:
        """What a plan makes of an object's pixel data.

        Raises:
            CleaningError: they cannot be cleaned so that nothing else changes.
            TransientError: `short-read`, the source gave less than it has.
        """
        return cls(cleaned_pixels(header, plan.rectangles, source), plan.grounds)

    def in_header(self, dataset: Iterable[RawElement]) -> tuple[RawElement, ...]:
        """The data set of the copy.

        Burned In Annotation becomes NO; icons and the range of pixel values are removed; extended
        offset tables, where there are any, are of the new frames.
        """
        kept = [self._with_table(e) for e in dataset if e.tag not in _REMOVED]
        kept.append(RawElement(_BURNED_IN_ANNOTATION, "CS", _NOWHERE, b"NO"))
        return tuple(sorted(kept, key=lambda element: element.tag))

    def _with_table(self, element: RawElement) -> RawElement:
        if not isinstance(self.pixels, EncapsulatedPixels):
            return element
        table = self.pixels.extended_table(element.tag)
        return element if table is None else RawElement(element.tag, "OV", _NOWHERE, table)
