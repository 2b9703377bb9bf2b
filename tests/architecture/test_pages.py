import re
from pathlib import Path

import pytest

from functions.ingest import decision, handler
from infra.docs import ROOT, TABLES, pages, rendered
from shared.contracts import manifest
from shared.contracts.reasons import DECISIONS, MANIFEST_REASONS
from shared.dicom import reasons

LINK = re.compile(r"\]\((?!https?://|#)([^)#]+)")


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_says_what_the_code_says(page: Path) -> None:
    assert page.read_text() == rendered(page.read_text()), "run `make docs`"


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_leads_somewhere(page: Path) -> None:
    broken = [link for link in LINK.findall(page.read_text()) if not (page.parent / link).exists()]
    assert broken == []


def test_every_table_stands_on_a_page() -> None:
    text = "".join(page.read_text() for page in pages())
    assert [name for name in TABLES if f"<!-- table: {name} -->" not in text] == []


def test_the_reasons_of_decisions_are_those_that_are_decided() -> None:
    sources = "".join(Path(str(module.__file__)).read_text() for module in (decision, handler))
    decided = set(re.findall(r'(?:Ignore|Quarantine)\("([a-z-]+)"', sources))
    assert decided == set(DECISIONS)
    assert set(DECISIONS) & set(reasons.REASONS) == set()


def test_the_reasons_of_manifests_are_those_that_are_raised() -> None:
    source = Path(str(manifest.__file__)).read_text()
    raised = set(re.findall(r'(?:ContractError|LimitError)\("([a-z-]+)"', source))
    assert raised == set(MANIFEST_REASONS)
    assert {limit.reason for limit in manifest.MANIFEST_LIMITS} <= raised
