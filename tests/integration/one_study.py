"""One made-up study with every kind of object that analysts ask for."""

from collections.abc import Sequence
from io import BytesIO
from math import cos, radians, sin
from typing import Any

from pydicom import dcmread
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as Items

from tests.builders import IMPLICIT, a_dataset, a_uid, an_instance, written

STUDY = 5
AXIAL = [1, 0, 0, 0, 1, 0]
_DOSE_SR = "1.2.840.10008.5.1.4.1.1.88.67"
_NO_PIXELS = dict.fromkeys(
    [
        "SamplesPerPixel",
        "PhotometricInterpretation",
        "Rows",
        "Columns",
        "BitsAllocated",
        "BitsStored",
        "HighBit",
        "PixelRepresentation",
    ]
)
_OF_SCANNER: dict[str, Any] = {
    "Manufacturer": "GE MEDICAL SYSTEMS",
    "ManufacturerModelName": "Made Up 64",
    "StationName": "CT1",
    "BodyPartExamined": "THORAX",
    "ProtocolName": "Chest routine",
    "FrameOfReferenceUID": a_uid(5, 9),
    "ImageType": ["ORIGINAL", "PRIMARY", "AXIAL"],
    "PixelSpacing": [0.7, 0.7],
    "SliceThickness": 1.25,
    "KVP": 120,
    "AcquisitionDate": "20240131",
}


def files() -> dict[str, bytes]:
    """Return every object of the study by its name."""
    made = {
        f"series {series}/{number}": data
        for series, images in {
            1: _stack(1, [0, 2.5, 5, 7.5, 10]),
            2: _stack(2, [0, 2.5, 5, 10], ConvolutionKernel="LUNG", BodyPartExamined="CAP"),
            3: _stack(3, [0, 0.8, 1.6, 2.4], modality="MR", tilt=15, BodyPartExamined="BRAIN NECK"),
            4: _stack(4, [0, 1], ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"]),
            5: _stack(5, [3]),
            6: _twisted(6),
            7: _sagittal(7),
            8: _stack(8, [0, 1], ImageType=["DERIVED", "SECONDARY", "THICK MIP"]),
            9: _stack(9, [0, 10, 20.15, 30], BodyPartExamined="CHEST", AcquisitionDate="20240215"),
            10: _stretched(10),
        }.items()
        for number, data in enumerate(images)
    }
    others = [
        _dose_report(11, 1, [(1, 12.5, 420.0, None), (2, 60.5, 61.5, 33.1)]),
        _dose_report(11, 2, [(2, 60.5, 61.5, 33.1), (3, 5.0, 10.0, None)]),
        _dose_report(11, 3, [(4, 5, 50, None), (None, 6, 60, None), (None, 7, 70, None)], 16),
        _enhanced(12),
        _segmentation(13),
        _document(14),
        _shipped("rtstruct.dcm", 15),
        _shipped("waveform_ecg.dcm", 16),
        _shipped("reportsi.dcm", 17),
        _shipped("test-SR.dcm", 18),
    ]
    return {**made, **{f"other/{number}": data for number, data in enumerate(others)}}


def datasets() -> list[Dataset]:
    """Return what pydicom reads of each object."""
    return [dcmread(BytesIO(data)) for data in files().values()]


def _stack(series: int, heights: Sequence[float], tilt: float = 0, **changes: Any) -> list[bytes]:
    """Return slices along their normal, which is tilted about x; not in the order of heights."""
    turn = radians(tilt)
    orientation = [1, 0, 0, 0, round(cos(turn), 9), round(sin(turn), 9)]
    made = [
        _slice(
            series,
            instance,
            ImageOrientationPatient=orientation,
            ImagePositionPatient=[-100, round(-sin(turn) * z, 6) - 120, round(cos(turn) * z, 6)],
            Exposure=100 + instance,
            CTDIvol=round(8 + instance / 10, 1),
            **changes,
        )
        for instance, z in enumerate(heights, start=1)
    ]
    return made[::-1]


def _twisted(series: int) -> list[bytes]:
    """Return slices of which none fits the others."""
    differences: list[dict[str, Any]] = [
        {"ImagePositionPatient": [0, 0, 0]},
        {"ImagePositionPatient": [9, 0, 0], "PixelSpacing": [0.8, 0.8]},
        {"ImagePositionPatient": [0, 9, 4], "rows": 4},
        {"ImagePositionPatient": [0, 0, 5], "ImageOrientationPatient": [1, 0, 0, 0.5, 0.5, 0]},
    ]
    return [
        _slice(series, number, **({"ImageOrientationPatient": AXIAL} | difference))
        for number, difference in enumerate(differences, start=1)
    ]


def _sagittal(series: int) -> list[bytes]:
    """Return PET slices from the side, whose acquisition has no date of its own."""
    what = {"SOPClassUID": "1.2.840.10008.5.1.4.1.1.128", "modality": "PT", "CTDIvol": None}
    dated = {"AcquisitionDate": None, "SeriesDate": "20240301"}
    plane = {"ImageOrientationPatient": [0, 1, 0, 0, 0, -1]}
    return [
        _slice(series, x, ImagePositionPatient=[-x, -120, 80], **what, **dated, **plane)
        for x in (1, 2, 3)
    ]


def _stretched(series: int) -> list[bytes]:
    """Return slices whose cosines are too long, and of which one is narrower."""
    plane = {"ImageOrientationPatient": [1.02, 0, 0, 0, 1.02, 0]}
    return [
        _slice(series, z, ImagePositionPatient=[0, 0, z], columns=columns, **plane)
        for z, columns in enumerate((8, 8, 4), start=1)
    ]


def _slice(series: int, instance: int, **changes: Any) -> bytes:
    small = {"rows": 8, "columns": 8, "study": STUDY, "series": series, "instance": instance}
    return an_instance(**(small | _OF_SCANNER | changes))


def _dataset(series: int, instance: int, sop_class: str, modality: str, **changes: Any) -> Dataset:
    """Return a data set of the study that is no image."""
    what: dict[str, Any] = {"SOPClassUID": sop_class, "Modality": modality, **_NO_PIXELS, **changes}
    return a_dataset(study=STUDY, series=series, instance=instance, **what)


def _shipped(name: str, series: int) -> bytes:
    """Return one of pydicom's own files as part of the study."""
    path = get_testdata_file(name)
    data = dcmread(str(path), force=True)
    like = a_dataset(study=STUDY, series=series, instance=1)
    for keyword in ("SOPInstanceUID", "SeriesInstanceUID", "StudyInstanceUID", "PatientID"):
        setattr(data, keyword, like[keyword].value)
    for keyword in ("PatientName", "PatientBirthDate", "StudyDate", "AccessionNumber"):
        setattr(data, keyword, like[keyword].value)
    known = data.file_meta.get("TransferSyntaxUID") if hasattr(data, "file_meta") else None
    return written(data, known or IMPLICIT)


def _enhanced(series: int) -> bytes:
    data = a_dataset(study=STUDY, series=series, instance=1, rows=8, columns=8, frames=3)
    data.SOPClassUID = "1.2.840.10008.5.1.4.1.1.2.1"
    data.SharedFunctionalGroupsSequence = Items([Dataset()])
    data.PerFrameFunctionalGroupsSequence = Items([_at_height(z) for z in range(3)])
    data.PixelData = bytes(8 * 8 * 2 * 3)
    data["PixelData"].VR = "OW"
    return written(data)


def _at_height(z: int) -> Dataset:
    position, group = Dataset(), Dataset()
    position.ImagePositionPatient = [0, 0, z]
    group.PlanePositionSequence = Items([position])
    return group


def _segmentation(series: int) -> bytes:
    data = a_dataset(study=STUDY, series=series, instance=1, rows=8, columns=8)
    data.SOPClassUID, data.Modality = "1.2.840.10008.5.1.4.1.1.66.4", "SEG"
    data.BitsAllocated, data.BitsStored, data.HighBit = 1, 1, 0
    data.SegmentationType, data.NumberOfFrames = "BINARY", 1
    segment = Dataset()
    segment.SegmentNumber, segment.SegmentLabel = 1, "Nodule"
    segment.SegmentedPropertyTypeCodeSequence = Items([_code("27925004", "SCT", "Nodule")])
    data.SegmentSequence = Items([segment])
    data.PixelData = bytes(8)
    data["PixelData"].VR = "OB"
    return written(data)


def _document(series: int) -> bytes:
    data = _dataset(series, 1, "1.2.840.10008.5.1.4.1.1.104.1", "DOC", DocumentTitle="Made up")
    data.MIMETypeOfEncapsulatedDocument = "application/pdf"
    data.EncapsulatedDocument = b"%PDF-1.4 made up"
    return written(data)


def _dose_report(
    series: int,
    instance: int,
    events: Sequence[tuple[int | None, float, float, float | None]],
    comments: int = 0,
) -> bytes:
    """Return a CT dose report after TID 10011: events of TID 10013, comments behind the first."""
    first, *others = (_event(*event) for event in events)
    data = _dataset(series, instance, _DOSE_SR, "SR", Manufacturer="Dose Server", StationName="D1")
    data.ValueType, data.ConceptNameCodeSequence = "CONTAINER", Items([
        _code("113701", "DCM", "X-Ray Radiation Dose Report")
    ])  # fmt: skip
    data.ContentSequence = Items(
        [
            _text("HAS OBS CONTEXT", ("121012", "Device Observer UID"), "1.2.3", "UIDREF"),
            first,
            *[_text("CONTAINS", ("121106", "Comment"), "Made up")] * comments,
            *others,
            _local(_event(99, 999, 999, None)),
        ]
    )
    return written(data)


def _event(number: int | None, ctdi: float, dlp: float, ssde: float | None) -> Dataset:
    phantom = _item("HAS CONCEPT MOD", "CODE", ("113835", "CTDIw Phantom Type"))
    phantom.ConceptCodeSequence = Items([_code("113691", "DCM", "IEC Body Dosimetry Phantom")])
    amounts = [
        _amount(("113830", "Mean CTDIvol"), ctdi, "mGy", phantom),
        _amount(("113838", "DLP"), dlp, "mGy.cm"),
        _local(_amount(("113838", "DLP of its own kind"), 999, "mGy.cm")),
    ]
    if ssde is not None:
        amounts.append(_amount(("113930", "Size Specific Dose Estimation"), ssde, "mGy"))
    named = [] if number is None else [
        _text("CONTAINS", ("113769", "Irradiation Event UID"), a_uid(5, 8, number), "UIDREF")
    ]  # fmt: skip
    parameters = [
        _amount(("113825", "Scanning Length"), 100.5 + ctdi, "mm"),
        _amount(("113828", "Pitch Factor"), 0.75, "{ratio}"),
        *(
            _container(
                ("113831", "CT X-Ray Source Parameters"), _amount(("113733", "KVP"), kvp, "kV")
            )
            for kvp in (140, 80)
        ),
    ]
    device = _text("CONTAINS", ("113876", "Device Role in Procedure"), "Irradiating Device")
    device.ContentSequence = Items(
        [
            _text("HAS PROPERTIES", ("113878", "Device Manufacturer"), "SIEMENS"),
            _text("HAS PROPERTIES", ("113879", "Device Model Name"), "Made Up Force"),
        ]
    )
    return _container(
        ("113819", "CT Acquisition"),
        _text("CONTAINS", ("125203", "Acquisition Protocol"), "Head routine"),
        *named,
        _container(("113822", "CT Acquisition Parameters"), *parameters),
        _container(("113829", "CT Dose"), *amounts),
        device,
    )


def _local(item: Dataset) -> Dataset:
    """Return an item whose concept is of a scheme of its own, whatever its code is in DCM."""
    item.ConceptNameCodeSequence[0].CodingSchemeDesignator = "99LOCAL"
    return item


def _container(concept: tuple[str, str], *content: Dataset) -> Dataset:
    made = _item("CONTAINS", "CONTAINER", concept)
    made.ContentSequence = Items(content)
    return made


def _amount(concept: tuple[str, str], value: float, unit: str, *content: Dataset) -> Dataset:
    made, measured = _item("CONTAINS", "NUM", concept), Dataset()
    measured.NumericValue = value
    measured.MeasurementUnitsCodeSequence = Items([_code(unit, "UCUM", unit)])
    made.MeasuredValueSequence = Items([measured])
    if content:
        made.ContentSequence = Items(content)
    return made


def _text(relation: str, concept: tuple[str, str], value: str, kind: str = "TEXT") -> Dataset:
    made = _item(relation, kind, concept)
    if kind == "UIDREF":
        made.UID = value
    else:
        made.TextValue = value
    return made


def _item(relation: str, kind: str, concept: tuple[str, str]) -> Dataset:
    made = Dataset()
    made.RelationshipType, made.ValueType = relation, kind
    made.ConceptNameCodeSequence = Items([_code(concept[0], "DCM", concept[1])])
    return made


def _code(value: str, scheme: str, meaning: str) -> Dataset:
    made = Dataset()
    made.CodeValue, made.CodingSchemeDesignator, made.CodeMeaning = value, scheme, meaning
    return made
