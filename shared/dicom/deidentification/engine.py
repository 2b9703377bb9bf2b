"""From a header to a de-identified object, or to the reason why it is held."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Final

from shared.dicom.deidentification.actions import ActionTaken, Cleaner
from shared.dicom.deidentification.characters import decoded, encodings_of, trimmed
from shared.dicom.deidentification.cleaning import (
    Blank,
    CleanedPixels,
    CleaningError,
    CleaningPolicy,
    Hold,
    Keep,
    Replacement,
)
from shared.dicom.deidentification.cleaning.text import Look, TextFinder, installed_text_finder
from shared.dicom.deidentification.content import refers_by_position
from shared.dicom.deidentification.echoes import Echoes, echoes_of
from shared.dicom.deidentification.marks import PREAMBLE, file_meta, group_length, with_marks
from shared.dicom.deidentification.options import Option
from shared.dicom.deidentification.pixels import PassingFragments
from shared.dicom.deidentification.profile import BASIC, Profile
from shared.dicom.deidentification.pseudonyms import PseudonymKey
from shared.dicom.deidentification.reasons import HeldError, HoldReason
from shared.dicom.deidentification.retention import retained_by
from shared.dicom.deidentification.rules import Action, Rules, rules_for
from shared.dicom.deidentification.writer import (
    EXPLICIT_LITTLE,
    Segment,
    joined,
    length_of,
    written,
)
from shared.dicom.elements import Extent, Header, RawElement
from shared.dicom.identity import Identity
from shared.dicom.identity_check import residue
from shared.dicom.limits import DEFAULT_LIMITS, MIB
from shared.dicom.source import Source, extent_pieces
from shared.errors import FormatError

# More values than a decision needs: what stays in a copy has been searched, contours of a hundred
# thousand points among it.
LIMITS: Final = replace(
    DEFAULT_LIMITS,
    max_header_bytes=64 * MIB,
    max_inline_value_bytes=MIB,
    max_inline_bytes=48 * MIB,
    max_private_bytes=48 * MIB,
)

_PATIENT_ID: Final = 0x00100020
_ISSUER_OF_PATIENT_ID: Final = 0x00100021
_SOP_CLASS_UID: Final = 0x00080016
_SOP_INSTANCE_UID: Final = 0x00080018
_STUDY_INSTANCE_UID: Final = 0x0020000D
_SERIES_INSTANCE_UID: Final = 0x0020000E
_PIXEL_DATA: Final = "7FE00010"
_OF_PIXELS: Final = frozenset(
    {Option.CLEAN_PIXEL_DATA, Option.CLEAN_RECOGNIZABLE_VISUAL_FEATURES}
)  # done only where it is called for, or not at all

_CLEANED: Final = {
    Option.CLEAN_STRUCTURED_CONTENT: HoldReason.STRUCTURED_CONTENT,
    Option.CLEAN_GRAPHICS: HoldReason.GRAPHICS,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Deidentified:
    """A clean copy, in order: bytes, extents of the source to copy through, cleaned pixels.

    Encapsulated pixel data that pass are looked at once, on their way: `pieces` may still tell that
    the object is to be held. There is a copy when the last piece was given.
    """

    segments: tuple[Segment | PassingFragments | CleanedPixels, ...] = field(repr=False)
    identity: Identity  # the pseudonymous one
    patient: str  # the pseudonym of the patient
    actions: tuple[ActionTaken, ...]

    def pieces(self, source: Source) -> Iterator[bytes]:
        """The bytes of the copy in pieces of some MiB, with those of the source that it keeps.

        Raises:
            HeldError: what passes is not clean, or not whole.
            TransientError: `short-read`, the source gave less than it has.
        """
        for segment in self.segments:
            if isinstance(segment, bytes):
                yield segment
            elif isinstance(segment, Extent):
                yield from extent_pieces(segment, source)
            else:
                yield from segment.pieces(source)


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """Not released: the first form cannot prove that a copy would be clean."""

    reason: HoldReason
    residue: tuple[str, ...] = ()  # kinds of what the independent check found, never values


def deidentify(
    header: Header,
    key: PseudonymKey,
    source: Source | None = None,
    *,
    profile: Profile = BASIC,
    authority: str = "",
    text_finder: Callable[[], TextFinder | None] = installed_text_finder,
) -> Deidentified | Held:
    """A copy under the profile, or why there is none.

    Equal objects, keys, profiles and authorities give equal results. Pixel data become an extent
    of the source, or under the Clean Pixel Data Option what is written in its place. Only when
    frames of encapsulated ones change is the source read here. Without a source encapsulated ones
    are held. Where a finder of text is at hand, it looks at the pixels under the Clean Pixel Data
    Option.

    Args:
        header: the object's, read within `LIMITS`.
        key: makes the pseudonyms.
        source: the object's, with its pixels.
        profile: what is done.
        authority: who assigned the accession number, and the patient id where the object names no
            Issuer of Patient ID; empty where nobody is known.
        text_finder: a finder of text, where one is at hand.

    Raises:
        TransientError: the source gave less than it has.
    """
    cleans = Option.CLEAN_PIXEL_DATA in profile.options
    policy = CleaningPolicy(signatures=cleans, ultrasound_regions=cleans)
    look = Look(header, source, text_finder() if cleans else None)
    plan = look.plan(policy, _waived(profile, header))
    if isinstance(plan, Hold):
        return Held(reason=plan.reason)
    texts = _Texts(header.dataset)
    rules = rules_for(profile, texts.of(_SOP_CLASS_UID))
    echoes = echoes_of(header, rules)
    try:
        passing = _passing(header, source, echoes)
        replacement = _replacement(look, plan, passing)
        cleaner = _cleaner(header, texts, key, authority, echoes)
        return _deidentified(header, cleaner, rules, passing, replacement)
    except HeldError as error:
        return Held(reason=error.held_for, residue=error.residue)
    except FormatError:
        return Held(reason=HoldReason.PIXEL_DATA_INCONSISTENT)
    except CleaningError:
        return Held(reason=HoldReason.PIXELS_NOT_CLEANABLE)


def _waived(profile: Profile, header: Header) -> frozenset[HoldReason]:
    """The reasons to hold that the profile's options deal with."""
    waived = {reason for option, reason in _CLEANED.items() if option in profile.options}
    if waived and refers_by_position(header.dataset):
        waived.discard(HoldReason.STRUCTURED_CONTENT)
    return frozenset(waived)


def _passing(header: Header, source: Source | None, echoes: Echoes) -> PassingFragments | None:
    """Encapsulated pixel data as they pass; native ones are an extent that the reader checked."""
    pixels = header.pixel_data
    if pixels is None or not pixels.undefined_length:
        return None
    if source is None:
        raise HeldError(HoldReason.PIXEL_DATA_UNBOUNDED)
    if not pixels.extent.length:
        raise HeldError(HoldReason.PIXEL_DATA_INCONSISTENT)
    return PassingFragments(pixels.extent, echoes)


def _replacement(
    look: Look, plan: Keep | Blank, passing: PassingFragments | None
) -> Replacement | None:
    if look.source is None or isinstance(plan, Keep):
        return None
    if passing is not None:  # the codestream of a frame keeps its header when the frame changes
        passing.check(look.source)
    replacement = Replacement.of(look.header, plan, look.source)
    if look.shows_text(plan, replacement.pixels):
        raise HeldError(HoldReason.TEXT_IN_PIXELS)
    return replacement


def _deidentified(
    header: Header,
    cleaner: Cleaner,
    rules: Rules,
    passing: PassingFragments | None,
    replacement: Replacement | None,
) -> Deidentified | Held:
    profile = rules.book.profile
    cleaned = cleaner.clean(header.dataset, rules)
    applied = profile.options - _OF_PIXELS
    if replacement is not None:
        cleaned, applied = replacement.in_header(cleaned), applied | {Option.CLEAN_PIXEL_DATA}
    dataset = with_marks(cleaned, profile, applied)
    identity = _identity(dataset, header.transfer_syntax_uid)
    if not (_is_one_uid(identity.sop_instance_uid) and _is_one_uid(identity.sop_class_uid)):
        return Held(reason=HoldReason.IDENTITY_MISSING)
    segments = _segments(header, dataset)
    found = residue(header, segments, retained_by(profile, cleaner.days))
    if found:
        return Held(reason=HoldReason.IDENTITY_RESIDUE, residue=found)
    return Deidentified(
        segments=_with_pixels(segments, replacement.pixels if replacement else passing),
        identity=identity,
        patient=cleaner.patient,
        actions=(*cleaner.taken, *_cleanings(replacement)),
    )


def _cleanings(replacement: Replacement | None) -> tuple[ActionTaken, ...]:
    grounds = () if replacement is None else replacement.grounds
    return tuple(ActionTaken(_PIXEL_DATA, Action.CLEAN, ground) for ground in grounds)


def _cleaner(
    header: Header, texts: _Texts, key: PseudonymKey, authority: str, echoes: Echoes
) -> Cleaner:
    issuer = texts.of(_ISSUER_OF_PATIENT_ID) or authority
    study = texts.of(_STUDY_INSTANCE_UID) or texts.of(_SOP_INSTANCE_UID)
    patient = key.patient(texts.of(_PATIENT_ID), issuer, study)
    return Cleaner(
        key=key,
        patient=patient,
        issuer=issuer,
        authority=authority,
        echoes=echoes,
        little_endian=header.encoding.little_endian,
        days=key.day_offset(patient),
    )


def _segments(header: Header, dataset: tuple[RawElement, ...]) -> tuple[Segment, ...]:
    pixels = () if header.pixel_data is None else (header.pixel_data,)
    meta = written(file_meta(dataset, header.transfer_syntax_uid), EXPLICIT_LITTLE)
    length = written((group_length(length_of(meta)),), EXPLICIT_LITTLE)
    body = written((*dataset, *pixels), header.encoding)
    return joined((PREAMBLE, *length, *meta, *body))


def _with_pixels(
    segments: tuple[Segment, ...], pixels: CleanedPixels | PassingFragments | None
) -> tuple[Segment | PassingFragments | CleanedPixels, ...]:
    """The segments of the copy, with the pixels where the extent of the source's was."""
    if pixels is None:
        return segments
    start = pixels.extent.offset
    return tuple(
        pixels if isinstance(segment, Extent) and segment.offset == start else segment
        for segment in segments
    )


def _identity(dataset: tuple[RawElement, ...], transfer_syntax_uid: str) -> Identity:
    texts = _Texts(dataset)
    return Identity(
        study_instance_uid=texts.of(_STUDY_INSTANCE_UID) or None,
        series_instance_uid=texts.of(_SERIES_INSTANCE_UID) or None,
        sop_instance_uid=texts.of(_SOP_INSTANCE_UID),
        sop_class_uid=texts.of(_SOP_CLASS_UID),
        transfer_syntax_uid=transfer_syntax_uid,
    )


def _is_one_uid(text: str) -> bool:
    return bool(text) and "\\" not in text


class _Texts:
    """The text of single attributes of one data set."""

    def __init__(self, elements: tuple[RawElement, ...]) -> None:
        self._encodings = encodings_of(elements)
        self._values = {element.tag: element.value for element in elements}

    def of(self, tag: int) -> str:
        return decoded(trimmed(self._values.get(tag) or b""), self._encodings)
