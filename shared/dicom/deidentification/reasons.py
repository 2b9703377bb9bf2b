"""Why an object is held: stable reasons, each with its meaning."""

from __future__ import annotations

from enum import StrEnum
from types import MappingProxyType
from typing import Final

from shared.errors import PermanentError


class HoldReason(StrEnum):
    """What the Basic Profile on the header alone cannot prove clean."""

    AUDIO = "audio"
    BURNED_IN_ANNOTATION = "burned-in-annotation"
    BURNED_IN_RISK = "burned-in-risk"
    PIXELS_NOT_DECLARED_CLEAN = "pixels-not-declared-clean"
    SCREEN_CAPTURE = "screen-capture"
    RECOGNIZABLE_VISUAL_FEATURES = "recognizable-visual-features"
    ENCAPSULATED_DOCUMENT = "encapsulated-document"
    STRUCTURED_CONTENT = "structured-content"
    GRAPHICS = "graphics"
    OVERLAY_IN_PIXEL_DATA = "overlay-in-pixel-data"
    PIXEL_DATA_INCONSISTENT = "pixel-data-inconsistent"
    PIXEL_DATA_UNBOUNDED = "pixel-data-unbounded"
    PIXELS_NOT_CLEANABLE = "pixels-not-cleanable"
    TEXT_IN_PIXELS = "text-in-pixels"
    UNSUPPORTED_SOP_CLASS = "unsupported-sop-class"
    UNSUPPORTED_TRANSFER_SYNTAX = "unsupported-transfer-syntax"
    NUMBERS_TOO_LONG = "numbers-too-long"
    IDENTITY_MISSING = "identity-missing"
    IDENTITY_RESIDUE = "identity-residue"


class HeldError(PermanentError):
    """What was being written is to be held."""

    def __init__(self, reason: HoldReason, residue: tuple[str, ...] = ()) -> None:
        super().__init__(reason.value)
        self.held_for = reason
        self.residue = residue  # kinds of what was found, never values


MEANINGS: Final = MappingProxyType(
    {
        HoldReason.AUDIO: "A voice identifies its speaker and may speak a name.",
        HoldReason.BURNED_IN_ANNOTATION: "Burned In Annotation (0028,0301) is not NO.",
        HoldReason.BURNED_IN_RISK: (
            "The SOP class, modality or conversion type often has text in its pixels, "
            "whatever Burned In Annotation says."
        ),
        HoldReason.PIXELS_NOT_DECLARED_CLEAN: (
            "Pixels of this SOP class pass only when Burned In Annotation is NO."
        ),
        HoldReason.SCREEN_CAPTURE: (
            "Image Type or Series Description name a saved screen, a dose sheet or a slide label."
        ),
        HoldReason.RECOGNIZABLE_VISUAL_FEATURES: (
            "Recognizable Visual Features (0028,0302) is YES."
        ),
        HoldReason.ENCAPSULATED_DOCUMENT: "The object carries a document of another format.",
        HoldReason.STRUCTURED_CONTENT: (
            "The object is a structured report or has a Content Sequence (0040,A730)."
        ),
        HoldReason.GRAPHICS: (
            "The object has graphic annotations, overlays as presentation or volumetric graphics."
        ),
        HoldReason.OVERLAY_IN_PIXEL_DATA: (
            "An overlay is kept in unused bits of the pixel data, where no rule removes it."
        ),
        HoldReason.PIXEL_DATA_INCONSISTENT: (
            "The pixel data are shorter or longer than their description, or written otherwise "
            "than the transfer syntax says."
        ),
        HoldReason.PIXEL_DATA_UNBOUNDED: (
            "Pixel data that must be looked at, and the caller gave no source."
        ),
        HoldReason.PIXELS_NOT_CLEANABLE: (
            "The places of text are known, but the pixels cannot be decoded or coded again there."
        ),
        HoldReason.TEXT_IN_PIXELS: (
            "Text was seen in the pixels, became black, and more was seen in what is left."
        ),
        HoldReason.UNSUPPORTED_SOP_CLASS: "The SOP class has no entry in the pixel risk table.",
        HoldReason.UNSUPPORTED_TRANSFER_SYNTAX: (
            "The transfer syntax is deflated, a video, referenced, private or unknown."
        ),
        HoldReason.NUMBERS_TOO_LONG: (
            "Numbers that are kept, such as those of a contour, are more than what is read of an "
            "object."
        ),
        HoldReason.IDENTITY_MISSING: (
            "SOP Instance UID or SOP Class UID is missing or not one UID."
        ),
        HoldReason.IDENTITY_RESIDUE: (
            "The independent check found an identifying value of the original in the output."
        ),
    }
)
