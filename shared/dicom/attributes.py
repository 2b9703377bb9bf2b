"""The attributes that become columns of their own: what analysts filter and group by."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, time
from functools import partial
from typing import Final, TypeAlias

from shared.dicom.standard.sop_classes import SOP_CLASS_NAMES
from shared.dicom.standard.transfer_syntaxes import TRANSFER_SYNTAX_NAMES

Scalar: TypeAlias = str | int | float
HotValue: TypeAlias = Scalar | dict[str, str | None] | list[Scalar] | None
Conversion: TypeAlias = Callable[[object], Scalar | dict[str, str | None] | None]

NAME_GROUPS: Final = ("Alphabetic", "Ideographic", "Phonetic")  # PS3.5 Section 6.2.1.1

_DATE: Final = re.compile(r"([0-9]{4})[.-]?([0-9]{2})[.-]?([0-9]{2})", re.ASCII)
_TIME: Final = re.compile(
    r"([0-9]{2})(?::?([0-9]{2})(?::?([0-9]{2})(?:\.([0-9]{1,6}))?)?)?", re.ASCII
)
_AGE: Final = re.compile(r"([0-9]{1,3})([DWMY])", re.ASCII)
_UNITS_PER_YEAR: Final = {"D": 365.25, "W": 365.25 / 7, "M": 12.0, "Y": 1.0}
_INT64: Final = 1 << 63


def _string(value: object) -> str | None:
    """Return text without the spaces around it, which mean nothing (PS3.5 Table 6.2-1)."""
    return value.strip() or None if isinstance(value, str) else None


def _integer(value: object) -> int | None:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    return value if -_INT64 <= value < _INT64 else None


def _float(value: object) -> float | None:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    return float(value)


def _date(value: object) -> str | None:
    found = _DATE.fullmatch(value.strip()) if isinstance(value, str) else None
    try:
        return date(*map(int, found.groups())).isoformat() if found else None
    except ValueError:
        return None


def _time(value: object) -> str | None:
    found = _TIME.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        return None
    hour, minute, second, fraction = found.groups(default="0")
    try:
        return time(int(hour), int(minute), int(second), int(fraction.ljust(6, "0"))).isoformat()
    except ValueError:
        return None


def _age(value: object) -> float | None:
    found = _AGE.fullmatch(value.strip()) if isinstance(value, str) else None
    return int(found[1]) / _UNITS_PER_YEAR[found[2]] if found else None


def _name(value: object) -> dict[str, str | None] | None:
    if not isinstance(value, Mapping):
        return None
    groups = {group: _string(value.get(group)) for group in NAME_GROUPS}
    return groups if any(groups.values()) else None


def _sop_class_name(value: object) -> str | None:
    return SOP_CLASS_NAMES.get(value) if isinstance(value, str) else None


def _transfer_syntax_name(value: object) -> str | None:
    return TRANSFER_SYNTAX_NAMES.get(value) if isinstance(value, str) else None


@dataclass(frozen=True, slots=True)
class _Type:
    bigquery: str
    convert: Conversion


_STRING: Final = _Type("STRING", _string)
_INTEGER: Final = _Type("INTEGER", _integer)
_FLOAT: Final = _Type("FLOAT", _float)
_DAY: Final = _Type("DATE", _date)
_CLOCK: Final = _Type("TIME", _time)
_YEARS: Final = _Type("FLOAT", _age)
_PERSON: Final = _Type("RECORD", _name)
_CLASS: Final = _Type("STRING", _sop_class_name)
_SYNTAX: Final = _Type("STRING", _transfer_syntax_name)


@dataclass(frozen=True, slots=True, kw_only=True)
class HotColumn:
    """One column: where its value comes from and what BigQuery is to make of it.

    A column of type RECORD has the nullable STRING fields `NAME_GROUPS`.
    """

    column: str
    tag: str  # as DICOM JSON names it
    bigquery_type: str
    mode: str  # NULLABLE or REPEATED
    description: str
    convert: Conversion

    def value(self, element: object) -> HotValue:
        """Return the column's value of one DICOM JSON element; invalid ones are None or []."""
        values = element.get("Value") if isinstance(element, Mapping) else None
        if not isinstance(values, list) or not values:
            return [] if self.mode == "REPEATED" else None
        if self.mode == "NULLABLE":
            return self.convert(values[0])
        converted = [self.convert(each) for each in values]
        if self.bigquery_type == "STRING":
            return [each if isinstance(each, str) else "" for each in converted]
        numbers = [each for each in converted if isinstance(each, int | float)]
        return list(numbers) if len(numbers) == len(values) else []


def _column(column: str, tag: str, of: _Type, description: str, mode: str) -> HotColumn:
    return HotColumn(
        column=column,
        tag=tag,
        bigquery_type=of.bigquery,
        mode=mode,
        description=description,
        convert=of.convert,
    )


_nullable: Final = partial(_column, mode="NULLABLE")
_repeated: Final = partial(_column, mode="REPEATED")

HOT_COLUMNS: Final[tuple[HotColumn, ...]] = (
    _nullable("SOPClassName", "00080016", _CLASS, "Name of the SOP class in PS3.6"),
    _nullable("TransferSyntaxName", "00020010", _SYNTAX, "Name of the transfer syntax in PS3.6"),
    _nullable("PatientID", "00100020", _STRING, "Patient's identifier"),
    _nullable("IssuerOfPatientID", "00100021", _STRING, "Who gave the identifier"),
    _nullable("PatientName", "00100010", _PERSON, "Patient's name by component group"),
    _nullable("PatientBirthDate", "00100030", _DAY, "Patient's date of birth"),
    _nullable("PatientSex", "00100040", _STRING, "Patient's sex: M, F or O"),
    _nullable("PatientAge", "00101010", _YEARS, "Patient's age in years"),
    _nullable("PatientSize", "00101020", _FLOAT, "Patient's height in metres"),
    _nullable("PatientWeight", "00101030", _FLOAT, "Patient's weight in kilograms"),
    _nullable("StudyDate", "00080020", _DAY, "Date the study started"),
    _nullable("StudyTime", "00080030", _CLOCK, "Time the study started"),
    _nullable("SeriesDate", "00080021", _DAY, "Date the series started"),
    _nullable("SeriesTime", "00080031", _CLOCK, "Time the series started"),
    _nullable("AcquisitionDate", "00080022", _DAY, "Date of acquisition"),
    _nullable("AcquisitionTime", "00080032", _CLOCK, "Time of acquisition"),
    _nullable("ContentDate", "00080023", _DAY, "Date the content was made"),
    _nullable("ContentTime", "00080033", _CLOCK, "Time the content was made"),
    _nullable("AccessionNumber", "00080050", _STRING, "Number of the order"),
    _nullable("StudyID", "00200010", _STRING, "Study's identifier, given by people"),
    _nullable("StudyDescription", "00081030", _STRING, "Description of the study"),
    _nullable("SeriesDescription", "0008103E", _STRING, "Description of the series"),
    _nullable("SeriesNumber", "00200011", _INTEGER, "Number of the series in its study"),
    _nullable("AcquisitionNumber", "00200012", _INTEGER, "Number of the acquisition"),
    _nullable("InstanceNumber", "00200013", _INTEGER, "Number of the instance in its series"),
    _nullable("TemporalPositionIdentifier", "00200100", _INTEGER, "Place in time, from 1"),
    _nullable("NumberOfStudyRelatedInstances", "00201208", _INTEGER, "What the sender had of it"),
    _nullable("Modality", "00080060", _STRING, "Type of equipment, for instance CT"),
    _nullable("BodyPartExamined", "00180015", _STRING, "Part of the body"),
    _nullable("Laterality", "00200060", _STRING, "Side of a paired body part: L or R"),
    _nullable("PatientPosition", "00185100", _STRING, "Position relative to the equipment"),
    _nullable("ViewPosition", "00185101", _STRING, "Radiographic view, for instance MLO"),
    _nullable("ProtocolName", "00181030", _STRING, "Protocol of the acquisition"),
    _nullable("Manufacturer", "00080070", _STRING, "Manufacturer of the equipment"),
    _nullable("ManufacturerModelName", "00081090", _STRING, "Model of the equipment"),
    _nullable("StationName", "00081010", _STRING, "Name of the station"),
    _nullable("DeviceSerialNumber", "00181000", _STRING, "Serial number of the equipment"),
    _repeated("SoftwareVersions", "00181020", _STRING, "Versions of the equipment's software"),
    _nullable("InstitutionName", "00080080", _STRING, "Where the equipment stands"),
    _nullable("ReferringPhysicianName", "00080090", _PERSON, "Who asked for it"),
    _repeated("ImageType", "00080008", _STRING, "Original or derived, primary or secondary, …"),
    _nullable("Rows", "00280010", _INTEGER, "Rows of the image"),
    _nullable("Columns", "00280011", _INTEGER, "Columns of the image"),
    _nullable("NumberOfFrames", "00280008", _INTEGER, "Frames of a multi-frame image"),
    _nullable("SamplesPerPixel", "00280002", _INTEGER, "Samples of one pixel"),
    _nullable("BitsAllocated", "00280100", _INTEGER, "Bits allocated for one sample"),
    _nullable("BitsStored", "00280101", _INTEGER, "Bits stored for one sample"),
    _nullable("PixelRepresentation", "00280103", _INTEGER, "0: unsigned, 1: two's complement"),
    _nullable("PhotometricInterpretation", "00280004", _STRING, "Meaning of the samples"),
    _nullable("RescaleSlope", "00281053", _FLOAT, "Output units for one step of a stored value"),
    _nullable("RescaleIntercept", "00281052", _FLOAT, "Output units of the stored value 0"),
    _repeated("WindowCenter", "00281050", _FLOAT, "Middle of each window, in output units"),
    _repeated("WindowWidth", "00281051", _FLOAT, "Width of each window, in output units"),
    _repeated("PixelSpacing", "00280030", _FLOAT, "Millimetres between rows, between columns"),
    _nullable("SliceThickness", "00180050", _FLOAT, "Millimetres of one slice"),
    _nullable("SpacingBetweenSlices", "00180088", _FLOAT, "Millimetres between slices"),
    _nullable("SliceLocation", "00201041", _FLOAT, "Millimetres along the axis of slices"),
    _repeated("ImagePositionPatient", "00200032", _FLOAT, "Upper left corner: x, y, z in mm"),
    _repeated("ImageOrientationPatient", "00200037", _FLOAT, "Cosines of row and column"),
    _nullable("FrameOfReferenceUID", "00200052", _STRING, "Frame of reference"),
    _nullable("KVP", "00180060", _FLOAT, "Peak kilovoltage"),
    _nullable("ExposureTime", "00181150", _FLOAT, "Milliseconds of exposure"),
    _nullable("XRayTubeCurrent", "00181151", _FLOAT, "Milliamperes of the tube"),
    _nullable("Exposure", "00181152", _FLOAT, "Milliampere seconds"),
    _nullable("CTDIvol", "00189345", _FLOAT, "Milligray: average dose in the scanned volume"),
    _repeated("ConvolutionKernel", "00181210", _STRING, "Kernel, or algorithm, of reconstruction"),
    _nullable("ContrastBolusAgent", "00180010", _STRING, "Contrast or bolus agent"),
    _nullable("MagneticFieldStrength", "00180087", _FLOAT, "Tesla"),
    _nullable("RepetitionTime", "00180080", _FLOAT, "Milliseconds between pulse sequences"),
    _nullable("EchoTime", "00180081", _FLOAT, "Milliseconds to the echo"),
    _repeated("EchoNumbers", "00180086", _INTEGER, "Which echo, from 1"),
    _nullable("FlipAngle", "00181314", _FLOAT, "Degrees that magnetisation is tipped"),
    _nullable("LossyImageCompression", "00282110", _STRING, "01: compressed with loss before"),
    _nullable("BurnedInAnnotation", "00280301", _STRING, "YES: the pixels may show identities"),
)


def hot_values(metadata_json: Mapping[str, object]) -> dict[str, HotValue]:
    """Return every hot column's value of a DICOM JSON data set.

    Dates are `YYYY-MM-DD`, times `HH:MM:SS[.ffffff]`; what is missing or invalid is None, in a
    repeated column []. Of several values a nullable column has the first.
    """
    return {each.column: each.value(metadata_json.get(each.tag)) for each in HOT_COLUMNS}
