from __future__ import annotations

import pytest

from shared.dicom.character_sets import DEFAULT_CHARACTER_SET, character_set
from shared.dicom.validation.rules import RULES
from shared.dicom.validation.value_forms import MOST_EXPLAINED, accepts, count, faults

GB18030 = character_set(b"GB18030")
UTF_8 = character_set(b"ISO_IR 192")


def codes(vr: str, value: bytes) -> set[str]:
    return set(faults(value, vr, DEFAULT_CHARACTER_SET))


@pytest.mark.parametrize(
    ("vr", "value"),
    [
        ("AE", b"MADE_UP "),
        ("AS", b"045Y"),
        ("AT", b"\x10\x00\x10\x00"),
        ("CS", b"MADE_UP 1 "),
        ("DA", b"20240229"),
        ("DA", b"20240131"),
        ("DS", b" +1.5E-3\\.5\\-2."),
        ("DT", b"20240131081530.123456+0100"),
        ("DT", b"2024"),
        ("FD", bytes(16)),
        ("IS", b"-2147483648 "),
        ("LO", b"made up "),
        ("LT", b"two\r\nlines\\one value"),
        ("OB", b"\x00\x01"),
        ("OW", bytes(6)),
        ("PN", b"Maker^Mia^^^"),
        ("PN", b"A^B=C=D "),
        ("SH", b"a" * 16),
        ("ST", b"tab\tand form feed\x0c"),
        ("TM", b"235960.5"),
        ("TM", b"08"),
        ("UC", b"a" * 1000),
        ("UI", b"1.2.840.10008.1.2\x00"),
        ("UI", b"2.999.1"),
        ("UR", b"https://example.org/a?b=c "),
        ("UT", b"a" * 100_000),
        ("UN", b"\xff"),
    ],
)
def test_what_is_well_formed(vr: str, value: bytes) -> None:
    assert codes(vr, value) == set()


@pytest.mark.parametrize(
    ("vr", "value", "code"),
    [
        ("AE", b"a" * 18, "value-length"),
        ("AS", b"45Y ", "value-form"),
        ("AT", b"\x10\x00", "value-length"),
        ("CS", b"lower ", "value-characters"),
        ("CS", b"A" * 18, "value-length"),
        ("DA", b"20230229", "value-form"),
        ("DA", b"2024.01.31", "value-form"),
        ("DS", b"1,5 ", "value-characters"),
        ("DS", b"1.2.3 ", "value-form"),
        ("DS", b"0.1234567890123456", "value-length"),
        ("DT", b"202413", "value-form"),
        ("FD", bytes(12), "value-length"),
        ("IS", b"1.5 ", "value-characters"),
        ("IS", b"2147483648", "value-form"),
        ("LO", b"a" * 66, "value-length"),
        ("LO", b"line\r\n", "value-characters"),
        ("LO", b"padded\x00", "value-padding"),
        ("LT", b"bell\x07", "value-characters"),
        ("LT", b"a" * 10_242, "value-length"),
        ("PN", b"A^B^C^D^E^F ", "value-form"),
        ("PN", b"A=B=C=D ", "value-form"),
        ("PN", b"a" * 66, "value-length"),
        ("TM", b"08:15:30", "value-form"),
        ("TM", b"2400", "value-form"),
        ("UI", b"1.02.3", "uid-form"),
        ("UI", b"1.2..3", "uid-form"),
        ("UI", b"3.1.2\x00", "uid-form"),
        ("UI", b"1.40.1", "uid-form"),
        ("UI", b"1.2.3 ", "value-padding"),
        ("UI", b"1.2." + b"3" * 62, "uid-form"),
        ("UR", b"not a locator", "value-characters"),
    ],
)
def test_what_is_not(vr: str, value: bytes, code: str) -> None:
    assert code in codes(vr, value)
    assert not accepts(vr, 0, None)(value)


def test_characters_are_counted_not_bytes() -> None:
    sixteen = ("é" * 16).encode()

    assert list(faults(sixteen, "SH", UTF_8)) == []
    assert list(faults(sixteen + b"a", "SH", UTF_8)) == ["value-length"]


def test_a_backslash_inside_a_character_separates_no_values() -> None:
    value = b"\x81\x5c"  # one character, whose second byte is the backslash's

    assert count(value, "LO", GB18030) == 1
    assert list(faults(value, "PN", GB18030)) == []


def test_of_very_many_values_the_first_are_looked_at() -> None:
    value = b"1\\" * MOST_EXPLAINED

    assert codes("IS", b"x\\" + value) == {"value-characters"}
    assert codes("IS", value + b"x") == set()


@pytest.mark.parametrize(
    ("tag", "counts", "others"),
    [
        (0x00100010, {1}, {0, 2}),  # 1
        (0x00280030, {2}, {1, 3}),  # 2
        (0x00080008, {2, 3, 20}, {1}),  # 2-n
        (0x30060050, {3, 6, 99}, {2, 4}),  # 3-3n
        (0x00181149, {1, 2}, {3}),  # 1-2
        (0x60000050, {2}, {1, 3}),  # 2, of a repeating group
        (0x60020050, {2}, {1, 3}),
    ],
)
def test_multiplicities(tag: int, counts: set[int], others: set[int]) -> None:
    rule = RULES[tag]

    assert rule is not None
    assert {number for number in counts | others if rule.allows_count(number)} == counts


def test_only_what_the_dictionary_has_is_kept() -> None:
    before = len(RULES)

    assert [RULES[tag] for tag in range(0x00181F00, 0x00181FFF)] == [None] * 255
    assert len(RULES) == before


@pytest.mark.parametrize("vr", ["CS", "DS", "PN", "UI", "DT", "LO", "UC", "IS"])
def test_a_hostile_value_is_judged_at_once(vr: str) -> None:
    for value in (b"1" * 65_534, b"1.1" * 20_000, b"1\\" * 32_000, b"^" * 60_000, b" " * 65_536):
        accepts(vr, 1, None)(value)
        codes(vr, value)
