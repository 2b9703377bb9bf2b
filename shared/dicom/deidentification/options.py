"""The options of the Basic Profile (PS3.15 Section E.3) with their codes (PS3.16 CID 7050)."""

from __future__ import annotations

from enum import StrEnum
from types import MappingProxyType
from typing import Final

PROFILE_CODE: Final = ("113100", "DCM", "Basic Application Confidentiality Profile")


class Option(StrEnum):
    """What is cleaned, or retained, although the Basic Profile alone would take it away."""

    CLEAN_PIXEL_DATA = "clean-pixel-data"
    CLEAN_RECOGNIZABLE_VISUAL_FEATURES = "clean-recognizable-visual-features"
    CLEAN_GRAPHICS = "clean-graphics"
    CLEAN_STRUCTURED_CONTENT = "clean-structured-content"
    CLEAN_DESCRIPTORS = "clean-descriptors"
    RETAIN_FULL_DATES = "retain-longitudinal-temporal-information-full-dates"
    RETAIN_MODIFIED_DATES = "retain-longitudinal-temporal-information-modified-dates"
    RETAIN_PATIENT_CHARACTERISTICS = "retain-patient-characteristics"
    RETAIN_DEVICE_IDENTITY = "retain-device-identity"
    RETAIN_UIDS = "retain-uids"
    RETAIN_SAFE_PRIVATE = "retain-safe-private"
    RETAIN_INSTITUTION_IDENTITY = "retain-institution-identity"


CODES: Final = MappingProxyType(
    {
        Option.CLEAN_PIXEL_DATA: ("113101", "Clean Pixel Data Option"),
        Option.CLEAN_RECOGNIZABLE_VISUAL_FEATURES: (
            "113102",
            "Clean Recognizable Visual Features Option",
        ),
        Option.CLEAN_GRAPHICS: ("113103", "Clean Graphics Option"),
        Option.CLEAN_STRUCTURED_CONTENT: ("113104", "Clean Structured Content Option"),
        Option.CLEAN_DESCRIPTORS: ("113105", "Clean Descriptors Option"),
        Option.RETAIN_FULL_DATES: (
            "113106",
            "Retain Longitudinal Temporal Information Full Dates Option",
        ),
        Option.RETAIN_MODIFIED_DATES: (
            "113107",
            "Retain Longitudinal Temporal Information Modified Dates Option",
        ),
        Option.RETAIN_PATIENT_CHARACTERISTICS: ("113108", "Retain Patient Characteristics Option"),
        Option.RETAIN_DEVICE_IDENTITY: ("113109", "Retain Device Identity Option"),
        Option.RETAIN_UIDS: ("113110", "Retain UIDs Option"),
        Option.RETAIN_SAFE_PRIVATE: ("113111", "Retain Safe Private Option"),
        Option.RETAIN_INSTITUTION_IDENTITY: ("113112", "Retain Institution Identity Option"),
    }
)

# The options that have a column in Table E.1-1, the weightier first: where two disagree about an
# attribute, a date is modified rather than kept, and what is retained is not cleaned.
COLUMNS: Final = MappingProxyType(
    {
        Option.RETAIN_MODIFIED_DATES: "retain_longitudinal_modified_dates",
        Option.RETAIN_FULL_DATES: "retain_longitudinal_full_dates",
        Option.RETAIN_UIDS: "retain_uids",
        Option.RETAIN_DEVICE_IDENTITY: "retain_device_identity",
        Option.RETAIN_INSTITUTION_IDENTITY: "retain_institution_identity",
        Option.RETAIN_PATIENT_CHARACTERISTICS: "retain_patient_characteristics",
        Option.CLEAN_DESCRIPTORS: "clean_descriptors",
        Option.CLEAN_STRUCTURED_CONTENT: "clean_structured_content",
        Option.CLEAN_GRAPHICS: "clean_graphics",
        Option.RETAIN_SAFE_PRIVATE: "retain_safe_private",
    }
)
