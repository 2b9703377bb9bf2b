"""Pixel data made clean: what is known to hold text becomes black, nothing else changes."""

from shared.dicom.deidentification.cleaning.cleaned import CleanedPixels, cleaned_pixels
from shared.dicom.deidentification.cleaning.evidence import (
    Blank,
    CleaningPolicy,
    Hold,
    Keep,
    planned,
)
from shared.dicom.deidentification.cleaning.obstacles import CleaningError, Obstacle
from shared.dicom.deidentification.cleaning.rectangles import Rectangle
from shared.dicom.deidentification.cleaning.replacement import in_place, with_cleaned_pixels

__all__ = [
    "Blank",
    "CleanedPixels",
    "CleaningError",
    "CleaningPolicy",
    "Hold",
    "Keep",
    "Obstacle",
    "Rectangle",
    "cleaned_pixels",
    "in_place",
    "planned",
    "with_cleaned_pixels",
]
