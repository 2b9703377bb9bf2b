"""Every row of Table E.1-1 has its action under every option, executed as PS3.15 E.3 defines it."""

import json
import re
from typing import Any

import pytest

from shared.dicom.deidentification import BASIC, Option, Profile
from shared.dicom.deidentification.actions import ActionTaken, Cleaner
from shared.dicom.deidentification.attribute_types import Need, types_of
from shared.dicom.deidentification.echoes import Echoes
from shared.dicom.deidentification.rules import (
    Action,
    Rule,
    decided_action,
    dictionary_vr,
    rules_for,
)
from shared.dicom.deidentification.table import TABLE_PATH, Row, table
from shared.dicom.elements import RawElement, RawItem
from tests.unit.deidentification.samples import CT_IMAGE, KEY, NOWHERE, element

ROWS = [row for row in table().rows if row.tag != "PRIVATE"]
ANY_CLASS = rules_for(BASIC, "1.2.3")
UID_VALUE = b"1.2.3.999.5"
ORIGINALS = {
    "AE": b"HOSPITAL", "AS": b"045Y", "CS": b"ZEBRA", "DA": b"20210317", "DS": b"12.5",
    "DT": b"20210317101112", "FD": b"\x01" * 8, "FL": b"\x01" * 4, "IS": b"12", "LO": b"Zebra",
    "LT": b"Zebra", "OB": b"Zebra ", "OW": b"Zebra ", "PN": b"Zebra^Anna", "SH": b"Zebra",
    "SL": b"\x01" * 4, "SS": b"\x01" * 2, "ST": b"Zebra", "TM": b"101112", "UC": b"Zebra",
    "UI": UID_VALUE, "UL": b"\x01" * 4, "UN": b"Zebra ", "UR": b"urn:zebra", "US": b"\x01\x01",
    "UT": b"Zebra",
}  # fmt: skip
VALID = {
    "AE": rb"[ -~]{1,16}", "AS": rb"[0-9]{3}[DWMY]", "CS": rb"[A-Z0-9 _]{1,16}",
    "DA": rb"[12][0-9]{3}(0[1-9]|1[0-2])[0-3][0-9]", "DS": rb"[0-9.+-]{1,16}",
    "DT": rb"[12][0-9]{13}", "IS": rb"[0-9+-]{1,12}", "LO": rb"[ -~]{1,64}", "LT": rb"[ -~]+",
    "PN": rb"[ -~]{1,64}", "SH": rb"[ -~]{1,16}", "ST": rb"[ -~]{1,1024}", "TM": rb"[0-9]{6}",
    "UC": rb"[ -~]+", "UI": rb"2\.25\.[1-9][0-9]{0,38}", "UR": rb"[a-z]+:[!-~]*", "UT": rb"[ -~]+",
}  # fmt: skip


def rule_for(tag: int) -> Rule:
    return ANY_CLASS[tag]


def a_tag(row: Row) -> int:
    return int(row.tag.replace("x", "0"), 16)


def a_cleaner() -> Cleaner:
    return Cleaner(
        key=KEY,
        patient="PSEUDONYM",
        issuer="",
        authority="",
        echoes=Echoes(),
        little_endian=True,
        days=-3,
    )


def planted(tag: int) -> RawElement:
    vr = (dictionary_vr(tag) or "LO").split(" or ", maxsplit=1)[0]
    if vr == "SQ":
        inner = (element(0x00080018, "UI", UID_VALUE), element(0x00080104, "LO", b"Zebra"))
        return RawElement(tag, "SQ", NOWHERE, items=(RawItem(inner),))
    return element(tag, vr, ORIGINALS[vr])


def assert_sequence(row: Row, cleaned: RawElement) -> None:
    values = [inner.value or b"" for item in cleaned.items or () for inner in item.elements]
    assert UID_VALUE not in values
    if row.basic == "Z" or cleaned.tag == 0x00400555:
        assert cleaned.items == ()
    elif row.basic != "X/Z/U*":
        assert b"Zebra" not in values
        assert values


def assert_value(action: Action, original: RawElement, cleaned: RawElement) -> None:
    vr, value = cleaned.vr or "", cleaned.value or b""
    assert value != original.value
    if action is Action.EMPTY and value != b"PSEUDONYM":
        assert value == b"" or original.tag == 0x00080050
    else:
        assert value
        assert vr not in VALID or re.fullmatch(VALID[vr], value)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.tag)
def test_the_row_is_executed(row: Row) -> None:
    tag = a_tag(row)
    action, original = rule_for(tag).action, planted(tag)
    cleaned = a_cleaner().clean((original,), ANY_CLASS)
    if action is Action.REMOVE:
        assert cleaned == ()
    elif original.vr == "SQ":
        assert_sequence(row, cleaned[0])
    else:
        assert_value(action, original, cleaned[0])


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.tag)
def test_the_action_taken_is_one_that_the_row_allows(row: Row) -> None:
    allowed = set(row.basic.replace("*", "").split("/"))
    if a_tag(row) >> 16 < 0x0008:
        allowed = {"X"}  # not of the data set: the File Meta Information is made anew
    if "*" in row.basic:
        allowed.add("K")  # the sequence stays, the UIDs in it are replaced
    assert rule_for(a_tag(row)).action.value in allowed


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.tag)
def test_an_empty_value_stays_empty_or_goes(row: Row) -> None:
    tag = a_tag(row)
    cleaned = a_cleaner().clean((element(tag, planted(tag).vr or "", b""),), ANY_CLASS)
    assert [c.value or b"" for c in cleaned if tag not in {0x00100010, 0x00100020}] in ([], [b""])


def test_private_attributes_go_whatever_they_hold() -> None:
    cleaner = a_cleaner()
    kept = cleaner.clean(
        (element(0x00090010, "LO", b"MAKER"), element(0x00091001, "US", b"\x01\0")), ANY_CLASS
    )
    assert kept == ()
    assert cleaner.taken == [
        ActionTaken("00090010", Action.REMOVE, "E.1-1 private"),
        ActionTaken("00091001", Action.REMOVE, "E.1-1 private"),
    ]


@pytest.mark.parametrize(
    ("tag", "rule"),
    [
        (0x00080000, "not-of-the-data-set"),  # a group length
        (0x00020016, "not-of-the-data-set"),
        (0x00041130, "not-of-the-data-set"),  # File-set ID
        (0x60000010, "E.1-1 60xx"),
        (0x50000005, "E.1-1 50xx"),
        (0x7FE00010, "nested-pixel-data"),
        (0x00189999, "unknown-attribute"),
        (0x00280020, "unknown-attribute"),  # in the dictionary without a name
        (0x00080001, "not-of-the-data-set"),  # Length to End
        (0x00080041, "retired-attribute"),
        (0x00142006, "identifying-vr"),  # Evaluator Name
        (0x00081190, "identifying-vr"),  # Retrieve URL
        (0x04000520, "opaque-bytes"),  # Encrypted Content
    ],
)
def test_what_the_table_does_not_list_and_may_identify_goes(tag: int, rule: str) -> None:
    assert (rule_for(tag).action, rule_for(tag).name) == (Action.REMOVE, rule)


@pytest.mark.parametrize(
    ("tag", "action"),
    [
        (0x00181003, Action.DUMMY),  # Device ID
        (0x30020020, Action.DUMMY),  # Radiation Machine Name
        (0x00420010, Action.DUMMY),  # Document Title, free text
        (0x00687004, Action.UID),  # Model Group UID
        (0x00080060, Action.KEEP),
        (0x00080102, Action.KEEP),
        (0x00080115, Action.KEEP),  # Coding Scheme Name
        (0x00281201, Action.KEEP),
        (0x00282000, Action.KEEP),  # ICC Profile
    ],
)
def test_what_the_table_does_not_list_has_a_rule_by_its_vr(tag: int, action: Action) -> None:
    assert rule_for(tag).action is action


# What the file says, read line by line and without the code that reads it for the rules.
WRITTEN = [
    json.loads(line.rstrip(","))
    for line in TABLE_PATH.read_text("utf-8").splitlines()
    if line.startswith('{"tag": "') and '"PRIVATE"' not in line
]
COLUMN_OF = {
    Option.RETAIN_UIDS: "retain_uids",
    Option.RETAIN_DEVICE_IDENTITY: "retain_device_identity",
    Option.RETAIN_INSTITUTION_IDENTITY: "retain_institution_identity",
    Option.RETAIN_PATIENT_CHARACTERISTICS: "retain_patient_characteristics",
    Option.RETAIN_FULL_DATES: "retain_longitudinal_full_dates",
    Option.RETAIN_MODIFIED_DATES: "retain_longitudinal_modified_dates",
    Option.CLEAN_DESCRIPTORS: "clean_descriptors",
    Option.CLEAN_STRUCTURED_CONTENT: "clean_structured_content",
}
UNKNOWN_CLASS = {
    "X": "X", "Z": "Z", "D": "D", "U": "U", "Z/D": "D", "X/D": "D", "X/Z/D": "D", "X/Z": "Z",
    "X/Z/U*": "K",
}  # fmt: skip


def expected_code(row: dict[str, Any], column: str) -> str:
    """The action that the table has for an object of an unknown SOP class."""
    tag = int(row["tag"].replace("x", "0"), 16)
    if tag >> 16 < 0x0008:
        return "X"
    if column in row["options"]:
        return str(row["options"][column])
    if row["basic"] == "X/Z" and dictionary_vr(tag) == "SQ":
        return "X"
    return UNKNOWN_CLASS[row["basic"]]


def test_the_file_has_as_many_lines_as_the_table_rows() -> None:
    assert len(WRITTEN) == 656


@pytest.mark.parametrize("option", [*COLUMN_OF, None])
def test_every_row_has_its_action_under_every_option(option: Option | None) -> None:
    profile = Profile(name="one option", options=frozenset({option} if option else ()))
    rules = rules_for(profile, "1.2.3")
    for row in WRITTEN:
        rule = rules[int(row["tag"].replace("x", "0"), 16)]
        expected = expected_code(row, COLUMN_OF[option] if option else "")
        assert (row["tag"], rule.action) == (row["tag"], expected)


def test_what_is_not_retained_is_as_in_the_basic_profile() -> None:
    everything = frozenset(set(Option) - {Option.RETAIN_FULL_DATES})
    rules = rules_for(Profile(name="all", options=everything), "1.2.3")
    for row in WRITTEN:
        tag = int(row["tag"].replace("x", "0"), 16)
        if not row["options"] and tag >> 24 not in {0x50, 0x60}:
            assert rules[tag] == ANY_CLASS[tag]


def test_a_date_of_a_device_is_modified_rather_than_kept() -> None:
    both = frozenset({Option.RETAIN_DEVICE_IDENTITY, Option.RETAIN_MODIFIED_DATES})
    assert rules_for(Profile(name="both", options=both), "")[0x00181200].action is Action.CLEAN


@pytest.mark.parametrize(
    ("code", "nothing", "presence", "value"),
    [
        ("Z/D", "Z", "Z", "D"),
        ("X/Z", "X", "Z", "Z"),
        ("X/D", "X", "D", "D"),
        ("X/Z/D", "X", "Z", "D"),
        ("X/Z/U*", "K", "K", "K"),
        ("X", "X", "Z", "X"),
        ("Z", "Z", "Z", "D"),
        ("D", "D", "D", "D"),
        ("U", "U", "U", "U"),
    ],
)
def test_types_decide_compound_actions(code: str, nothing: str, presence: str, value: str) -> None:
    needs = (Need.NOTHING, Need.PRESENCE, Need.VALUE)
    assert [decided_action(code, "LO", need) for need in needs] == [nothing, presence, value]


def test_types_are_those_of_the_sop_class_and_of_the_place() -> None:
    ct = types_of(CT_IMAGE)
    assert ct.of(0x00080018) is Need.VALUE
    assert ct.of(0x00080090) is Need.PRESENCE  # Referring Physician's Name
    assert ct.of(0x00081010) is Need.NOTHING  # Station Name
    assert ct.below(0x00081140).of(0x00081155) is Need.VALUE
    assert types_of("1.2.3").of(0x00080018) is Need.UNKNOWN
    assert types_of("1.2.3").below(0x00081140).of(0x00081155) is Need.UNKNOWN


def test_the_same_attribute_goes_or_stays_with_the_sop_class() -> None:
    enhanced_ct = "1.2.840.10008.5.1.4.1.1.2.1"
    serial_number = 0x00181000
    assert rules_for(BASIC, CT_IMAGE)[serial_number].action is Action.REMOVE
    assert rules_for(BASIC, enhanced_ct)[serial_number].action is Action.DUMMY


def test_rules_of_unknown_attributes_are_not_kept_in_memory() -> None:
    rules = rules_for(BASIC, CT_IMAGE)
    before = len(rules)
    for tag in range(0x00189000, 0x00189900):
        assert rules.below(tag)[0x00191001].action is Action.REMOVE
        assert rules[tag | 0x10000].action is Action.REMOVE
    assert len(rules) - before < 0x900
    assert rules[0x00189999].name == "unknown-attribute"
    assert 0x00189999 not in rules
