"""Every row of Table E.1-1 is executed as PS3.15 Section E.3 defines its action."""

import re

import pytest

from shared.dicom.deidentification.actions import ActionTaken, Cleaner
from shared.dicom.deidentification.echoes import Echoes
from shared.dicom.deidentification.rules import Action, dictionary_vr, rule_for
from shared.dicom.deidentification.table import Row, table
from shared.dicom.elements import RawElement, RawItem
from tests.unit.deidentification.samples import KEY, NOWHERE, element

ROWS = [row for row in table().rows if row.tag != "PRIVATE"]
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


def a_tag(row: Row) -> int:
    return int(row.tag.replace("x", "0"), 16)


def a_cleaner() -> Cleaner:
    return Cleaner(key=KEY, patient="PSEUDONYM", issuer="", echoes=Echoes(), little_endian=True)


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
    cleaned = a_cleaner().clean((original,))
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
    cleaned = a_cleaner().clean((element(tag, planted(tag).vr or "", b""),))
    assert [c.value or b"" for c in cleaned if tag not in {0x00100010, 0x00100020}] in ([], [b""])


def test_private_attributes_go_whatever_they_hold() -> None:
    cleaner = a_cleaner()
    kept = cleaner.clean(
        (element(0x00090010, "LO", b"MAKER"), element(0x00091001, "US", b"\x01\0"))
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
