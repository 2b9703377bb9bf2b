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
from shared.dicom.deidentification.cleaning.replacement import Replacement

__all__ = [
    "Blank",
    "CleanedPixels",
    "CleaningError",
    "CleaningPolicy",
    "Hold",
    "Keep",
    "Obstacle",
    "Rectangle",
    "Replacement",
    "cleaned_pixels",
    "planned",
]
