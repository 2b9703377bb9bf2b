import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from functions.ingest import turns
from infra.definition import load_pipeline
from infra.docs import ROOT, read_variables

STAGES = list(load_pipeline().functions)
MAX_ENTRY_POINT_LINES = 40
TOP_LEVEL = {
    "CHANGELOG.md",
    "LICENSE",
    "Makefile",
    "README.md",
    "functions",
    "infra",
    "pyproject.toml",
    "requirements-dev.lock",
    "requirements.lock",
    "shared",
    "tests",
}
# Spelt apart, so that this file does not find itself.
UNWANTED = (
    r"pypi\." + "org",
    "python" + "hosted",
    "npm" + r"js\.org",
    r"deb\." + "debian",
    r"(?<![\w.])/" + r"(?:work|root|home/\w+)/",
    r"\bTO" + r"DO\b",
    r"\bFIX" + r"ME\b",
)


def _tracked() -> Iterator[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode:
        pytest.skip("not a git checkout: what belongs to the project cannot be told")
    return (ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file())


def _python(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def test_the_top_level_holds_what_it_may() -> None:
    tops = {path.relative_to(ROOT).parts[0] for path in _tracked()}
    assert {top for top in tops if not top.startswith(".")} == TOP_LEVEL


def test_nothing_tells_of_a_machine_or_a_registry() -> None:
    unwanted = re.compile("|".join(UNWANTED))
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in _tracked()
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), start=1)
        if unwanted.search(line)
    ]
    assert found == []


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_has_its_files(stage: str) -> None:
    folder = ROOT / "functions" / stage
    for name in ("main.py", "handler.py", "settings.py", "requirements.txt", "README.md"):
        assert (folder / name).is_file(), name
    assert "functions-framework==" in (folder / "requirements.txt").read_text()


@pytest.mark.parametrize("stage", STAGES)
def test_an_entry_point_is_short_and_bears_the_stages_name(stage: str) -> None:
    text = (ROOT / "functions" / stage / "main.py").read_text()
    assert len(text.splitlines()) <= MAX_ENTRY_POINT_LINES
    functions = {node.name for node in ast.parse(text).body if isinstance(node, ast.FunctionDef)}
    assert stage in functions


def test_only_entry_points_name_adapters_and_the_environment() -> None:
    others = [path for path in _python("functions") if path.name != "main.py"]
    found = [
        str(path.relative_to(ROOT))
        for path in others
        if "shared.adapters" in path.read_text() or "os.environ" in path.read_text()
    ]
    assert found == []


def test_everything_is_caught_in_one_place_only() -> None:
    broad = re.compile(r"except (?:Base)?Exception\b|except:")
    found = {
        str(path.relative_to(ROOT))
        for path in _python("functions", "shared")
        if broad.search(path.read_text())
    }
    assert found == {
        "shared/runtime/delivery.py",
        "shared/adapters/append_stream.py",  # closes the connection, and raises on
        "shared/adapters/group_commit.py",  # hands what happened to every caller that waits
    }


@pytest.mark.parametrize("stage", STAGES)
def test_settings_and_definition_name_the_same_variables(stage: str) -> None:
    variables = read_variables(stage)
    defined = set(load_pipeline().functions[stage].environment)
    names = {variable.name for variable in variables}
    required = {variable.name for variable in variables if variable.required}
    assert defined - names == set(), "set but never read"
    assert required - defined == {"GOOGLE_CLOUD_PROJECT"}, "required but never set"


def test_what_ingest_does_at_once_fits_its_memory() -> None:
    resources = load_pipeline().functions["ingest"].resources
    worst = (
        turns.BASE_MIB
        + turns.HEADERS_AT_ONCE * turns.HEADER_MIB
        + turns.EXPANSIONS_AT_ONCE * turns.EXPANSION_MIB
        + turns.SPILLS_AT_ONCE * turns.SPILL_MIB
    )
    assert worst <= resources.memory_mib
