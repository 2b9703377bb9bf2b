"""What must stay: what the IOD requires, what is of use for research, and which UIDs must change.

The types come from PS3.3 (shared/dicom/standard/modules.json); which attributes describe no
patient is said here, by Value Representation, after PS3.15 and TCIA's practice.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pydicom._uid_dict import UID_dictionary
from pydicom.datadict import dictionary_VR
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.tag import Tag

from shared.dicom.validation.modules import Node, requirements
from tests.score.draft import Draft
from tests.score.key import Action, Category, Option, Path
from tests.score.leaks import text_of

_NUMBERS_AND_TERMS: Final = frozenset(
    {"CS", "DS", "FD", "FL", "IS", "SL", "SS", "SV", "UL", "US", "UV"}
)
# What PS3.15 takes of these, and what de-identification itself says.
_NOT_OWED: Final = frozenset(
    {
        "DeidentificationMethod", "GPSLatitude", "GPSLongitude", "InstanceOriginStatus",
        "LensSpecification", "LongitudinalTemporalInformationModified", "ModifyingDeviceID",
        "PatientAge", "PatientBirthTime", "PatientIdentityRemoved", "PatientSexNeutered",
        "PregnancyStatus", "ReasonForTheAttributeModification", "SpecificCharacterSet",
    }
)  # fmt: skip
_CHARACTERISTICS: Final = frozenset({"PatientSex", "PatientSize", "PatientWeight", "SmokingStatus"})
# Technical texts that describe a technique.
_TECHNICAL_TEXTS: Final = frozenset(
    {
        "BodyPartExamined", "ConvolutionKernel", "Manufacturer", "ManufacturerModelName",
        "PatientPosition", "RescaleType", "SequenceName", "SoftwareVersions", "FilterType",
    }
)  # fmt: skip
# Attributes that an option keeps, which no spot need have planted.
_DAYS: Final = frozenset({"StudyDate", "SeriesDate", "AcquisitionDate", "ContentDate"})
_DESCRIPTORS: Final = frozenset(
    {
        "AcquisitionDeviceProcessingDescription", "DerivationDescription", "ProtocolName",
        "SeriesDescription", "StudyDescription",
    }
)  # fmt: skip
_OF_PRESENCE: Final = frozenset({Action.TAG_RETAINED, Action.TEXT_NOTNULL})
_GRAPHICS: Final = frozenset({0x50, 0x60})
_ROOT_UIDS: Final = frozenset(
    {"SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID", "FrameOfReferenceUID"}
)
_KINDS: Final = ("SOPClass", "Scheme", "Syntax", "Context", "Mapping", "ClassUID", "CreatorUID")
_LONGEST: Final = 2000
_DUMMY_YEARS: Final = ("00", "1900")
_DATE_LENGTH: Final = 8


def require(draft: Draft) -> None:
    """Add what the object must keep, and what of its own identity must change."""
    planted = draft.planted()
    needles = tuple(needle.casefold() for needle in draft.person.needles)
    for action, category, place, path, value in _owed(draft.dataset, draft.options):
        echoes = action is Action.TEXT_RETAINED and any(
            needle in value.casefold() for needle in needles
        )
        if action in _OF_PRESENCE or (path not in planted and not echoes):
            draft.owe(action, category, place, path, value)
    if "PixelData" in draft.dataset:
        draft.owe(Action.PIXELS_RETAINED, Category.TCIA, "pixels", (0x7FE00010,), "")


_Owed = tuple[Action, Category, str, Path, str]


def _owed(dataset: Dataset, options: frozenset[Option]) -> Iterator[_Owed]:
    yield from _of_the_iod(dataset, requirements(str(dataset.get("SOPClassUID", ""))).root, ())
    for element in dataset:
        yield from _for_research(element, options)
    yield from _identity(dataset, ())


def _of_the_iod(dataset: Dataset, node: Node, prefix: Path) -> Iterator[_Owed]:
    """Type 1 attributes keep a value, Type 2 attributes are kept (PS3.5 Section 7.4)."""
    for tag in sorted(node.type_1):
        element = dataset.get(Tag(tag))
        if element is None or element.is_empty:
            continue
        yield Action.TEXT_NOTNULL, Category.IOD, "Type 1", (*prefix, tag), ""
        if isinstance(element.value, Sequence):
            for number, item in enumerate(element.value):
                yield from _of_the_iod(item, node.below(tag), (*prefix, tag, number))
    for tag in sorted(node.type_2):
        if Tag(tag) in dataset:
            yield Action.TAG_RETAINED, Category.IOD, "Type 2", (*prefix, tag), ""


def _for_research(element: DataElement, options: frozenset[Option]) -> Iterator[_Owed]:
    tag, keyword, value = int(element.tag), element.keyword, text_of(element.value)
    if element.tag.is_private or not value.strip():
        return
    if keyword in _DAYS and Option.MODIFIED_DATES in options:
        yield Action.TEXT_NOTNULL, Category.TCIA, "day", (tag,), ""
    kind = _kind(element, options)
    if kind and len(value) < _LONGEST:
        yield Action.TEXT_RETAINED, Category.TCIA, kind, (tag,), value


def _kind(element: DataElement, options: frozenset[Option]) -> str:
    """Which kind of value it is that research wants, "" when it is none."""
    tag, keyword = int(element.tag), element.keyword
    if not keyword or tag >> 24 in _GRAPHICS or keyword in _NOT_OWED:
        return ""
    if keyword in _CHARACTERISTICS and Option.PATIENT_CHARACTERISTICS not in options:
        return ""
    if element.VR == "TM" and Option.MODIFIED_DATES in options:
        return "time of day"
    if element.VR in _NUMBERS_AND_TERMS and element.VR in dictionary_VR(tag):
        return str(element.VR)
    if keyword in _DESCRIPTORS and Option.CLEAN_DESCRIPTORS in options:
        return "description without an identity"
    return "technical text" if keyword in _TECHNICAL_TEXTS else ""


def _identity(dataset: Dataset, prefix: Path) -> Iterator[_Owed]:
    """UIDs and days of the object itself, at any depth."""
    for element in dataset:
        path = (*prefix, int(element.tag))
        if isinstance(element.value, Sequence):
            for number, item in enumerate(element.value):
                yield from _identity(item, (*path, number))
        elif element.VR == "UI" and not any(kind in element.keyword for kind in _KINDS):
            yield from _uid(element, path)
        elif element.VR in {"DA", "DT"} and "ContextGroup" not in element.keyword:
            day = text_of(element.value)[:_DATE_LENGTH]
            if len(day) == _DATE_LENGTH and day.isdigit() and not day.startswith(_DUMMY_YEARS):
                yield Action.DATE_SHIFTED, Category.HIPAA, f"{element.VR} of the object", path, day


def _uid(element: DataElement, path: Path) -> Iterator[_Owed]:
    uid = text_of(element.value)
    if not uid or "\\" in uid or uid in UID_dictionary:
        return
    place = element.keyword if element.keyword in _ROOT_UIDS else "UID of the object"
    yield Action.UID_CHANGED, Category.HIPAA, place, path, uid
    yield Action.UID_CONSISTENT, Category.PS3_15, place, path, uid
