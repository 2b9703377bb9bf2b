"""Objects with planted identities, made with pydicom, and what becomes of them."""

from __future__ import annotations

import io
import struct
from collections import deque
from dataclasses import replace
from typing import Any

import pydicom
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.filewriter import dcmwrite
from pydicom.uid import (
    UID,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from shared.dicom.deidentification import (
    BASIC,
    LIMITS,
    Deidentified,
    Held,
    HeldError,
    Profile,
    PseudonymKey,
    deidentify,
)
from shared.dicom.elements import Extent, Header, RawElement
from shared.dicom.reader import read_header
from shared.dicom.source import BytesSource

SYNTAXES = [ExplicitVRLittleEndian, ImplicitVRLittleEndian, ExplicitVRBigEndian]
NEEDLES = (b"quorra", b"zyxel", b"qx-778812", b"778812", b"acc55501", b"19510623", b"20210317")
KEY = PseudonymKey(b"a secret that is long enough", "project-one")
CT_IMAGE = "1.2.840.10008.5.1.4.1.1.2"
STUDY, SERIES, INSTANCE = "1.2.3.4.77.1", "1.2.3.4.77.2", "1.2.3.4.77.3"
NOWHERE = Extent(0, 0)


def an_image(**attributes: Any) -> Dataset:
    """A 4 x 4 CT with the attributes in addition to, or in place of, its own."""
    image = Dataset()
    image.SOPClassUID, image.SOPInstanceUID = CT_IMAGE, INSTANCE
    image.StudyInstanceUID, image.SeriesInstanceUID = STUDY, SERIES
    image.Modality, image.Manufacturer = "CT", "ACME"
    image.PatientName, image.PatientID = "Quorra^Zyxel", "QX-778812"
    image.PatientBirthDate, image.PatientSex = "19510623", "F"
    image.StudyDate, image.StudyTime, image.AccessionNumber = "20210317", "101112", "ACC55501"
    image.StudyID, image.SeriesNumber, image.InstanceNumber = "1", "1", "1"
    image.Rows = image.Columns = 4
    image.SamplesPerPixel, image.PhotometricInterpretation = 1, "MONOCHROME2"
    image.BitsAllocated = image.BitsStored = 16
    image.HighBit, image.PixelRepresentation = 15, 0
    image.PixelData = bytes(range(32))
    for keyword, value in attributes.items():
        setattr(image, keyword, value)
    return image


def as_file(
    dataset: Dataset,
    syntax: str = ExplicitVRLittleEndian,
    *,
    preamble: bytes = bytes(128),
    trailing: bytes = b"",
    **meta: Any,
) -> bytes:
    """The object as a file, File Meta Information included."""
    file_meta = FileMetaDataset()
    file_meta.MediaStorageSOPClassUID = dataset.get("SOPClassUID", "")
    file_meta.MediaStorageSOPInstanceUID = dataset.get("SOPInstanceUID", "")
    file_meta.TransferSyntaxUID = UID(syntax)
    for keyword, value in meta.items():
        setattr(file_meta, keyword, value)
    buffer = io.BytesIO()
    file = FileDataset("", dataset, file_meta=file_meta, preamble=preamble)
    dcmwrite(buffer, file, enforce_file_format=True)
    return buffer.getvalue() + trailing


def result_of(
    data: bytes, key: PseudonymKey = KEY, profile: Profile = BASIC
) -> Deidentified | Held:
    """What becomes of the file."""
    source = BytesSource(data)
    result = deidentify(read_header(source, LIMITS), key, source, profile=profile)
    if isinstance(result, Deidentified):
        try:
            deque(result.pieces(source), maxlen=0)
        except HeldError as error:
            return Held(reason=error.held_for, residue=error.residue)
    return result


def copy_under(profile: Profile, data: bytes) -> bytes:
    """The bytes of the copy that a profile makes."""
    return copy_of(data, KEY, profile)


def copy_of(data: bytes, key: PseudonymKey = KEY, profile: Profile = BASIC) -> bytes:
    """The bytes of the de-identified copy."""
    result = result_of(data, key, profile)
    assert isinstance(result, Deidentified), result
    return b"".join(result.pieces(BytesSource(data)))


def header_of(dataset: Dataset, syntax: str = ExplicitVRLittleEndian) -> Header:
    """The header of the object as a file."""
    return read_header(BytesSource(as_file(dataset, syntax)), LIMITS)


def with_element(header: Header, *elements: RawElement) -> Header:
    """The header with the elements in place of those with the same tags."""
    tags = {element.tag for element in elements}
    others = (element for element in header.dataset if element.tag not in tags)
    return replace(header, dataset=tuple(sorted((*others, *elements), key=lambda e: e.tag)))


def element(tag: int, vr: str, value: bytes) -> RawElement:
    """An element that stands in no source."""
    return RawElement(tag, vr, NOWHERE, value)


def explicit(tag: int, vr: str, value: bytes) -> bytes:
    """An element in Explicit VR Little Endian."""
    value += b"\x00" * (len(value) & 1)
    head = struct.pack("<HH2s", tag >> 16, tag & 0xFFFF, vr.encode())
    if vr in {"OB", "OW", "UN", "UT", "SQ"}:
        return head + struct.pack("<HL", 0, len(value)) + value
    return head + struct.pack("<H", len(value)) + value


def read(data: bytes) -> Dataset:
    return pydicom.dcmread(io.BytesIO(data))


def assert_clean(copy: bytes, *needles: bytes) -> None:
    lowered = copy.lower()
    assert [needle for needle in (*NEEDLES, *needles) if needle in lowered] == []


def an_item(**attributes: Any) -> Dataset:
    item = Dataset()
    for keyword, value in attributes.items():
        setattr(item, keyword, value)
    return item
