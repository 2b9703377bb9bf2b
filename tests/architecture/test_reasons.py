"""The catalogue of codes has every code that the code can give."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.docs import ROOT
from infra.hold_advice import advice_on_hold
from shared.contracts.advice import _BY_REASON, _BY_WARNING, advice_on, advice_on_warning
from shared.contracts.reasons import UPLOAD_REASONS, UPLOAD_WARNINGS
from shared.dicom.deidentification.reasons import HoldReason
from shared.dicom.reasons import TRIED_AGAIN
from tests.every_reason import IGNORED

PAGE = (ROOT / "shared" / "REASONS.md").read_text(encoding="utf-8")
# Whoever raises these says why an object is refused.
RAISED = {"PermanentError", "FormatError", "LimitError", "IdentityError"}
OF_PROMOTIONS = {"not-an-archived-version"}  # an operator's, of which no object is refused


def _sources() -> Iterator[Path]:
    for folder in ("shared/dicom", "shared/containers", "functions/ingest"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            if "deidentification" not in path.parts:
                yield path


def _raised(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            first = node.args[0] if node.args else None
            if node.func.id in RAISED and isinstance(first, ast.Constant):
                yield str(first.value)


def test_every_reason_that_is_raised_is_in_the_catalogue() -> None:
    raised = {code for path in _sources() for code in _raised(ast.parse(path.read_text()))}
    assert len(raised) > 20
    assert raised - {*UPLOAD_REASONS} == OF_PROMOTIONS


@pytest.mark.parametrize("code", [*UPLOAD_REASONS, *UPLOAD_WARNINGS, *TRIED_AGAIN, *HoldReason])
def test_every_code_is_on_the_page_once(code: str) -> None:
    assert PAGE.count(f"| `{code}` |") == 1 + (code == "unsupported-transfer-syntax")


def test_every_advice_is_whole() -> None:
    advice = [
        *map(advice_on, UPLOAD_REASONS),
        *map(advice_on_warning, UPLOAD_WARNINGS),
        *map(advice_on_hold, HoldReason),
    ]
    for each in advice:
        assert each
        assert each.what_to_do.endswith(".")
        assert each.meaning.endswith(".")
        assert each.example
        assert each.who_can_fix


def test_no_advice_is_on_what_does_not_exist() -> None:
    assert set(_BY_REASON) <= set(UPLOAD_REASONS)
    assert set(_BY_WARNING) <= set(UPLOAD_WARNINGS)
    assert advice_on("no-such-reason") is None
    assert set(UPLOAD_REASONS) >= IGNORED
