"""The Basic Application Confidentiality Profile (PS3.15 Annex E) on raw elements, or a hold."""

from shared.dicom.deidentification.actions import ActionTaken
from shared.dicom.deidentification.engine import Deidentified, Held, deidentify
from shared.dicom.deidentification.pseudonyms import PseudonymKey
from shared.dicom.deidentification.reasons import HoldReason

__all__ = ["ActionTaken", "Deidentified", "Held", "HoldReason", "PseudonymKey", "deidentify"]
