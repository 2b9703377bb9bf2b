"""What the attributes of one object say against each other, or against the day.

Nothing here is needed to read the object: each finding is a fact that analysts would trip over.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Final

from shared.dicom.standard.retired_uids import RETIRED_SOP_CLASSES, RETIRED_TRANSFER_SYNTAXES
from shared.dicom.validation.surroundings import Surroundings

SOP_CLASS_UID, TRANSFER_SYNTAX_UID = 0x00080016, 0x00020010
MODALITY, PATIENT_AGE, PATIENT_BIRTH_DATE = 0x00080060, 0x00101010, 0x00100030
BITS_ALLOCATED, BITS_STORED, HIGH_BIT = 0x00280100, 0x00280101, 0x00280102
STUDY_DATE, SERIES_DATE, ACQUISITION_DATE = 0x00080020, 0x00080021, 0x00080022
_UIDS: Final = (0x0020000D, 0x0020000E, 0x00080018)  # study, series, instance

# Dates of what has happened; others (appointments, expiry) may lie ahead.
_PAST: Final = (
    0x00080012,  # Instance Creation Date
    STUDY_DATE,
    SERIES_DATE,
    ACQUISITION_DATE,
    0x00080023,  # Content Date
    0x0008002A,  # Acquisition DateTime
    PATIENT_BIRTH_DATE,
    0x00181200,  # Date of Last Calibration
    0x00400244,  # Performed Procedure Step Start Date
    0x30060008,  # Structure Set Date
    0x30080250,  # Treatment Date
)
_TIME_ZONES: Final = timedelta(days=1)
_DAYS_PER_YEAR: Final = 365.25
_AGE: Final = re.compile(r"([0-9]{3})Y", re.ASCII)

# The only modalities that an IOD allows (PS3.3 Annex A and its series modules).
_MODALITIES: Final = {
    f"1.2.840.10008.5.1.4.1.1.{arc}": modalities
    for arc, modalities in {
        "1.1": {"DX", "PX", "IO", "MG"},
        "1.1.1": {"DX", "PX", "IO", "MG"},
        "1.2": {"MG"},
        "1.2.1": {"MG"},
        "2": {"CT"},
        "2.1": {"CT"},
        "4": {"MR"},
        "4.1": {"MR"},
        "4.2": {"MR"},
        "12.1": {"XA"},
        "12.2": {"RF"},
        "20": {"NM"},
        "66.4": {"SEG"},
        "128": {"PT"},
        "481.1": {"RTIMAGE"},
        "481.2": {"RTDOSE"},
        "481.3": {"RTSTRUCT"},
        "481.5": {"RTPLAN"},
        "88.11": {"SR"},
        "88.22": {"SR"},
        "88.33": {"SR"},
        "88.59": {"KO"},
        "11.1": {"PR"},
    }.items()
}
Finding = tuple[str, int]  # code, tag


def incoherences(
    here: Surroundings, transfer_syntax_uid: str, today: date | None
) -> Iterator[Finding]:
    """Yield code and tag of what contradicts within the data set, or is of another time."""
    if transfer_syntax_uid in RETIRED_TRANSFER_SYNTAXES:
        yield "retired-transfer-syntax", TRANSFER_SYNTAX_UID
    if here.sop_class_uid in RETIRED_SOP_CLASSES:
        yield "retired-sop-class", SOP_CLASS_UID
    yield from _contradictory_dates(here)
    if today is not None:
        yield from _future_dates(here, today)
    yield from _contradictory_uids(here)
    modalities = _MODALITIES.get(here.sop_class_uid)
    if modalities and here.text(MODALITY) not in {"", *modalities}:
        yield "modality-contradicts", MODALITY
    yield from _contradictory_bits(here)


def _future_dates(here: Surroundings, today: date) -> Iterator[Finding]:
    for tag in _PAST:
        found = _date(here, tag)
        if found is not None and found - _TIME_ZONES > today:
            yield "future-date", tag


def _contradictory_dates(here: Surroundings) -> Iterator[Finding]:
    study, birth = _date(here, STUDY_DATE), _date(here, PATIENT_BIRTH_DATE)
    if study is None:
        return
    for tag in (SERIES_DATE, ACQUISITION_DATE):
        found = _date(here, tag)
        if found is not None and found + _TIME_ZONES < study:
            yield "dates-contradict", tag
    if birth is None:
        return
    if birth > study:
        yield "dates-contradict", PATIENT_BIRTH_DATE
    age = _AGE.fullmatch(here.text(PATIENT_AGE))
    if age and abs((study - birth).days / _DAYS_PER_YEAR - int(age[1]) - 0.5) > 1.5:  # noqa: PLR2004 - a year to either side of the year of age
        yield "age-contradicts", PATIENT_AGE


def _contradictory_uids(here: Surroundings) -> Iterator[Finding]:
    seen: set[str] = set()
    for tag in _UIDS:
        uid = here.text(tag)
        if uid and uid in seen:
            yield "uids-not-distinct", tag
        seen.add(uid)


def _contradictory_bits(here: Surroundings) -> Iterator[Finding]:
    """PS3.5 Section 8.1.1: High Bit is one less than Bits Stored, which Bits Allocated hold."""
    allocated, stored = here.number(BITS_ALLOCATED), here.number(BITS_STORED)
    high = here.number(HIGH_BIT)
    if allocated is not None and stored is not None and stored > allocated:
        yield "bits-contradict", BITS_STORED
    if stored is not None and high is not None and high != stored - 1:
        yield "bits-contradict", HIGH_BIT


def _date(here: Surroundings, tag: int) -> date | None:
    text = here.text(tag)[:8]
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:])) if len(text) == 8 else None  # noqa: PLR2004 - YYYYMMDD
    except ValueError:
        return None
