"""Where the identifiers that HIPAA's Safe Harbor method names stand in DICOM.

45 CFR 164.514(b)(2)(i), items (A) to (R). Any identifier may stand in any text; these are the
attributes that are made for it. What becomes of them is told by the rules of each profile.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from pydicom.datadict import tag_for_keyword

from shared.dicom.deidentification.profile import BASIC, Profile
from shared.dicom.deidentification.rules import Action, rules_for


@dataclass(frozen=True, slots=True)
class Item:
    """One kind of identifiers by its letter, and the keywords of the attributes made for it."""

    letter: str
    says: str
    keywords: tuple[str, ...] = ()


_PATIENTS: Final = (
    "PatientName",
    "OtherPatientNames",
    "PatientBirthName",
    "PatientMotherBirthName",
    "ResponsiblePerson",
)
_OTHERS: Final = ("ReferringPhysicianName", "PerformingPhysicianName", "OperatorsName")
_PLACES: Final = (
    "PatientAddress",
    "RegionOfResidence",
    "CountryOfResidence",
    "InstitutionName",
    "InstitutionAddress",
)
_DAYS: Final = (
    "PatientBirthDate",
    "StudyDate",
    "SeriesDate",
    "AcquisitionDate",
    "ContentDate",
    "AcquisitionDateTime",
    "AdmittingDate",
)
_DEVICES: Final = (
    "DeviceSerialNumber",
    "DetectorID",
    "GantryID",
    "StationName",
    "UDISequence",
    "DeviceUID",
)
_CODES: Final = (
    "StudyInstanceUID",
    "SeriesInstanceUID",
    "SOPInstanceUID",
    "FrameOfReferenceUID",
    "StudyID",
    "RequestAttributesSequence",
)

ITEMS: Final = (
    Item("A", "names", (*_PATIENTS, *_OTHERS)),
    Item("B", "geographic subdivisions smaller than a state", _PLACES),
    Item("C", "dates but the year; ages over 89", (*_DAYS, "PatientAge")),
    Item("D", "telephone numbers", ("PatientTelephoneNumbers",)),
    Item("E", "fax numbers", ("PatientTelecomInformation",)),
    Item("F", "e-mail addresses", ("PatientTelecomInformation",)),
    Item("G", "social security numbers", ("OtherPatientIDs", "OtherPatientIDsSequence")),
    Item("H", "medical record numbers", ("PatientID", "OtherPatientIDs", "IssuerOfPatientID")),
    Item("I", "health plan beneficiary numbers", ("InsurancePlanIdentification",)),
    Item("J", "account numbers", ("AdmissionID", "AccessionNumber", "ServiceEpisodeID")),
    Item("K", "certificate and license numbers"),
    Item("L", "vehicle identifiers and serial numbers"),
    Item("M", "device identifiers and serial numbers", _DEVICES),
    Item("N", "web addresses", ("RetrieveURL", "RetrieveURI")),
    Item("O", "internet protocol addresses", ("NTPSourceAddress",)),
    Item("P", "biometric identifiers"),
    Item("Q", "full-face photographs and comparable images"),
    Item("R", "any other unique identifying number, characteristic or code", _CODES),
)


def rows(profiles: Mapping[str, Profile]) -> Iterator[tuple[str, str, str]]:
    """Yield each item, what the Basic Profile does with its attributes, and who does otherwise."""
    for item in ITEMS:
        basic = [f"{keyword} {_action(BASIC, keyword)}" for keyword in item.keywords]
        others = [
            f"`{name}`: {', '.join(changed)}"
            for name, profile in profiles.items()
            if (changed := _changed(profile, item))
        ]
        yield f"({item.letter}) {item.says}", ", ".join(basic), "; ".join(others)


def _changed(profile: Profile, item: Item) -> list[str]:
    return [
        f"{keyword} {_action(profile, keyword)}"
        for keyword in item.keywords
        if _action(profile, keyword) != _action(BASIC, keyword)
    ]


def _action(profile: Profile, keyword: str) -> Action:
    tag = tag_for_keyword(keyword)
    if tag is None:
        raise ValueError(f"{keyword} is no attribute")
    return rules_for(profile, "")[tag].action
