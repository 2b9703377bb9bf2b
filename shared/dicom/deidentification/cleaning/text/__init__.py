"""Text in pixels, found by looking at them: an extra, off unless its packages are installed."""

from shared.dicom.deidentification.cleaning.text.boxes import TextBox
from shared.dicom.deidentification.cleaning.text.finder import TextFinder, installed_text_finder
from shared.dicom.deidentification.cleaning.text.frames import Frames, frames_of
from shared.dicom.deidentification.cleaning.text.looking import Look

__all__ = [
    "Frames",
    "Look",
    "TextBox",
    "TextFinder",
    "frames_of",
    "installed_text_finder",
]
