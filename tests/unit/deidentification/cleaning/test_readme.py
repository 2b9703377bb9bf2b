"""The README of cleaning says what the code does."""

from __future__ import annotations

import json
import re
from pathlib import Path

from shared.dicom.deidentification import cleaning
from shared.dicom.deidentification.cleaning.obstacles import MEANINGS
from shared.dicom.deidentification.cleaning.signatures import SIGNATURES_PATH, library
from shared.dicom.deidentification.cleaning.text.words import UNITS

README = Path(cleaning.__file__).with_name("README.md").read_text("utf-8")


def test_every_obstacle_is_explained() -> None:
    section = README.split("| obstacle | meaning |\n|---|---|\n")[1].split("\n\n")[0]
    rows = re.findall(r"^\| `([a-z-]+)` \| (.+) \|$", section, re.MULTILINE)
    assert dict(rows) == {obstacle.value: meaning for obstacle, meaning in MEANINGS.items()}


def test_the_library_is_what_it_says() -> None:
    package = json.loads(SIGNATURES_PATH.read_text("utf-8"))["source"]["package"]
    assert f"`signatures.json`, {len(library())} of them" in README
    assert "`{}` {} (MIT)".format(*package.split()) in README


def test_the_units_that_may_stay_are_those_of_the_page() -> None:
    listed = re.findall(r"^`(mm cm [^`]+)`", README, re.MULTILINE)
    assert [tuple(units.split()) for units in listed] == [UNITS]
