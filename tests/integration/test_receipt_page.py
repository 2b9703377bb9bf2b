"""The page of a receipt in a real browser: it fits, needs nothing else, and prints."""

import shutil
import subprocess
from pathlib import Path

import pytest

from functions.sweep.receipt_page import page
from shared.contracts.reasons import UPLOAD_REASONS
from tests.chromium import FOUND, Browser
from tests.every_reason import PLANTED, dropped
from tests.issuing import Issuing

pytestmark = pytest.mark.skipif(FOUND is None, reason="there is no Chromium here")
PDFTOTEXT = shutil.which("pdftotext")


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Browser:
    return Browser(tmp_path_factory.mktemp("browser"))


@pytest.fixture(scope="module")
def receipt_page() -> str:
    return page(dropped(Issuing()))


@pytest.mark.parametrize("width", [360, 1280])
def test_a_page_with_every_reason_fits_and_asks_for_nothing(
    browser: Browser, receipt_page: str, width: int
) -> None:
    look = browser.look(receipt_page, width)
    assert look.found["width"] == width
    assert float(str(look.found["widest"])) <= width
    assert look.console == []
    assert sorted(look.asked) == ["/look.html", "/page.html"]
    text = str(look.found["text"])
    assert [reason for reason in UPLOAD_REASONS if reason not in text] == []
    assert [value for value in PLANTED if value in text] == []
    assert "javascript:alert(1)//</li><script>alert(1)</script>" in text
    assert "U+202Egnp.exeU+2066.dcm" in text


def test_a_page_that_does_not_fit_is_seen(browser: Browser, receipt_page: str) -> None:
    wide = receipt_page.replace("<h1>", '<div style="width:500px">wide</div><h1>')
    assert browser.look(wide, 360).found["width"] != 360


def test_a_script_would_not_run_and_nothing_would_be_fetched(
    browser: Browser, receipt_page: str
) -> None:
    hurt = "<script>document.body.append('RAN')</script><img src='/elsewhere.png'>"
    look = browser.look(receipt_page.replace("<main>", f"<main>{hurt}"), 1280)
    assert len(look.console) == 2
    assert "RAN" not in str(look.found["text"])
    assert "/elsewhere.png" not in look.asked


@pytest.mark.skipif(PDFTOTEXT is None, reason="there is no pdftotext here")
def test_it_prints(browser: Browser, receipt_page: str) -> None:
    paper: Path = browser.printed(receipt_page)
    read = subprocess.run(
        [str(PDFTOTEXT), "-layout", str(paper), "-"], check=True, capture_output=True, text=True
    )
    text = " ".join(read.stdout.split())
    assert "Receipt for demo-hospital" in text
    assert "Refused, and what to do" in text
    assert "and 10 files more" in text
    assert "Warnings by device" in text
    assert [reason for reason in UPLOAD_REASONS if reason not in text.replace(" ", "")] == []
