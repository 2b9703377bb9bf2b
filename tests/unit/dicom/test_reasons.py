"""Every reason and every warning that the code can give is in its catalogue, and no other."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from shared.dicom import identification, reader
from shared.dicom.difference import Difference
from shared.dicom.limits import LIMITS, Effect
from shared.dicom.metadata import DropReason
from shared.dicom.reasons import REASONS, TRIED_AGAIN
from shared.dicom.warnings import WARNINGS

CORE = Path(reader.__file__).parent
ERRORS = {"FormatError", "LimitError", "IdentityError"}
FILES = [*CORE.glob("*.py"), *(CORE / "validation").glob("*.py")]
MODULES = [path for path in sorted(FILES) if path.name != "identity_check.py"]


def literals(*, of: set[str]) -> Iterator[str]:
    """Yield the literal first argument of every call of one of some names."""
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
                name = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
                if name in of and node.args and isinstance(node.args[0], ast.Constant):
                    yield str(node.args[0].value)


def computed_reasons() -> set[str]:
    uids = identification._NAMES.values()
    found = {f"{fault}-{name}" for fault in ("missing", "unusable") for name in uids}
    return found | set(reader._REFUSALS.values()) | {"not-dicom"}


def warning_codes() -> set[str]:
    """Return every string of the code that is used as a warning, wherever it is said."""
    said = set()
    for path in MODULES:
        if path.name == "warnings.py":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                said.add(node.value)
    return said


def test_every_reason_that_is_raised_is_explained_and_no_other() -> None:
    assert set(literals(of=ERRORS)) | computed_reasons() == set(REASONS)


def test_every_reason_to_try_again_is_explained_and_no_other() -> None:
    assert set(literals(of={"TransientError"})) == set(TRIED_AGAIN)


def test_every_limit_has_its_reason_explained() -> None:
    explained = {
        Effect.REFUSED: set(REASONS),
        Effect.TRIED_AGAIN: set(TRIED_AGAIN),
        Effect.LEFT_OUT: set(WARNINGS) | set(DropReason) | set(Difference),
    }

    assert [each.field for each in LIMITS if each.reason not in explained[each.effect]] == []


def test_every_warning_is_given_somewhere_and_explained() -> None:
    assert set(literals(of={"_warn", "Warning_"})) <= set(WARNINGS)
    assert set(WARNINGS) <= warning_codes()


def test_reasons_and_warnings_are_kebab_case_sentences() -> None:
    for code, text in {**{key: each.meaning for key, each in REASONS.items()}, **WARNINGS}.items():
        assert code == code.lower().replace("_", "-").replace(" ", "-")
        assert text.endswith(".")
