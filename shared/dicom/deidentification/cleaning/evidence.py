"""What is to be done with an object's pixels, by the evidence of its header."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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
_SOP_CLASS_UID: Final = 0x00080016
_MODALITY: Final = 0x00080060
_CONVERSION_TYPE: Final = 0x00080064
_BURNED_IN_ANNOTATION: Final = 0x00280301
_SPECIMEN_LABEL_IN_IMAGE: Final = 0x00480010
_ULTRASOUND: Final = frozenset({"US", "IVUS"})
_STORAGE: Final = "1.2.840.10008.5.1.4.1.1."
_WRITTEN_BY_MACHINES: Final = frozenset(
    _STORAGE + tail for tail in ("3", "3.1", "6", "6.1", "7", "7.1", "7.2", "7.3", "7.4")
)  # ultrasound and secondary captures
_VIEWED: Final = frozenset({"DOC", "ES", "GM", "XC"})  # photographs, documents
_WRITTEN_BY_HAND: Final = frozenset({"DF", "DRW", "SD", "SI"})  # films, drawings, scans
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
    grounds: tuple[str, ...]  # `ultrasound-regions`, `signature: NAME`, `text: PLACES`
    looked: bool = False  # whether the pixels have been looked at

    @property
    def codes(self) -> tuple[str, ...]:
        """The codes of CID 7050 for what this does."""
        return (CLEAN_PIXEL_DATA,)


@dataclass(frozen=True, slots=True)
class Hold:
    """Nobody can say what is in the pixels."""

    reason: HoldReason


Plan = Keep | Blank | Hold


def planned(
    header: Header,
    policy: CleaningPolicy = NO_CLEANING,
    waived: frozenset[HoldReason] = frozenset(),
    seen: Sequence[Rectangle] | None = None,
) -> Plan:
    """What the evidence says, in order: declarations, risks, ultrasound regions, signatures, looks.

    An object that declares itself clean, and whose class is believed, is kept. One that is in
    doubt for text only is blanked where the policy allows it and the place of the text is known:
    all outside the ultrasound regions, or a signature that names the size of the image. Every
    rectangle known is blanked then, also of signatures that prove nothing alone. Reasons to hold
    that are `waived` are dealt with elsewhere.

    `seen` is where text was seen in the pixels, None when nobody looked. It is blanked whatever
    was declared. It answers a doubt where machines do the writing; that none was seen takes the
    place of a missing Burned In Annotation NO, and of nothing more.
    """
    reasons = tuple(reason for reason in hold_reasons(header) if reason not in waived)
    knows_places = seen is not None or policy != NO_CLEANING
    if header.pixel_data is None or not (knows_places and _TEXT.issuperset(reasons)):
        return Hold(reasons[0]) if reasons else Keep()
    attributes = Attributes.of(header)
    if not (reasons or seen) and attributes.text(_BURNED_IN_ANNOTATION).upper() == "NO":
        return Keep()
    known = _Known.of(attributes, policy, seen)
    if reasons and not known.answers(frozenset(reasons)):
        return Hold(reasons[0])
    if not known.rectangles:
        return Keep()
    return Blank(known.rectangles, tuple(known.grounds()), looked=seen is not None)


@dataclass(frozen=True, slots=True)
class _Known:
    """Where text stands, and how it is known."""

    outside: tuple[Rectangle, ...]
    signatures: tuple[Signature, ...]
    seen: tuple[Rectangle, ...] | None
    has_label: bool
    is_of_machines: bool

    @classmethod
    def of(
        cls, attributes: Attributes, policy: CleaningPolicy, seen: Sequence[Rectangle] | None
    ) -> _Known:
        columns, rows = attributes.number(_COLUMNS) or 0, attributes.number(_ROWS) or 0
        asks_regions = policy.ultrasound_regions and (
            attributes.text(_MODALITY).upper() in _ULTRASOUND
        )
        return cls(
            outside_regions(attributes, columns, rows) if asks_regions else (),
            tuple(_in_image(attributes, columns, rows)) if policy.signatures else (),
            None if seen is None else tuple(seen),
            attributes.text(_SPECIMEN_LABEL_IN_IMAGE).upper() == "YES",
            _is_of_machines(attributes),
        )

    @property
    def rectangles(self) -> tuple[Rectangle, ...]:
        signed = (rectangle for each in self.signatures for rectangle in each.rectangles)
        return (*self.outside, *signed, *(self.seen or ()))

    def answers(self, reasons: frozenset[HoldReason]) -> bool:
        """Whether the doubts are met: a saved screen has text where its device's images do not."""
        if self.has_label:
            return False
        exact = [signature for signature in self.signatures if signature.is_exact]
        if HoldReason.SCREEN_CAPTURE in reasons:
            return any(signature.is_of_screens for signature in exact)
        return bool(self.outside or exact) or self._looks_answer(reasons)

    def _looks_answer(self, reasons: frozenset[HoldReason]) -> bool:
        if not self.seen:
            return self.seen is not None and reasons == {HoldReason.PIXELS_NOT_DECLARED_CLEAN}
        return self.is_of_machines or HoldReason.BURNED_IN_RISK not in reasons

    def grounds(self) -> Iterator[str]:
        if self.outside:
            yield "ultrasound-regions"
        yield from dict.fromkeys(f"signature: {signature.name}" for signature in self.signatures)
        if self.seen:
            yield f"text: {len(self.seen)}"


def _is_of_machines(attributes: Attributes) -> bool:
    """Whether what is written on images of this kind is printed: no view of things, no hand."""
    return (
        attributes.text(_SOP_CLASS_UID) in _WRITTEN_BY_MACHINES
        and attributes.text(_MODALITY).upper() not in _VIEWED
        and attributes.text(_CONVERSION_TYPE).upper() not in _WRITTEN_BY_HAND
    )


def _in_image(attributes: Attributes, columns: int, rows: int) -> Iterator[Signature]:
    """The signatures of which there is something to blank."""
    for signature in matching(attributes):
        inside = (rectangle.within(columns, rows) for rectangle in signature.rectangles)
        if any(part.width and part.height for part in inside):
            yield signature
