"""The demo's files: everything pydicom ships, and made ones that reach every outcome.

The identities are made up, and the same call makes the same bytes.
"""

import hashlib
import io
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import pydicom.data
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filewriter import dcmwrite
from pydicom.sequence import Sequence
from pydicom.uid import (
    UID,
    CTImageStorage,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRLittleEndian,
)

from infra.local.drop import Upload

HOSPITAL, CLINIC = "demo-hospital", "demo-clinic"
# The instance whose header the demo shows before and after.
SHOWN = f"{HOSPITAL}/made/ct/IM0001"

_CODE_FILES = {".py", ".pyc", ".json"}
_ROWS = 32
_SLICES = 4
_BOMB_BYTES = 16 << 20


def sample_set() -> list[Upload]:
    """Every sample under its name in the inbox."""
    return [*shipped(), *made()]


def shipped() -> Iterator[Upload]:
    """What pydicom ships: test files as the hospital, character sets and palettes as the clinic."""
    root = Path(pydicom.data.__file__).parent
    for path in sorted(item for item in root.rglob("*") if item.is_file()):
        if path.suffix not in _CODE_FILES:
            name = path.relative_to(root).as_posix()
            facility = HOSPITAL if name.startswith("test_files/") else CLINIC
            yield Upload(name=f"{facility}/pydicom/{name}", content=path)


def made() -> Iterator[Upload]:
    """Made files: a study that passes, and one reason after the other why a file does not."""
    slices = [encoded(ct_slice(number)) for number in range(1, _SLICES + 1)]
    for number, content in enumerate(slices, 1):
        yield Upload(name=f"{HOSPITAL}/made/ct/IM{number:04}", content=content)
    yield Upload(name=f"{HOSPITAL}/made/again/copy-of-IM0001.dcm", content=slices[0])
    yield Upload(name=f"{HOSPITAL}/made/again/IM0002-corrected", content=encoded(corrected(2)))
    for name, content in _oddities(slices[0]):
        yield Upload(name=f"{CLINIC}/made/{name}", content=content)


def _oddities(sound: bytes) -> Iterator[tuple[str, bytes]]:
    yield "incoming/", b""
    yield "tmp/parallel_composite_uploads/part-0001", sound[:1000]
    yield "report.pdf", b"%PDF-1.7\n% a report that came along\n"
    yield "empty.dcm", b""
    yield "cut-off.dcm", sound[: len(sound) // 2]
    yield "nested-too-deep", encoded(nested(100))
    yield "bomb.dcm", bomb()
    yield "without-study", encoded(without_study())
    yield "disc.zip", zipped(_disc())


def _disc() -> dict[str, bytes]:
    images = {f"DICOM/IM{number:04}": encoded(ct_slice(number)) for number in (95, 96)}
    return {**images, "DICOM/CUT-OFF": images["DICOM/IM0095"][:-100], "VIEWER.TXT": b"Read me."}


def ct_slice(number: int) -> Dataset:
    """One slice of a made CT study with identities in every corner."""
    dataset = Dataset()
    dataset.SOPClassUID = CTImageStorage
    dataset.SOPInstanceUID = uid("ct", str(number))
    dataset.StudyInstanceUID = uid("study")
    dataset.SeriesInstanceUID = uid("series")
    dataset.FrameOfReferenceUID = uid("frame")
    _identify(dataset)
    _describe(dataset, number)
    _add_pixels(dataset, number)
    return dataset


def corrected(number: int) -> Dataset:
    """The same instance with another value: the same identity, other bytes."""
    dataset = ct_slice(number)
    dataset.StudyDescription = "CT CHEST, corrected"
    return dataset


def without_study() -> Dataset:
    """An image that does not say which study it belongs to."""
    dataset = ct_slice(90)
    del dataset.StudyInstanceUID
    return dataset


def nested(depth: int) -> Dataset:
    """Sequences within sequences."""
    inner = Dataset()
    inner.CodeValue = "x"
    for _ in range(depth):
        outer = Dataset()
        outer.ConceptCodeSequence = Sequence([inner])
        inner = outer
    dataset = ct_slice(91)
    dataset.ContentSequence = Sequence([inner])
    return dataset


def bomb() -> bytes:
    """A deflated object of some kilobytes whose header claims to be 16 MiB of text."""
    small = encoded(ct_slice(92), DeflatedExplicitVRLittleEndian)
    meta_end = 144 + int.from_bytes(small[140:144], "little")
    comments = b"\x10\x00\x00\x40UT\x00\x00" + _BOMB_BYTES.to_bytes(4, "little")
    squeezer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    body = squeezer.compress(comments + b" " * _BOMB_BYTES) + squeezer.flush()
    return small[:meta_end] + body


def zipped(members: dict[str, bytes]) -> bytes:
    """A zip archive, as discs arrive."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content)
    return buffer.getvalue()


def encoded(dataset: Dataset, transfer_syntax: UID = ExplicitVRLittleEndian) -> bytes:
    """The bytes of a DICOM file."""
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = transfer_syntax
    meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    meta.SourceApplicationEntityTitle = "CT01_HILLVIEW"
    dataset.file_meta = meta
    buffer = io.BytesIO()
    dcmwrite(buffer, dataset, enforce_file_format=True)
    return buffer.getvalue()


def uid(*parts: str) -> str:
    """A UID made from names (PS3.5 B.2)."""
    digest = hashlib.sha256("/".join(("inlet-demo", *parts)).encode()).digest()
    return f"2.25.{int.from_bytes(digest[:15], 'big')}"


def _identify(dataset: Dataset) -> None:
    dataset.PatientName = "Rivera^Ana^Lucia"
    dataset.PatientID = "MRN-0042117"
    dataset.PatientBirthDate = "19610504"
    dataset.PatientSex = "F"
    dataset.PatientAge = "065Y"
    dataset.PatientComments = "Call daughter Sofia, 555-0142"
    dataset.AccessionNumber = "A2026-1187"
    dataset.InstitutionName = "Hillview General"
    dataset.ReferringPhysicianName = "Okafor^Daniel"
    dataset.StationName = "HVCT01"
    request = Dataset()
    request.RequestingPhysician = "Okafor^Daniel"
    request.RequestedProcedureDescription = "Chest CT for Ana Rivera"
    request.RequestedProcedureID = "RP-118"
    dataset.RequestAttributesSequence = Sequence([request])
    private = dataset.private_block(0x0029, "HILLVIEW PACS", create=True)
    private.add_new(0x01, "LO", "rivera.ana@example.org")


def _describe(dataset: Dataset, number: int) -> None:
    dataset.Modality = "CT"
    dataset.Manufacturer = "Example Imaging"
    dataset.StudyDate = dataset.SeriesDate = dataset.AcquisitionDate = "20261109"
    dataset.StudyTime = dataset.SeriesTime = dataset.AcquisitionTime = "101500"
    dataset.StudyID = "S1187"
    dataset.StudyDescription = "CT CHEST"
    dataset.SeriesDescription = "Axial 5 mm"
    dataset.SeriesNumber, dataset.AcquisitionNumber, dataset.InstanceNumber = 2, 1, number
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    dataset.BurnedInAnnotation = "NO"
    dataset.BodyPartExamined = "CHEST"
    dataset.PatientPosition = "HFS"
    dataset.PositionReferenceIndicator = ""
    dataset.KVP = "120"
    dataset.SliceThickness = "5"
    dataset.PixelSpacing = ["0.7", "0.7"]
    dataset.ImageOrientationPatient = ["1", "0", "0", "0", "1", "0"]
    dataset.ImagePositionPatient = ["-11.2", "-11.2", str(-5 * number)]


def _add_pixels(dataset: Dataset, number: int) -> None:
    dataset.Rows = dataset.Columns = _ROWS
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, 12, 11
    dataset.PixelRepresentation = 0
    dataset.RescaleIntercept, dataset.RescaleSlope = "-1024", "1"
    values = ((row * column + number) % 4096 for row in range(_ROWS) for column in range(_ROWS))
    dataset.PixelData = b"".join(value.to_bytes(2, "little") for value in values)
