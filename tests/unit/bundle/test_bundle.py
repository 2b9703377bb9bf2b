import os
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from infra.bundle import ROOT, BundleError, build, contents
from infra.definition import Function, load_pipeline

FUNCTIONS = load_pipeline().functions


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in ("main.py", "handler.py", "settings.py", "requirements.txt", "notes.md"):
        _write(tmp_path / "functions" / "ingest" / name, f"# {name}\n")
    _write(tmp_path / "functions" / "__init__.py", "")
    _write(tmp_path / "shared" / "errors.py", "ERRORS = 1\n")
    _write(tmp_path / "shared" / "dicom" / "table.json", "{}\n")
    _write(tmp_path / "shared" / "dicom" / "README.md", "no\n")
    _write(tmp_path / "shared" / "dicom" / "__pycache__" / "x.pyc", "no\n")
    _write(tmp_path / "infra" / "schemas" / "imaging.uploads.json", "{}\n")
    return tmp_path


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def _function(*, schemas: bool = False) -> Function:
    return replace(FUNCTIONS["ingest"], schemas=schemas)


def test_holds_the_entry_point_the_function_and_shared(root: Path) -> None:
    assert list(contents(_function(), root)) == [
        "functions/__init__.py",
        "functions/ingest/handler.py",
        "functions/ingest/settings.py",
        "main.py",
        "requirements.txt",
        "shared/dicom/table.json",
        "shared/errors.py",
    ]


def test_holds_the_schemas_when_asked(root: Path) -> None:
    added = set(contents(_function(schemas=True), root)) - set(contents(_function(), root))
    assert added == {"schemas/imaging.uploads.json"}


def test_equal_content_makes_equal_bytes(root: Path, tmp_path: Path) -> None:
    first = build(_function(), tmp_path / "a", root)
    for path in root.rglob("*.py"):
        os.utime(path, (1, 1))
        path.chmod(0o600)
    second = build(_function(), tmp_path / "b", root)
    assert first.sha256 == second.sha256
    assert first.path.read_bytes() == second.path.read_bytes()
    assert first.path.name == f"ingest-{first.sha256[:16]}.zip"


def test_other_content_makes_another_name_and_drops_the_old_zip(root: Path, tmp_path: Path) -> None:
    first = build(_function(), tmp_path / "a", root)
    _write(root / "shared" / "errors.py", "ERRORS = 2\n")
    second = build(_function(), tmp_path / "a", root)
    assert [path.name for path in (tmp_path / "a").iterdir()] == [second.path.name]
    assert first.sha256 != second.sha256


def test_members_carry_one_time_and_mode(root: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(build(_function(), tmp_path / "a", root).path) as archive:
        seen = {(i.date_time, i.external_attr >> 16, i.compress_type) for i in archive.infolist()}
    assert seen == {((1980, 1, 1, 0, 0, 0), 0o100644, zipfile.ZIP_STORED)}


def test_names_what_a_function_lacks(root: Path) -> None:
    (root / "functions" / "ingest" / "settings.py").unlink()
    (root / "functions" / "ingest" / "main.py").unlink()
    with pytest.raises(BundleError, match=r"functions/ingest lacks main\.py, settings\.py"):
        contents(_function(), root)


@pytest.mark.parametrize("stage", FUNCTIONS)
def test_every_function_of_the_definition_bundles(stage: str, tmp_path: Path) -> None:
    bundle = build(FUNCTIONS[stage], tmp_path, ROOT)
    with zipfile.ZipFile(bundle.path) as archive:
        assert {"main.py", "requirements.txt", f"functions/{stage}/handler.py"} <= set(
            archive.namelist()
        )
        assert archive.testzip() is None
