"""A CT dose report as scanners send it after each study (TID 10011, PS3.16)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as Items

from tests.builders import a_dataset

SOP_CLASS: Final = "1.2.840.10008.5.1.4.1.1.88.67"
_OF_PIXELS: Final = (
    *("SamplesPerPixel", "PhotometricInterpretation", "Rows", "Columns"),
    *("BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Acquisition:
    """One irradiation; CTDIvol in mGy, DLP in mGy.cm."""

    uid: str
    protocol: str
    ctdi_vol: float
    dlp: float


def a_dose_report(acquisitions: Iterable[Acquisition], **attributes: Any) -> Dataset:
    """Return a report of them, with attributes as `a_dataset` takes them."""
    without: dict[str, Any] = dict.fromkeys(_OF_PIXELS)
    data = a_dataset(**without, **{"SOPClassUID": SOP_CLASS, "Modality": "SR"} | attributes)
    data.ValueType = "CONTAINER"
    data.ConceptNameCodeSequence = _code("113701", "X-Ray Radiation Dose Report")
    data.ContentSequence = Items([_acquisition(each) for each in acquisitions])
    return data


def _acquisition(told: Acquisition) -> Dataset:
    """Return one CT Acquisition (TID 10013)."""
    return _container(
        ("113819", "CT Acquisition"),
        [
            _item("TEXT", ("125203", "Acquisition Protocol"), TextValue=told.protocol),
            _item("UIDREF", ("113769", "Irradiation Event UID"), UID=told.uid),
            _container(
                ("113829", "CT Dose"),
                [
                    _amount(("113830", "Mean CTDIvol"), told.ctdi_vol, "mGy"),
                    _amount(("113838", "DLP"), told.dlp, "mGy.cm"),
                ],
            ),
        ],
    )


def _container(concept: tuple[str, str], content: Sequence[Dataset]) -> Dataset:
    return _item("CONTAINER", concept, ContentSequence=Items(content))


def _amount(concept: tuple[str, str], value: float, unit: str) -> Dataset:
    measured = Dataset()
    measured.NumericValue = value
    measured.MeasurementUnitsCodeSequence = _code(unit, unit, "UCUM")
    return _item("NUM", concept, MeasuredValueSequence=Items([measured]))


def _item(kind: str, concept: tuple[str, str], **attributes: Any) -> Dataset:
    made = Dataset()
    made.RelationshipType, made.ValueType = "CONTAINS", kind
    made.ConceptNameCodeSequence = _code(*concept)
    for keyword, value in attributes.items():
        setattr(made, keyword, value)
    return made


def _code(value: str, meaning: str, scheme: str = "DCM") -> Items:
    made = Dataset()
    made.CodeValue, made.CodingSchemeDesignator, made.CodeMeaning = value, scheme, meaning
    return Items([made])
