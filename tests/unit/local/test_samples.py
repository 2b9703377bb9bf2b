"""The sample set reaches every outcome that the first form of the pipeline knows."""

from pathlib import Path

import pydicom.data
import pytest

from infra.local.drop import Upload, uploads_of
from infra.local.overrides import load_profile
from infra.local.samples import SHOWN, made, sample_set, shipped
from shared.contracts import layout
from shared.contracts.objects import ObjectVersion
from shared.dicom.inspection import InspectionKind, inspect
from shared.dicom.source import BytesSource
from shared.errors import PermanentError


def _bytes(upload: Upload) -> bytes:
    return upload.content if isinstance(upload.content, bytes) else upload.content.read_bytes()


def _verdict(upload: Upload) -> str:
    try:
        return inspect(BytesSource(_bytes(upload))).kind.value
    except PermanentError as error:
        return error.reason


MADE = {upload.name: upload for upload in made()}


def test_the_same_call_makes_the_same_bytes() -> None:
    assert {name: _bytes(upload) for name, upload in MADE.items()} == {
        upload.name: _bytes(upload) for upload in made()
    }


def test_names_are_unique_and_belong_to_known_facilities() -> None:
    names = [upload.name for upload in sample_set()]
    assert len(names) == len(set(names))
    assert {name.split("/")[0] for name in names} <= set(load_profile().data["facilities"])


def test_every_file_that_pydicom_ships_is_dropped() -> None:
    root = Path(pydicom.data.__file__).parent
    found = {path for path in root.rglob("*") if path.suffix in {".dcm", ".txt", ".md", ".zip"}}
    assert found <= {upload.content for upload in shipped()}


@pytest.mark.parametrize(
    ("name", "verdict"),
    [
        ("demo-hospital/made/ct/IM0001", "instance"),
        ("demo-clinic/made/report.pdf", "not-dicom"),
        ("demo-clinic/made/empty.dcm", "empty-object"),
        ("demo-clinic/made/cut-off.dcm", "truncated"),
        ("demo-clinic/made/nested-too-deep", "nesting-too-deep"),
        ("demo-clinic/made/bomb.dcm", "inflation-ratio-too-high"),
        ("demo-clinic/made/without-study", "missing-study-instance-uid"),
        ("demo-clinic/made/disc.zip", "container-not-supported"),
    ],
)
def test_made_files_are_what_they_are_made_for(name: str, verdict: str) -> None:
    assert _verdict(MADE[name]) == verdict


def test_one_is_a_duplicate_and_one_a_conflict() -> None:
    first, copy = MADE[SHOWN], MADE["demo-hospital/made/again/copy-of-IM0001.dcm"]
    assert _bytes(first) == _bytes(copy)
    second = MADE["demo-hospital/made/ct/IM0002"]
    corrected = MADE["demo-hospital/made/again/IM0002-corrected"]
    identities = [inspect(BytesSource(_bytes(item))).identity for item in (second, corrected)]
    assert identities[0] == identities[1]
    assert _bytes(second) != _bytes(corrected)


def test_some_are_ignored_by_their_names_and_a_directory_by_its_content() -> None:
    part = "demo-clinic/made/tmp/parallel_composite_uploads/part-0001"
    assert layout.is_upload_part(ObjectVersion(bucket="inbox", name=part, generation=1))
    assert _bytes(MADE["demo-clinic/made/incoming/"]) == b""
    directories = [item for item in shipped() if item.name.endswith("/DICOMDIR")]
    assert {_verdict(item) for item in directories} == {InspectionKind.DIRECTORY.value}


def test_a_folder_is_dropped_under_names_relative_to_it(tmp_path: Path) -> None:
    for name in ("b", "a/ü x", "a/c.dcm"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert [upload.name for upload in uploads_of(tmp_path, "f")] == ["f/a/c.dcm", "f/a/ü x", "f/b"]
    assert [upload.name for upload in uploads_of(tmp_path / "b", "f")] == ["f/b"]
