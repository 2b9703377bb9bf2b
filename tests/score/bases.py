"""Objects into which identities are planted: made ones, and real ones where a corpus is laid."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pydicom
from pydicom.dataset import Dataset

from tests.builders import (
    BIG_ENDIAN,
    EXPLICIT,
    IMPLICIT,
    JPEG_BASELINE,
    RLE,
    a_uid,
    an_instance,
)
from tests.score.leaks import read, texts
from tests.score.pixels import Array

_REPOSITORY: Final = Path(__file__).parents[2]
CORPUS: Final = Path(os.environ.get("INLET_CORPUS") or _REPOSITORY.parent / "shared" / "corpus")
SHIPPED: Final = Path(pydicom.__file__).parent / "data"
_NO_DICOM: Final = frozenset({".py", ".pyc", ".json", ".jsonl", ".md", ".txt"})
_LARGEST: Final = 4_000_000
MODALITIES: Final = ("CT", "MR", "PT", "CR")
SYNTAXES: Final = (EXPLICIT, IMPLICIT, BIG_ENDIAN, JPEG_BASELINE, RLE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """An object as it was, and who is who: files of one patient get one made-up patient."""

    name: str
    patient: str
    data: bytes

    def dataset(self) -> Dataset:
        """The data set, to be changed."""
        return read(self.data)


def real_paths(*folders: Path) -> Iterator[Path]:
    """Every file of the folders that may be DICOM, the same in every run."""
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and path.suffix not in _NO_DICOM:
                yield path


def made_base(number: int, modality: str = "CT", syntax: str = EXPLICIT) -> Base:
    """A made-up object; it says that nothing is burned into its pixels."""
    data = an_instance(
        modality=modality,
        transfer_syntax=syntax,
        patient=9000 + number,
        BurnedInAnnotation="NO",
        KVP="120",
        SliceThickness="2.5",
        BodyPartExamined="CHEST",
        ImageType=["ORIGINAL", "PRIMARY", "AXIAL"],
        PixelSpacing=["0.7", "0.7"],
        ImagePositionPatient=["-120.5", "-99", "340"],
        ImageOrientationPatient=["1", "0", "0", "0", "1", "0"],
        FrameOfReferenceUID=a_uid(9000 + number, 99),
        RescaleIntercept="-1024",
        RescaleSlope="1",
        RescaleType="HU",
    )
    return Base(name=f"made {modality} {number}", patient=f"made {number}", data=data)


def made_bases(count: int) -> list[Base]:
    """Made-up objects of all modalities and transfer syntaxes in turn."""
    return [
        made_base(number, MODALITIES[number % len(MODALITIES)], SYNTAXES[number % len(SYNTAXES)])
        for number in range(count)
    ]


def real_bases() -> Iterator[Base]:
    """Objects of the corpus and of those that pydicom ships which pydicom reads and can write."""
    for path in real_paths(*(folder for folder in (CORPUS, SHIPPED) if folder.is_dir())):
        if path.stat().st_size > _LARGEST:
            continue
        data = path.read_bytes()
        patient = _patient(data)
        if patient is not None:
            yield Base(name=path.name, patient=patient, data=data)


def _patient(data: bytes) -> str | None:
    """Whose object it is, None where it cannot be rewritten as it is."""
    try:
        dataset = read(data)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            whole = all(
                dataset.get(keyword)
                for keyword in ("SOPClassUID", "SOPInstanceUID", "StudyInstanceUID")
            )
            syntax = dataset.file_meta.TransferSyntaxUID
            list(texts(dataset))
    except (AttributeError, KeyError, ValueError, TypeError, EOFError, NotImplementedError):
        return None
    if not whole or not syntax.is_transfer_syntax:
        return None
    return f"{dataset.get('PatientID')}|{dataset.get('PatientName')}"


def replace_pixels(dataset: Dataset, frame: Array) -> None:
    """Put a first frame in place of the data set's own."""
    rest = dataset.PixelData[frame.nbytes :]
    dataset.PixelData = frame.tobytes() + rest
