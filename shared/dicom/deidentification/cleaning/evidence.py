"""What is to be done with an object's pixels, by the evidence of its header."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from shared.dicom.deidentification.cleaning.attributes import Attributes
from shared.dicom.deidentification.cleaning.rectangles import Rectangle
from shared.dicom.deidentification.cleaning.signatures import Signature, matching
from shared.dicom.deidentification.cleaning.ultrasound import outside_regions
from shared.dicom.deidentification.reasons import HoldReason
from shared.dicom.deidentification.risk import hold_reasons
from shared.dicom.elements import Header

CLEAN_PIXEL_DATA: Final = "113101"  # CID 7050, Clean Pixel Data Option
_ROWS: Final = 0x00280010
_COLUMNS: Final = 0x00280011
_MODALITY: Final = 0x00080060
_BURNED_IN_ANNOTATION: Final = 0x00280301
_SPECIMEN_LABEL_IN_IMAGE: Final = 0x00480010
_ULTRASOUND: Final = frozenset({"US", "IVUS"})
_TEXT: Final = frozenset(
    {
        HoldReason.BURNED_IN_ANNOTATION,
        HoldReason.BURNED_IN_RISK,
        HoldReason.PIXELS_NOT_DECLARED_CLEAN,
        HoldReason.SCREEN_CAPTURE,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CleaningPolicy:
    """Which evidence may be acted upon: the Clean Pixel Data Option (PS3.15 E.3.1)."""

    signatures: bool = False
    ultrasound_regions: bool = False


NO_CLEANING: Final = CleaningPolicy()


@dataclass(frozen=True, slots=True)
class Keep:
    """The pixels stay as they are."""


@dataclass(frozen=True, slots=True)
class Blank:
    """Everything that is known to hold text is made black."""

    rectangles: tuple[Rectangle, ...]
    grounds: tuple[str, ...]  # `ultrasound-regions`, `signature: NAME`

    @property
    def codes(self) -> tuple[str, ...]:
        """The codes of CID 7050 for what this does."""
        return (CLEAN_PIXEL_DATA,)


@dataclass(frozen=True, slots=True)
class Hold:
    """Nobody can say what is in the pixels."""

    reason: HoldReason


def planned(
    header: Header,
    policy: CleaningPolicy = NO_CLEANING,
    waived: frozenset[HoldReason] = frozenset(),
) -> Keep | Blank | Hold:
    """What the evidence says, in order: declarations, risks, ultrasound regions, signatures.

    An object that declares itself clean, and whose class is believed, is kept. One that is in
    doubt for text only is blanked where the policy allows it and the place of the text is known:
    all outside the ultrasound regions, or a signature that names the size of the image. Every
    rectangle known is blanked then, also of signatures that prove nothing alone. Reasons to hold
    that are `waived` are dealt with elsewhere.
    """
    reasons = tuple(reason for reason in hold_reasons(header) if reason not in waived)
    attributes = Attributes.of(header)
    if header.pixel_data is None or not _TEXT.issuperset(reasons):
        return Hold(reasons[0]) if reasons else Keep()
    if not reasons and attributes.text(_BURNED_IN_ANNOTATION).upper() == "NO":
        return Keep()
    known = _Known.of(attributes, policy)
    if reasons and not known.answers(frozenset(reasons)):
        return Hold(reasons[0])
    return Blank(known.rectangles, tuple(known.grounds())) if known.rectangles else Keep()


@dataclass(frozen=True, slots=True)
class _Known:
    """Where text stands, and how it is known."""

    outside: tuple[Rectangle, ...]
    signatures: tuple[Signature, ...]
    has_label: bool

    @classmethod
    def of(cls, attributes: Attributes, policy: CleaningPolicy) -> _Known:
        columns, rows = attributes.number(_COLUMNS) or 0, attributes.number(_ROWS) or 0
        asks_regions = policy.ultrasound_regions and (
            attributes.text(_MODALITY).upper() in _ULTRASOUND
        )
        return cls(
            outside_regions(attributes, columns, rows) if asks_regions else (),
            tuple(_in_image(attributes, columns, rows)) if policy.signatures else (),
            attributes.text(_SPECIMEN_LABEL_IN_IMAGE).upper() == "YES",
        )

    @property
    def rectangles(self) -> tuple[Rectangle, ...]:
        return (*self.outside, *(r for s in self.signatures for r in s.rectangles))

    def answers(self, reasons: frozenset[HoldReason]) -> bool:
        """Whether the doubts are met: a saved screen has text where its device's images do not."""
        if self.has_label:
            return False
        exact = [signature for signature in self.signatures if signature.is_exact]
        if HoldReason.SCREEN_CAPTURE in reasons:
            return any(signature.is_of_screens for signature in exact)
        return bool(self.outside or exact)

    def grounds(self) -> Iterator[str]:
        if self.outside:
            yield "ultrasound-regions"
        yield from dict.fromkeys(f"signature: {signature.name}" for signature in self.signatures)


def _in_image(attributes: Attributes, columns: int, rows: int) -> Iterator[Signature]:
    """The signatures of which there is something to blank."""
    for signature in matching(attributes):
        inside = (rectangle.within(columns, rows) for rectangle in signature.rectangles)
        if any(part.width and part.height for part in inside):
            yield signature
