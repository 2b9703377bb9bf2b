"""Made-up CT instances like a scanner's: about 250 elements, two thirds of them private."""

from __future__ import annotations

from itertools import cycle
from struct import pack
from typing import Any, Final

from pydicom.dataset import Dataset

from tests.builders import a_dataset, written

ROWS: Final = 512
COLUMNS: Final = 512
FRAME: Final = bytes(range(256)) * (ROWS * COLUMNS * 2 // 256)  # 16 bits a pixel

_STANDARD: Final[dict[str, Any]] = {
    "SpecificCharacterSet": "ISO_IR 100",
    "ImageType": ["ORIGINAL", "PRIMARY", "AXIAL"],
    "InstanceCreationDate": "20240131",
    "InstanceCreationTime": "081602",
    "SeriesDate": "20240131",
    "AcquisitionDate": "20240131",
    "ContentDate": "20240131",
    "SeriesTime": "081544",
    "AcquisitionTime": "081559",
    "ContentTime": "081600",
    "TimezoneOffsetFromUTC": "+0100",
    "InstitutionName": "Made Up Hospital",
    "StationName": "CT01",
    "SeriesDescription": "Thorax 5.0",
    "ManufacturerModelName": "Slicer 64",
    "PatientAge": "054Y",
    "PatientWeight": "72.5",
    "PatientComments": "made up",
    "AdditionalPatientHistory": "made up",
    "ContrastBolusAgent": "none",
    "BodyPartExamined": "CHEST",
    "ScanOptions": "HELICAL MODE",
    "SliceThickness": "5.0",
    "KVP": "120",
    "SpacingBetweenSlices": "5.0",
    "DataCollectionDiameter": "500",
    "DeviceSerialNumber": "4711",
    "SoftwareVersions": "07MW18.4",
    "ProtocolName": "Thorax routine",
    "ReconstructionDiameter": "360",
    "DistanceSourceToDetector": "1099.31",
    "DistanceSourceToPatient": "630",
    "GantryDetectorTilt": "0",
    "TableHeight": "133.7",
    "RotationDirection": "CW",
    "ExposureTime": "800",
    "XRayTubeCurrent": "170",
    "Exposure": "136",
    "FilterType": "BODY FILTER",
    "GeneratorPower": "20400",
    "FocalSpots": ["0.7"],
    "ConvolutionKernel": "STANDARD",
    "PatientPosition": "FFS",
    "AcquisitionNumber": "1",
    "ImageOrientationPatient": [1, 0, 0, 0, 1, 0],
    "PositionReferenceIndicator": "SN",
    "PixelSpacing": [0.703125, 0.703125],
    "PixelPaddingValue": 63536,
    "RescaleIntercept": "-1024",
    "RescaleSlope": "1",
    "RescaleType": "HU",
    "WindowCenter": ["40", "400"],
    "WindowWidth": ["400", "2000"],
}
_PRIVATE: Final = {0x0009: 10, 0x0019: 56, 0x0021: 14, 0x0023: 4, 0x0025: 9, 0x0027: 30, 0x0043: 40}
_PRIVATE_VALUES: Final = [
    ("SS", 17),
    ("DS", "912.000000"),
    ("SL", 4711),
    ("SH", "made up"),
    ("FL", 0.703125),
    ("LO", "made up by nobody"),
    ("DS", ["1.5", "-3.25", "0"]),
]


def a_header(number: int, frames: int = 1) -> bytes:
    """Return everything before the pixel values of a CT of its own identity, `frames` long."""
    data = a_dataset(
        study=number // 500 + 1,
        series=number // 100 + 1,
        instance=number + 1,
        rows=ROWS,
        columns=COLUMNS,
        frames=frames,
        ImagePositionPatient=["-180.0", "-180.0", f"{number * 5}.0"],
        SliceLocation=f"{number * 5}.0",
        FrameOfReferenceUID="1.3.6.1.4.1.99999.7.1.1.0",
        **_STANDARD,
    )
    _add_private(data)
    return written(data) + pack("<HH2sHI", 0x7FE0, 0x0010, b"OW", 0, frames * len(FRAME))


def _add_private(data: Dataset) -> None:
    values = cycle(_PRIVATE_VALUES)
    for group, count in _PRIVATE.items():
        block = data.private_block(group, f"MADE UP {group:04X}", create=True)
        for offset in range(count):
            block.add_new(offset, *next(values))
