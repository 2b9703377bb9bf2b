"""The README says what the code does."""

import re
from pathlib import Path

from pydicom._dicom_dict import DicomDictionary

from shared.dicom import deidentification
from shared.dicom.deidentification import BASIC, actions, objections
from shared.dicom.deidentification.reasons import MEANINGS
from shared.dicom.deidentification.rules import OVERRIDE, Rule, rules_for
from shared.dicom.deidentification.table import table

README = Path(deidentification.__file__).with_name("README.md").read_text("utf-8")


def rows(heading: str) -> list[list[str]]:
    """The cells of the table under a heading, without its head."""
    section = README.split(f"| {heading} |")[1].split("\n\n")[0]
    lines = [line for line in section.splitlines()[2:] if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


def test_every_hold_reason_is_explained() -> None:
    documented = {row[0].strip("`"): row[1] for row in rows("reason")}
    assert documented == {reason.value: meaning for reason, meaning in MEANINGS.items()}


def test_every_rule_is_explained() -> None:
    rules = rules_for(BASIC, "")
    made = {
        rules[tag].name
        for tag in (*DicomDictionary, 0x00091001, 0x00189999, 0x50000005, 0x60000010)
    }
    constants = {**vars(actions), **vars(objections)}.values()
    made |= {rule.name for rule in constants if isinstance(rule, Rule)} | {OVERRIDE}
    documented = {name for row in rows("rule") for name in re.findall(r"`([^`]+)`", row[0])}
    listed = {name for name in made if re.fullmatch(r"E\.1-1 [XZDU/*]+", name)}
    assert documented == made - listed - {"kept"}


def test_every_action_code_is_explained() -> None:
    documented = {code for row in rows("code") for code in row[0].split(", ")}
    assert documented == {row.basic for row in table().rows} | {"K", "C"}
