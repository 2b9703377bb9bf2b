"""What a de-identifier owes each planted value: the actions and categories of MIDI-B.

Pei et al., Medical Image De-Identification Benchmark Challenge, 2025 (arXiv 2507.23608). A check
is one required action on one attribute, or region, of one object; the score is the share of those
that were done. The key is made where a value is planted, from what was planted and from what the
standard says of the place, and knows nothing of the de-identifier.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeAlias

Path: TypeAlias = tuple[int, ...]  # tag, or tag, item, tag, item, …, tag


class Action(StrEnum):
    """The action types of MIDI-B."""

    TAG_RETAINED = "tag_retained"  # the attribute is there
    TEXT_NOTNULL = "text_notnull"  # it has a value
    TEXT_RETAINED = "text_retained"  # it has these words, or this number
    TEXT_REMOVED = "text_removed"  # it has none of these words
    DATE_SHIFTED = "date_shifted"  # it has another day, as far away as the patient's others
    UID_CHANGED = "uid_changed"  # it has another UID
    UID_CONSISTENT = "uid_consistent"  # everywhere the same other one, that no other UID became
    PATID_CONSISTENT = "patid_consistent"  # the same for patient ids
    PIXELS_HIDDEN = "pixels_hidden"  # the burned-in text cannot be told from its surroundings
    PIXELS_RETAINED = "pixels_retained"  # all other pixels are as they were


class Category(StrEnum):
    """Where the requirement comes from."""

    HIPAA = "HIPAA"  # Safe Harbor, 45 CFR 164.514(b)(2)
    PS3_15 = "DICOM PS3.15"
    IOD = "DICOM IOD"
    TCIA = "TCIA"  # what The Cancer Imaging Archive keeps for research


# What a missing file passes: it tells nothing, and keeps nothing.
HIDING: Final = frozenset(
    {
        Action.TEXT_REMOVED,
        Action.DATE_SHIFTED,
        Action.UID_CHANGED,
        Action.PIXELS_HIDDEN,
    }
)


class Option(StrEnum):
    """What of a profile changes the key: options of PS3.15 Table E.1-1."""

    MODIFIED_DATES = "modified-dates"
    CLEAN_DESCRIPTORS = "clean-descriptors"
    PATIENT_CHARACTERISTICS = "patient-characteristics"


Options: TypeAlias = frozenset[Option]


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One required action."""

    action: Action
    category: Category
    place: str  # kind of place, for the report: no value
    path: Path
    value: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Burned:
    """Text in the pixels of the first frame: its box, and which pixels of it are ink."""

    row: int
    column: int
    ink: tuple[tuple[bool, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """An object with planted identities, and its part of the answer key."""

    name: str
    data: bytes
    checks: tuple[Check, ...]
    needles: tuple[str, ...]  # what of the identities must be nowhere in the output
    burned: Burned | None = None
