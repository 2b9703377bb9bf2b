"""Made-up DICOM objects for tests: valid ones by pydicom, broken ones by hand."""

from __future__ import annotations

import zlib
from io import BytesIO
from struct import pack
from typing import Any, Final

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import UID

IMPLICIT: Final = "1.2.840.10008.1.2"
EXPLICIT: Final = "1.2.840.10008.1.2.1"
DEFLATED: Final = "1.2.840.10008.1.2.1.99"
BIG_ENDIAN: Final = "1.2.840.10008.1.2.2"
JPEG_BASELINE: Final = "1.2.840.10008.1.2.4.50"
RLE: Final = "1.2.840.10008.1.2.5"
NATIVE: Final = frozenset({IMPLICIT, EXPLICIT, DEFLATED, BIG_ENDIAN})

UID_ROOT: Final = "1.3.6.1.4.1.99999.7"
IMPLEMENTATION: Final = f"{UID_ROOT}.0"
SOP_CLASSES: Final = {
    "CT": "1.2.840.10008.5.1.4.1.1.2",
    "MR": "1.2.840.10008.5.1.4.1.1.4",
    "US": "1.2.840.10008.5.1.4.1.1.6.1",
    "CR": "1.2.840.10008.5.1.4.1.1.1",
    "PT": "1.2.840.10008.5.1.4.1.1.128",
    "OT": "1.2.840.10008.5.1.4.1.1.7",
}
UNDEFINED: Final = 0xFFFFFFFF
ITEM: Final = b"\xfe\xff\x00\xe0"
ITEM_END: Final = b"\xfe\xff\x0d\xe0\x00\x00\x00\x00"
SEQUENCE_END: Final = b"\xfe\xff\xdd\xe0\x00\x00\x00\x00"
LONG_VRS: Final = frozenset(
    {"OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV", "UC", "UN", "UR", "UT", "UV"}
)


def a_uid(*path: int) -> str:
    """Return a made-up UID that the same numbers always give."""
    return ".".join([UID_ROOT, *map(str, path)])


def a_dataset(
    *,
    modality: str = "CT",
    patient: int = 1,
    study: int = 1,
    series: int = 1,
    instance: int = 1,
    rows: int = 64,
    columns: int = 64,
    frames: int = 1,
    **attributes: Any,
) -> Dataset:
    """Return a small image's data set; an attribute of None is left out."""
    data = Dataset()
    data.SOPClassUID = SOP_CLASSES.get(modality, SOP_CLASSES["OT"])
    data.SOPInstanceUID = a_uid(patient, study, series, instance)
    data.StudyInstanceUID = a_uid(patient, study)
    data.SeriesInstanceUID = a_uid(patient, study, series)
    data.StudyDate, data.StudyTime = "20240131", "081530"
    data.AccessionNumber = f"ACC{patient:03d}{study:02d}"
    data.Modality = modality
    data.Manufacturer = "Made Up Devices"
    data.ReferringPhysicianName = "Referrer^Rita"
    data.StudyDescription = f"Study {study}"
    data.PatientName = f"Sample^Person{patient}"
    data.PatientID = f"PID{patient:05d}"
    data.PatientBirthDate, data.PatientSex = "19700102", "O"
    data.StudyID, data.SeriesNumber, data.InstanceNumber = str(study), series, instance
    data.SamplesPerPixel, data.PhotometricInterpretation = 1, "MONOCHROME2"
    data.Rows, data.Columns = rows, columns
    data.BitsAllocated, data.BitsStored, data.HighBit, data.PixelRepresentation = 16, 12, 11, 0
    if frames != 1:
        data.NumberOfFrames = frames
    for keyword, value in attributes.items():
        if value is not None:
            setattr(data, keyword, value)
        elif keyword in data:
            delattr(data, keyword)
    return data


def an_instance(
    *, transfer_syntax: str = EXPLICIT, rows: int = 64, columns: int = 64, frames: int = 1,
    **attributes: Any,
) -> bytes:  # fmt: skip
    """Return a whole Part 10 object with pixel data; see `a_dataset` for what can be chosen."""
    data = a_dataset(rows=rows, columns=columns, frames=frames, **attributes)
    frame = bytes(range(256)) * (rows * columns * 2 // 256 + 1)
    frame = frame[: rows * columns * 2]
    if transfer_syntax in NATIVE:
        data.PixelData = frame * frames
    else:
        data.PixelData = encapsulate([b"\xff\xd8" + frame[:62] for _ in range(frames)])
    data["PixelData"].VR = "OW" if transfer_syntax in NATIVE else "OB"
    data["PixelData"].is_undefined_length = transfer_syntax not in NATIVE
    return written(data, transfer_syntax)


def written(data: Dataset, transfer_syntax: str = EXPLICIT) -> bytes:
    """Return a data set as a Part 10 object."""
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = UID(transfer_syntax)
    data.file_meta.MediaStorageSOPClassUID = data.get("SOPClassUID", SOP_CLASSES["OT"])
    data.file_meta.MediaStorageSOPInstanceUID = data.get("SOPInstanceUID", a_uid(9))
    data.file_meta.ImplementationClassUID = UID(IMPLEMENTATION)
    buffer = BytesIO()
    data.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def without_preamble(data: bytes) -> bytes:
    """Return a Part 10 object that starts with its file meta."""
    return data[132:]


def without_file_meta(data: bytes) -> bytes:
    """Return the bare data set of a Part 10 object."""
    return data[144 + int.from_bytes(data[140:144], "little") :]


def truncated(data: bytes, by: int = 100) -> bytes:
    """Return an object whose transfer broke off."""
    return data[:-by]


def with_preamble(data: bytes, start: bytes) -> bytes:
    """Return a Part 10 object whose preamble starts with some bytes."""
    return start.ljust(128, b"\x00") + data[128:]


def a_palette() -> bytes:
    """Return a non-patient object (PS3.4 Annex GG)."""
    data = Dataset()
    data.SOPClassUID, data.SOPInstanceUID = "1.2.840.10008.5.1.4.39.1", a_uid(0, 39)
    data.ContentLabel, data.ContentCreatorName = "MADE_UP", "Maker^Mia"
    return written(data)


def a_directory() -> bytes:
    """Return a DICOMDIR without records."""
    data = Dataset()
    data.SOPClassUID, data.SOPInstanceUID = "1.2.840.10008.1.3.10", a_uid(0, 10)
    whole = written(data)
    records = element(0x00041130, "CS", b"MADE_UP ") + element(0x00041220, "SQ", b"")
    return whole[: 144 + int.from_bytes(whole[140:144], "little")] + records


def element(tag: int, vr: str, value: bytes, length: int | None = None) -> bytes:
    """Return an explicit little endian element; `length` may lie."""
    head = pack("<HH", tag >> 16, tag & 0xFFFF) + vr.encode("ascii")
    size = len(value) if length is None else length
    return head + (pack("<HL", 0, size) if vr in LONG_VRS else pack("<H", size)) + value


def implicit_element(tag: int, value: bytes, length: int | None = None) -> bytes:
    """Return an implicit little endian element; `length` may lie."""
    size = len(value) if length is None else length
    return pack("<HHL", tag >> 16, tag & 0xFFFF, size) + value


def item(content: bytes = b"", *, undefined: bool = False) -> bytes:
    """Return one item."""
    if undefined:
        return ITEM + pack("<L", UNDEFINED) + content + ITEM_END
    return ITEM + pack("<L", len(content)) + content


def sequence(tag: int, *items: bytes, undefined: bool = False, vr: str = "SQ") -> bytes:
    """Return a sequence in explicit little endian."""
    content = b"".join(items)
    if undefined:
        return element(tag, vr, content + SEQUENCE_END, UNDEFINED)
    return element(tag, vr, content)


def part10(dataset: bytes, transfer_syntax: str = EXPLICIT, *, preamble: bytes = b"") -> bytes:
    """Return hand-made data set bytes behind a preamble and a file meta."""
    uid = transfer_syntax.encode("ascii")
    meta = b"".join(
        [
            element(0x00020001, "OB", b"\x00\x01"),
            element(0x00020002, "UI", padded(SOP_CLASSES["OT"])),
            element(0x00020003, "UI", padded(a_uid(8))),
            element(0x00020010, "UI", uid + b"\x00" * (len(uid) % 2)),
            element(0x00020012, "UI", padded(IMPLEMENTATION)),
        ]
    )
    group_length = element(0x00020000, "UL", pack("<L", len(meta)))
    return preamble.ljust(128, b"\x00") + b"DICM" + group_length + meta + dataset


def identity_elements() -> bytes:
    """Return the elements that make a hand-made data set identifiable."""
    return element(0x00080016, "UI", padded(SOP_CLASSES["OT"])) + element(
        0x00080018, "UI", padded(a_uid(8))
    )


def study_elements() -> bytes:
    """Return the elements that place a hand-made data set in a study."""
    return element(0x0020000D, "UI", padded(a_uid(8, 1))) + element(
        0x0020000E, "UI", padded(a_uid(8, 1, 1))
    )


def padded(text: str) -> bytes:
    """Return a UID of even length."""
    data = text.encode("ascii")
    return data + b"\x00" * (len(data) % 2)


def deflated(dataset: bytes) -> bytes:
    """Return data set bytes as the deflated transfer syntax has them (PS3.5 Section A.5)."""
    compressor = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return compressor.compress(dataset) + compressor.flush()
