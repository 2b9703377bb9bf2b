"""Keyed pseudonyms: the same original, key and project give the same pseudonym, always.

No table is kept; see `shared.dicom.keyed` for what is made of an original.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from datetime import timedelta
from functools import lru_cache
from typing import Final

from pydicom._uid_dict import UID_dictionary

from shared.dicom.keyed import MINIMUM_SECRET_BYTES, keyed_digest, uid_from

LARGEST_DAY_OFFSET: Final = 3652
_LARGEST_TIME_OFFSET: Final = timedelta(days=LARGEST_DAY_OFFSET)
_MICROSECOND: Final = timedelta(microseconds=1)
_KEY_ID_DIGITS: Final = 16


@dataclass(frozen=True, slots=True)
class PseudonymKey:
    """A secret and the project it serves; two projects' pseudonyms cannot be joined."""

    secret: bytes = field(repr=False)
    project: str

    def __post_init__(self) -> None:
        if len(self.secret) < MINIMUM_SECRET_BYTES:
            raise ValueError(f"the secret must have at least {MINIMUM_SECRET_BYTES} bytes")

    @property
    def key_id(self) -> str:
        """Which key and project this is: 16 hexadecimal digits that anybody may know.

        No original has it for a pseudonym, for it is of a kind of its own.
        """
        return _digest(self, "key-id", "").hex()[:_KEY_ID_DIGITS]

    def uid(self, original: str) -> str:
        """A `2.25.` UID in place of the original; the standard's own UIDs stand (PS3.5 B.2)."""
        return original if is_standard_uid(original) else uid_from(_digest(self, "uid", original))

    def patient_id(self, original: str, issuer: str = "") -> str:
        """The patient's pseudonym, 16 characters; the same number of two issuers is two."""
        return _token(self, "patient-id", original, issuer)

    def study_patient_id(self, study_instance_uid: str) -> str:
        """The pseudonym of a patient without an id: one per study."""
        return _token(self, "study-patient-id", study_instance_uid)

    def patient(self, patient_id: str, issuer: str, study_instance_uid: str) -> str:
        """The pseudonym of an object's patient: by the id, or by the study where there is none."""
        if not patient_id:
            return self.study_patient_id(study_instance_uid)
        return self.patient_id(patient_id, issuer)

    def accession_number(self, original: str, issuer: str = "") -> str:
        """The accession number's pseudonym, 16 characters, which fills an SH."""
        return _token(self, "accession-number", original, issuer)

    def value(self, original: str) -> str:
        """The pseudonym of any other text, 16 characters: equal texts have equal ones."""
        return _token(self, "value", original)

    def day_offset(self, patient: str) -> int:
        """Whole days by which every date of a patient is moved: up to ten years back."""
        return _day_offset(self, patient)

    def time_offset(self, sop_instance_uid: str) -> timedelta:
        """How far the times at which an instance's versions came are moved: up to ten years back.

        Versions of one instance keep their order; no time of another instance or table is met.
        """
        number = int.from_bytes(_digest(self, "time-offset", sop_instance_uid)[:8], "big")
        return -timedelta(microseconds=1 + number % (_LARGEST_TIME_OFFSET // _MICROSECOND))

    def token(self, kind: str, original: str) -> str:
        """What only this key can make of the original; for recognising, never for showing."""
        return _digest(self, kind, original).hex()


@lru_cache(maxsize=4096)  # the objects of a study have the same patient, station and persons
def _token(key: PseudonymKey, kind: str, original: str, issuer: str = "") -> str:
    return base64.b32encode(_digest(key, kind, original, issuer)[:10]).decode("ascii")


@lru_cache(maxsize=1024)
def _day_offset(key: PseudonymKey, patient: str) -> int:
    digest = _digest(key, "day-offset", patient)
    return -1 - int.from_bytes(digest[:8], "big") % LARGEST_DAY_OFFSET


def _digest(key: PseudonymKey, kind: str, original: str, issuer: str = "") -> bytes:
    return keyed_digest(key.secret, key.project, kind, original, issuer)


def is_standard_uid(uid: str) -> bool:
    """Whether PS3.6 Annex A registers the UID: it names a class or a syntax, never a person."""
    return uid in UID_dictionary
