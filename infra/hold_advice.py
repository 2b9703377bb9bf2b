"""What can be done where de-identification holds an instance: a part of the catalogue of codes."""

from collections.abc import Mapping
from typing import Final

from shared.contracts.advice import Advice
from shared.dicom.deidentification.reasons import MEANINGS, HoldReason
from shared.dicom.reasons import Fixer

_AT_THE_DEVICE: Final = "Set the device to say so, if no text is burned into the pixels."
_ASK: Final = "Ask the operator for a profile that cleans it, if research needs it."
_WAIT: Final = "Nothing at the facility: the original is archived all the same."
_BY_HOLD: Final[Mapping[str, tuple[Fixer, str, str]]] = {
    "audio": (Fixer.NOBODY, _WAIT, "a dictated report"),
    "burned-in-annotation": (Fixer.SENDER, _AT_THE_DEVICE, "a frame grabbed with a name in it"),
    "burned-in-risk": (Fixer.OPERATOR, _ASK, "an ultrasound image with a banner"),
    "pixels-not-declared-clean": (Fixer.SENDER, _AT_THE_DEVICE, "a photograph that says nothing"),
    "screen-capture": (Fixer.OPERATOR, _ASK, "a saved dose sheet"),
    "recognizable-visual-features": (Fixer.NOBODY, _WAIT, "a photograph of a face"),
    "encapsulated-document": (Fixer.NOBODY, _WAIT, "a report as PDF"),
    "structured-content": (Fixer.OPERATOR, _ASK, "a radiation dose report"),
    "graphics": (Fixer.OPERATOR, _ASK, "a presentation state with a typed note"),
    "overlay-in-pixel-data": (Fixer.EXPORTER, _WAIT, "an overlay in bit 12 of 16"),
    "pixel-data-inconsistent": (Fixer.EXPORTER, _WAIT, "a frame too few"),
    "pixel-data-unbounded": (Fixer.OPERATOR, _WAIT, "a caller that gave the header only"),
    "pixels-not-cleanable": (Fixer.OPERATOR, _WAIT, "text known to be in a video"),
    "text-in-pixels": (Fixer.OPERATOR, _WAIT, "a banner, and a second one below it"),
    "unsupported-sop-class": (Fixer.OPERATOR, _ASK, "a class of a manufacturer's own"),
    "unsupported-transfer-syntax": (Fixer.EXPORTER, _WAIT, "MPEG-4"),
    "numbers-too-long": (Fixer.OPERATOR, _WAIT, "contours of eighty megabytes"),
    "identity-missing": (Fixer.EXPORTER, _WAIT, "two values in SOP Instance UID"),
    "identity-residue": (Fixer.OPERATOR, _WAIT, "a name repeated in a private element"),
}


def advice_on_hold(reason: HoldReason) -> Advice:
    """Return what is to be known of why there is no research copy."""
    fixer, what_to_do, example = _BY_HOLD[reason.value]
    return Advice(
        meaning=MEANINGS[reason], who_can_fix=fixer, what_to_do=what_to_do, example=example
    )
