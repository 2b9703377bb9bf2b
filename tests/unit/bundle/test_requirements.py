from pathlib import Path

import pytest

from infra.definition import load_pipeline
from infra.requirements import FRAMEWORK, HEADER, LOCK, ROOT, imported, read_lock, requirements

STAGES = list(load_pipeline().functions)


def _written(stage: str) -> str:
    return (ROOT / "functions" / stage / "requirements.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("stage", STAGES)
def test_every_line_is_the_lock_s(stage: str) -> None:
    pins = read_lock(LOCK.read_text(encoding="utf-8"))
    assert _written(stage).startswith(HEADER)
    for name, lines in read_lock(_written(stage).removeprefix(HEADER)).items():
        assert lines == pins[name]


@pytest.mark.parametrize("stage", STAGES)
def test_what_is_written_is_what_the_imports_need(stage: str) -> None:
    assert _written(stage) == requirements(stage)


@pytest.mark.parametrize("stage", STAGES)
def test_the_framework_stands_literally(stage: str) -> None:
    assert any(line.startswith(f"{FRAMEWORK}==") for line in _written(stage).splitlines())


def test_a_function_carries_only_what_it_imports() -> None:
    assert "google-cloud-bigquery-storage" in read_lock(_written("index"))
    assert "google-cloud-bigquery-storage" not in read_lock(_written("ingest"))
    assert "bqemulator" not in read_lock(_written("index"))


def test_imports_are_followed_through_own_modules(tmp_path: Path) -> None:
    for name, text in {
        "functions/ingest/main.py": "from shared.inner import thing\nimport json\n",
        "shared/inner.py": "def f():\n    import vendor.deep\n",
        "shared/__init__.py": "import parent_package\n",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    assert imported("ingest", tmp_path) == {"json", "vendor.deep", "parent_package"}


def test_a_lock_is_read_by_distribution() -> None:
    lock = (
        "Num_Py==1 ; python_version < '3.12' \\\n    --hash=a\nnum-py==2 \\\n    --hash=b\nx==3\n"
    )
    assert read_lock(lock) == {"num-py": lock[: lock.index("x==")], "x": "x==3\n"}


def test_the_locks_name_no_place() -> None:
    for path in ROOT.glob("*.lock"):
        text = path.read_text(encoding="utf-8")
        assert "://" not in text
        assert "--index" not in text
