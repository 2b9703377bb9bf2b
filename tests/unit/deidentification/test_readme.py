"""The README says what the code does."""

import re
from pathlib import Path

from shared.dicom import deidentification
from shared.dicom.deidentification.reasons import MEANINGS
from shared.dicom.deidentification.rules import COMPOUND

README = Path(deidentification.__file__).with_name("README.md").read_text("utf-8")
SOURCES = "".join(
    Path(deidentification.__file__).with_name(name).read_text("utf-8")
    for name in ("rules.py", "actions.py")
)


def rows(heading: str) -> list[list[str]]:
    """The cells of the table under a heading, without its head."""
    section = README.split(f"| {heading} |")[1].split("\n\n")[0]
    lines = [line for line in section.splitlines()[2:] if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


def test_every_hold_reason_is_explained() -> None:
    documented = {row[0].strip("`"): row[1] for row in rows("reason")}
    assert documented == {reason.value: meaning for reason, meaning in MEANINGS.items()}


def test_every_rule_is_explained() -> None:
    named = set(re.findall(r'"([a-z]+(?:-[a-z]+)+|echo|uid)"\)?', SOURCES)) - {"utf-8"}
    documented = {name for row in rows("rule") for name in re.findall(r"`([a-z-]+)`", row[0])}
    assert documented == named


def test_every_action_code_is_explained() -> None:
    documented = {code for row in rows("code") for code in row[0].split(", ")}
    assert documented == {"X", "Z", "D", "U", *COMPOUND}
