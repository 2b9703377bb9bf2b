"""Made-up objects in which nothing is wrong: dciodvfy finds no error in them either."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from pydicom.dataset import Dataset

from tests.builders import SOP_CLASSES, a_dataset, a_uid, written

SEGMENTATION: Final = "1.2.840.10008.5.1.4.1.1.66.4"
BASIC_TEXT_SR: Final = "1.2.840.10008.5.1.4.1.1.88.11"


def a_dataset_of(**attributes: Any) -> Dataset:
    """Return a data set of the attributes named."""
    data = Dataset()
    for keyword, value in attributes.items():
        setattr(data, keyword, value)
    return data


def a_code(value: str, scheme: str, meaning: str) -> Dataset:
    """Return an item of a code sequence."""
    return a_dataset_of(CodeValue=value, CodingSchemeDesignator=scheme, CodeMeaning=meaning)


def a_ct(**attributes: Any) -> Dataset:
    """Return a CT image."""
    plane = _plane() | {"ImageType": ["ORIGINAL", "PRIMARY", "AXIAL"], "PatientPosition": "HFS"}
    scan: dict[str, Any] = {
        "KVP": "120",
        "AcquisitionNumber": 1,
        "RescaleIntercept": "-1024",
        "RescaleSlope": "1",
        "RescaleType": "HU",
        "BodyPartExamined": "CHEST",
        "ReferencedStudySequence": [_reference("1.2.840.10008.3.1.2.3.1", 5)],
    }
    return a_dataset(modality="CT", **(plane | scan | attributes))


def an_mr(**attributes: Any) -> Dataset:
    """Return an MR image."""
    plane = _plane() | {"ImageType": ["ORIGINAL", "PRIMARY", "OTHER"], "PatientPosition": "HFS"}
    scan: dict[str, Any] = {
        "ScanningSequence": "SE",
        "SequenceVariant": "NONE",
        "ScanOptions": "",
        "MRAcquisitionType": "2D",
        "RepetitionTime": "500",
        "EchoTime": "15",
        "EchoTrainLength": 1,
        "BodyPartExamined": "CHEST",
    }
    return a_dataset(modality="MR", **(plane | scan | attributes))


def an_ultrasound(**attributes: Any) -> Dataset:
    """Return an ultrasound image in colour."""
    image: dict[str, Any] = {
        "ImageType": ["ORIGINAL", "PRIMARY", "ABDOMINAL", "0001"],
        "PatientOrientation": "",
        "BodyPartExamined": "ABDOMEN",
        "SamplesPerPixel": 3,
        "PhotometricInterpretation": "RGB",
        "PlanarConfiguration": 0,
        "BitsAllocated": 8,
        "BitsStored": 8,
        "HighBit": 7,
        "LossyImageCompression": "00",
        "UltrasoundColorDataPresent": 1,
    }
    return a_dataset(modality="US", **(image | attributes))


def a_radiograph(**attributes: Any) -> Dataset:
    """Return a computed radiography image."""
    image: dict[str, Any] = {
        "ImageType": ["ORIGINAL", "PRIMARY"],
        "PatientOrientation": ["L", "F"],
        "BodyPartExamined": "CHEST",
        "ViewPosition": "PA",
        "PresentationLUTShape": "IDENTITY",
    }
    return a_dataset(modality="CR", **(image | attributes))


def a_report(**attributes: Any) -> Dataset:
    """Return a Basic Text SR document with a text in a container."""
    title = a_code("11528-7", "LN", "Radiology Report")
    text = a_dataset_of(
        RelationshipType="CONTAINS",
        ValueType="TEXT",
        ConceptNameCodeSequence=[a_code("121071", "DCM", "Finding")],
        TextValue="Nothing made up is wrong",
    )
    content: dict[str, Any] = {
        "ValueType": "CONTAINER",
        "ConceptNameCodeSequence": [title],
        "ContinuityOfContent": "SEPARATE",
        "ContentSequence": [text],
        "CompletionFlag": "COMPLETE",
        "VerificationFlag": "UNVERIFIED",
        "ContentDate": "20240131",
        "ContentTime": "0900",
        "PerformedProcedureCodeSequence": [],
        "ReferencedPerformedProcedureStepSequence": [],
    }
    pixels: dict[str, Any] = dict.fromkeys(_PIXEL_KEYWORDS)
    whole: dict[str, Any] = {"SOPClassUID": BASIC_TEXT_SR, "Modality": "SR"} | content | pixels
    return a_dataset(**(whole | attributes))


def a_segmentation(**attributes: Any) -> Dataset:
    """Return a segmentation of one frame and one segment."""
    organ = a_code("10200004", "SCT", "Liver")
    segment = a_dataset_of(
        SegmentNumber=1,
        SegmentLabel="Made up",
        SegmentAlgorithmType="MANUAL",
        SegmentedPropertyCategoryCodeSequence=[a_code("123037004", "SCT", "Body structure")],
        SegmentedPropertyTypeCodeSequence=[organ],
    )
    image: dict[str, Any] = {
        "SOPClassUID": SEGMENTATION,
        "Modality": "SEG",
        "ImageType": ["DERIVED", "PRIMARY"],
        "ContentLabel": "MADE_UP",
        "ContentDescription": "",
        "ContentCreatorName": "Maker^Mia",
        "SegmentationType": "BINARY",
        "SegmentSequence": [segment],
        "BitsAllocated": 1,
        "BitsStored": 1,
        "HighBit": 0,
        "LossyImageCompression": "00",
        "ManufacturerModelName": "Maker",
        "DeviceSerialNumber": "1",
        "SoftwareVersions": "1",
        "ContentDate": "20240131",
        "ContentTime": "0900",
        "FrameOfReferenceUID": a_uid(1, 1, 0),
        "PositionReferenceIndicator": "",
    }
    source = a_dataset_of(
        SeriesInstanceUID=a_uid(1, 1, 3),
        ReferencedInstanceSequence=[_reference(SOP_CLASSES["CT"], 6)],
    )
    groups: dict[str, Any] = {
        "ReferencedSeriesSequence": [source],
        "SharedFunctionalGroupsSequence": [_shared_groups()],
        "PerFrameFunctionalGroupsSequence": [_frame_groups()],
    }
    dimensions: dict[str, Any] = {
        "DimensionOrganizationSequence": [a_dataset_of(DimensionOrganizationUID=a_uid(7))],
        "DimensionIndexSequence": [
            a_dataset_of(
                DimensionOrganizationUID=a_uid(7),
                DimensionIndexPointer=0x0062000B,
                FunctionalGroupPointer=0x0062000A,
            )
        ],
    }
    data = a_dataset(**(image | groups | dimensions | attributes))
    data.NumberOfFrames = 1
    return data


def as_object(data: Dataset, syntax: str = "1.2.840.10008.1.2.1") -> bytes:
    """Return a data set with its pixel data, where it has any, as a whole object."""
    if "Rows" in data:
        bits = data.Rows * data.Columns * data.SamplesPerPixel * data.BitsAllocated
        data.PixelData = bytes(bits // 8)
        data["PixelData"].VR = "OB" if data.BitsAllocated <= 8 else "OW"
    return written(data, syntax)


VALID: Final[dict[str, Callable[[], Dataset]]] = {
    "CT": a_ct,
    "MR": an_mr,
    "US": an_ultrasound,
    "CR": a_radiograph,
    "SR": a_report,
    "SEG": a_segmentation,
}
_PIXEL_KEYWORDS: Final = (
    *("SamplesPerPixel", "PhotometricInterpretation", "Rows", "Columns"),
    *("BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation"),
)


def _plane() -> dict[str, Any]:
    return {
        "ImagePositionPatient": ["0", "0", "0"],
        "ImageOrientationPatient": ["1", "0", "0", "0", "1", "0"],
        "PixelSpacing": ["0.5", "0.5"],
        "SliceThickness": "1",
        "FrameOfReferenceUID": a_uid(1, 1, 0),
        "PositionReferenceIndicator": "",
    }


def _reference(sop_class: str, number: int) -> Dataset:
    return a_dataset_of(ReferencedSOPClassUID=sop_class, ReferencedSOPInstanceUID=a_uid(number))


def _shared_groups() -> Dataset:
    measures = a_dataset_of(PixelSpacing=["0.5", "0.5"], SliceThickness="1")
    orientation = a_dataset_of(ImageOrientationPatient=["1", "0", "0", "0", "1", "0"])
    return a_dataset_of(
        PixelMeasuresSequence=[measures],
        PlaneOrientationSequence=[orientation],
        SegmentIdentificationSequence=[a_dataset_of(ReferencedSegmentNumber=1)],
    )


def _frame_groups() -> Dataset:
    source = _reference(SOP_CLASSES["CT"], 6)
    source.SpatialLocationsPreserved = "YES"
    source.PurposeOfReferenceCodeSequence = [
        a_code("121322", "DCM", "Source image for image processing operation")
    ]
    derivation = a_dataset_of(
        SourceImageSequence=[source],
        DerivationCodeSequence=[a_code("113076", "DCM", "Segmentation")],
    )
    return a_dataset_of(
        FrameContentSequence=[a_dataset_of(DimensionIndexValues=[1])],
        PlanePositionSequence=[a_dataset_of(ImagePositionPatient=["0", "0", "0"])],
        DerivationImageSequence=[derivation],
    )
