"""The Basic Application Confidentiality Profile (PS3.15 Annex E) and its options, or a hold."""

from shared.dicom.deidentification.actions import ActionTaken
from shared.dicom.deidentification.engine import LIMITS, Deidentified, Held, deidentify
from shared.dicom.deidentification.options import Option
from shared.dicom.deidentification.profile import BASIC, Profile, ProfileError
from shared.dicom.deidentification.pseudonyms import PseudonymKey
from shared.dicom.deidentification.reasons import HeldError, HoldReason

__all__ = [
    "BASIC",
    "LIMITS",
    "ActionTaken",
    "Deidentified",
    "Held",
    "HeldError",
    "HoldReason",
    "Option",
    "Profile",
    "ProfileError",
    "PseudonymKey",
    "deidentify",
]
