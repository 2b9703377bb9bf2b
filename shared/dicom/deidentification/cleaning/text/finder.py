"""Who looks for text, and what is told of it: never what it says."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Final, Protocol

from shared.dicom.deidentification.cleaning.text.boxes import TextBox
from shared.dicom.deidentification.cleaning.text.frames import Frames

_PACKAGE: Final = "rapidocr_onnxruntime"


class TextFinder(Protocol):
    """Looks at the frames of an object; equal frames give equal boxes."""

    def __call__(self, frames: Frames) -> Sequence[TextBox]:
        """The text in the frames that were looked at, with the margin that is to be blanked.

        Raises:
            CleaningError: a frame cannot be decoded.
            TransientError: `short-read`, the source gave less than it has.
        """


@cache
def installed_text_finder() -> TextFinder | None:
    """The finder of the extra `text`, made once; None where it is not installed."""
    if find_spec(_PACKAGE) is None:
        return None
    module: Any = import_module("shared.dicom.deidentification.cleaning.text.rapid")
    finder: TextFinder = module.RapidTextFinder()
    return finder
