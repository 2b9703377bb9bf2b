from __future__ import annotations

import json
from struct import pack
from typing import Any

import pytest

from shared.dicom.limits import Limits
from shared.dicom.metadata import DropReason, Metadata, to_dicom_json
from shared.dicom.reader import read_header
from shared.dicom.source import BytesSource
from tests.builders import (
    BIG_ENDIAN,
    EXPLICIT,
    IMPLICIT,
    an_instance,
    element,
    implicit_element,
    item,
    part10,
    sequence,
)

NAN = pack("<f", float("nan"))


def metadata_of(dataset: bytes, transfer_syntax: str = EXPLICIT) -> Metadata:
    return to_dicom_json(read_header(BytesSource(part10(dataset, transfer_syntax))))


def only(dataset: bytes, transfer_syntax: str = EXPLICIT) -> Any:
    """Return the one element of a data set besides Transfer Syntax UID."""
    metadata = metadata_of(dataset, transfer_syntax)
    (key,) = set(metadata.json) - {"00020010"}
    return metadata.json[key]


@pytest.mark.parametrize(
    ("vr", "value", "expected"),
    [
        ("AE", b" STORE_1 ", ["STORE_1"]),
        ("AS", b"045Y", ["045Y"]),
        ("AT", b"\x10\x00\x20\x00\x08\x00\x18\x00", ["00100020", "00080018"]),
        ("CS", b"ORIGINAL\\\\AXIAL ", ["ORIGINAL", None, "AXIAL"]),
        ("DA", b"20240131", ["20240131"]),
        ("DS", b"1.5\\-2 \\ 3e2", [1.5, -2.0, 300.0]),
        ("DT", b"20240131081500.0+0100 ", ["20240131081500.0+0100"]),
        ("FD", pack("<2d", 0.1, -4), [0.1, -4.0]),
        ("FL", pack("<f", 0.5), [0.5]),
        ("IS", b"12\\-3 \\+4", [12, -3, 4]),
        ("LO", b"one\\two ", ["one", "two"]),
        ("LT", b" kept\\as one\r\n ", [" kept\\as one\r\n"]),
        ("PN", b"Doe^Jo=\\=A^B=C", [{"Alphabetic": "Doe^Jo"},
                                   {"Ideographic": "A^B", "Phonetic": "C"}]),
        ("SH", b"a\x00", ["a"]),
        ("SL", pack("<l", -70_000), [-70_000]),
        ("SS", pack("<2h", -1, 2), [-1, 2]),
        ("ST", b"text ", ["text"]),
        ("SV", pack("<q", -(1 << 62)), [-(1 << 62)]),
        ("TM", b"081500.25 ", ["081500.25"]),
        ("UC", b"long\\text", ["long", "text"]),
        ("UI", b"1.2\\1.3\x00", ["1.2", "1.3"]),
        ("UL", pack("<L", 1 << 31), [1 << 31]),
        ("UR", b"https://example.org/a\\b ", ["https://example.org/a\\b"]),
        ("US", pack("<H", 65_535), [65_535]),
        ("UT", b"unlimited ", ["unlimited"]),
        ("UV", pack("<Q", (1 << 64) - 1), [(1 << 64) - 1]),
    ],
)  # fmt: skip
def test_each_vr_has_its_json_form(vr: str, value: bytes, expected: list[Any]) -> None:
    assert only(element(0x00420001, vr, value)) == {"vr": vr, "Value": expected}


@pytest.mark.parametrize("vr", ["SH", "DS", "US", "PN", "SQ", "OB", "UN", "UI"])
def test_an_empty_value_keeps_its_attribute(vr: str) -> None:
    assert only(element(0x00420001, vr, b"")) == {"vr": vr}


@pytest.mark.parametrize("value", [b"  ", b"\x00\x00"])
def test_padding_alone_is_an_empty_value(value: bytes) -> None:
    assert only(element(0x00420001, "LO", value)) == {"vr": "LO"}


@pytest.mark.parametrize(
    ("vr", "value", "expected"),
    [
        ("DS", b"abc ", None),
        ("DS", b"1.5\\n/a ", [1.5, None]),
        ("DS", b"1e999 ", None),
        ("DS", b"nan ", None),
        ("DS", b"1_0 ", None),
        ("IS", b"1.5 ", None),
        ("IS", b"9" * 40, None),
        ("IS", b"0x10", None),
        ("FL", NAN, [None]),
        ("FL", NAN + pack("<f", 1), [None, 1.0]),
        ("US", b"\x01", None),
        ("UL", b"\x01\x00\x00\x00\x00", [1]),
        ("AT", b"\x01\x00", None),
    ],
)
def test_a_value_that_does_not_parse_is_left_out_and_named(
    vr: str, value: bytes, expected: list[Any] | None
) -> None:
    metadata = metadata_of(element(0x00420001, vr, value))

    assert metadata.json["00420001"] == ({"vr": vr, "Value": expected} if expected else {"vr": vr})
    assert [(each.path, each.vr, each.length, each.reason) for each in metadata.dropped] == [
        ("00420001", vr, len(value), DropReason.UNPARSABLE_VALUE)
    ]


def test_warnings_of_one_header_are_bounded() -> None:
    utf8 = element(0x00080005, "CS", b"ISO_IR 192")
    texts = b"".join(element(0x00420000 + index, "LO", b"\xe9a") for index in range(1, 300))

    assert len(metadata_of(utf8 + texts).warnings) == 100


def test_large_integers_are_exact() -> None:
    assert only(element(0x00420001, "IS", b"1234567890123456789 ")) == {
        "vr": "IS",
        "Value": [1234567890123456789],
    }


def test_a_decimal_that_is_whole_is_an_integer_string_too() -> None:
    assert only(element(0x00420001, "IS", b"12.0")) == {"vr": "IS", "Value": [12]}


def test_binary_and_unknown_values_are_left_out_and_named() -> None:
    inner = item(element(0x00420011, "OB", b"ab")) + item(element(0x00420012, "ZZ", b"ab"))
    metadata = metadata_of(
        sequence(0x00081115, inner)
        + element(0x00290001, "UN", b"ab")
        + element(0x00420011, "OW", b"")
    )

    assert metadata.json["00081115"] == {"vr": "SQ", "Value": [{}, {}]}
    assert metadata.json["00420011"] == {"vr": "OW"}
    assert [(each.path, each.vr, each.reason) for each in metadata.dropped] == [
        ("00081115[0].00420011", "OB", DropReason.BINARY_VALUE),
        ("00081115[1].00420012", "ZZ", DropReason.UNKNOWN_VR),
        ("00290001", "UN", DropReason.BINARY_VALUE),
    ]


def test_a_value_that_was_not_read_is_left_out() -> None:
    limits = Limits(max_inline_value_bytes=99)
    data = part10(element(0x00400010, "LO", b"x" * 100) + element(0x00420010, "ST", b"x" * 100))

    metadata = to_dicom_json(read_header(BytesSource(data), limits), limits)

    assert metadata.json["00420010"] == {"vr": "ST", "Value": ["x" * 100]}
    assert "00400010" not in metadata.json
    assert [each.reason for each in metadata.dropped] == [DropReason.VALUE_TOO_LARGE]


def limited(dataset: bytes, units: int, **limits: int) -> Metadata:
    """Return metadata for which there is memory for some attributes of one short value."""
    header = read_header(BytesSource(part10(dataset)))
    return to_dicom_json(header, Limits(max_metadata_memory_bytes=units * 400, **limits))


def test_a_sequence_without_room_is_left_out_whole_and_what_follows_is_not() -> None:
    frames = (item(element(0x00080018, "UI", b"1.%d" % index)) for index in range(100))
    data = sequence(0x00081140, *frames) + element(0x00100020, "LO", b"PID")

    assert len(limited(data, units=1000).json) == 3
    metadata = limited(data, units=100)

    assert set(metadata.json) == {"00020010", "00100020"}
    assert [(each.path, each.vr, each.reason) for each in metadata.dropped] == [
        ("00081140", "SQ", "metadata-too-large")
    ]


@pytest.mark.parametrize(
    ("vr", "value"),
    [
        ("US", bytes(range(256)) * 4),
        ("DS", b"1\\" * 400),
        ("PN", b"a\\" * 100),
        ("LO", b"ab\\" * 300),
        ("UT", b"word " * 4000),
    ],
)
def test_many_values_cost_more_than_few_and_short_ones_have_a_reserve(
    vr: str, value: bytes
) -> None:
    data = element(0x00080008, vr, value) + element(0x00100020, "LO", b"PID")

    metadata = limited(data, units=60)

    assert set(metadata.json) == {"00020010", "00100020"}
    assert [each.reason for each in metadata.dropped] == ["metadata-too-large"]
    assert "00080008" in limited(data, units=1000).json


def test_with_no_room_at_all_everything_is_named() -> None:
    data = b"".join(element(0x00100020 + index, "LO", b"x") for index in range(9))

    metadata = limited(data, units=4)

    assert len(metadata.json) + len(metadata.dropped) == 10
    assert metadata.dropped


def test_equal_attributes_of_items_are_written_once() -> None:
    pair = element(0x00100020, "LO", b"same") + element(0x00100021, "LO", b"same")
    value = metadata_of(sequence(0x00081140, item(pair), item(pair))).json["00081140"]

    first, second = value["Value"]  # type: ignore[index]
    assert first == second == {key: {"vr": "LO", "Value": ["same"]} for key in first}
    assert set(first) == {"00100020", "00100021"}
    assert first["00100020"] is second["00100020"]


def test_equal_bytes_under_different_character_sets_stay_different() -> None:
    latin, cyrillic = (
        element(0x00080005, "CS", term) + element(0x00100020, "LO", b"\xb0\xb1")
        for term in (b"ISO_IR 100", b"ISO_IR 144")
    )
    plain = element(0x00100020, "LO", b"\xb0\xb1")
    nested = sequence(0x00081140, item(plain))
    data = sequence(0x00081140, item(latin + nested), item(cyrillic + nested), item(plain))

    value = metadata_of(data).json["00081140"]
    first, second, third = value["Value"]  # type: ignore[index]

    assert first["00100020"]["Value"] == third["00100020"]["Value"] == ["°±"]
    assert second["00100020"]["Value"] == ["\u0410\u0411"]
    inner = [each["00081140"]["Value"][0]["00100020"]["Value"] for each in (first, second)]
    assert inner == [["°±"], ["\u0410\u0411"]]


def test_names_of_what_is_left_out_are_capped_and_the_rest_counted() -> None:
    data = b"".join(element(0x00420011 + index, "OB", bytes(2)) for index in range(9))

    metadata = limited(data, units=100, max_dropped=4)

    assert (len(metadata.dropped), metadata.more_dropped) == (4, 5)


def test_group_lengths_and_padding_are_left_out() -> None:
    data = element(0x00080000, "UL", bytes(4)) + element(0xFFFCFFFC, "OB", bytes(4))

    assert set(metadata_of(data).json) == {"00020010"}
    assert metadata_of(data).dropped == ()


def test_un_is_read_as_the_dictionary_has_it() -> None:
    creator = element(0x00090010, "LO", b"GEMS_IDEN_01")
    private = element(0x00091001, "UN", b"GE_GENESIS_FF ")

    metadata = metadata_of(element(0x00200010, "UN", b"42") + creator + private)

    assert metadata.json["00200010"] == {"vr": "SH", "Value": ["42"]}
    assert metadata.json["00091001"] == {"vr": "LO", "Value": ["GE_GENESIS_FF"]}


def test_an_implicit_data_set_has_the_dictionarys_vrs() -> None:
    creator = implicit_element(0x00090010, b"GEMS_IDEN_01")
    known = implicit_element(0x00091001, b"FF")
    unknown = implicit_element(0x00091077, b"FF")

    metadata = metadata_of(creator + known + unknown, IMPLICIT)

    assert metadata.json["00090010"] == {"vr": "LO", "Value": ["GEMS_IDEN_01"]}
    assert metadata.json["00091001"] == {"vr": "LO", "Value": ["FF"]}
    assert [(each.path, each.vr) for each in metadata.dropped] == [("00091077", "UN")]


def test_pixel_representation_decides_the_sign_in_an_implicit_data_set() -> None:
    smallest = implicit_element(0x00280106, b"\xff\xff")

    def read(representation: bytes) -> Any:
        data = implicit_element(0x00280103, representation) + smallest
        return metadata_of(data, IMPLICIT).json["00280106"]

    assert read(b"\x00\x00") == {"vr": "US", "Value": [65_535]}
    assert read(b"\x01\x00") == {"vr": "SS", "Value": [-1]}


def test_big_endian_numbers_are_read() -> None:
    header = read_header(BytesSource(an_instance(transfer_syntax=BIG_ENDIAN, rows=300)))

    assert to_dicom_json(header).json["00280010"] == {"vr": "US", "Value": [300]}


def test_items_inherit_the_character_set_until_they_have_their_own() -> None:
    utf8 = element(0x00080005, "CS", b"ISO_IR 192")
    greek = element(0x00080005, "CS", b"ISO_IR 126")
    named = element(0x00100010, "PN", "Δ^é".encode())
    data = utf8 + sequence(
        0x00081115, item(named), item(greek + element(0x00100010, "PN", b"\xc4"))
    )
    after = element(0x00104000, "LT", "naïve".encode())

    metadata = metadata_of(data + after)

    items: Any = metadata.json["00081115"]
    assert items["Value"][0]["00100010"]["Value"] == [{"Alphabetic": "Δ^é"}]
    assert items["Value"][1]["00100010"]["Value"] == [{"Alphabetic": "Δ"}]
    assert metadata.json["00104000"] == {"vr": "LT", "Value": ["naïve"]}


def test_text_outside_its_character_set_is_marked_and_kept() -> None:
    utf8 = element(0x00080005, "CS", b"ISO_IR 192")
    metadata = metadata_of(utf8 + element(0x00081030, "LO", b"caf\xe9"))

    assert metadata.json["00081030"] == {"vr": "LO", "Value": ["caf\ufffd"]}
    assert [(each.code, each.path) for each in metadata.warnings] == [
        ("undecodable-text", "00081030")
    ]
    assert metadata.dropped == ()


def test_an_unknown_character_set_is_marked() -> None:
    metadata = metadata_of(
        element(0x00080005, "CS", b"KLINGON ") + element(0x00081030, "LO", b"\xe9a")
    )

    assert [each.code for each in metadata.warnings] == ["unknown-character-set"]
    assert metadata.json["00081030"] == {"vr": "LO", "Value": ["éa"]}


def test_no_text_has_what_a_database_refuses() -> None:
    for charset in (b"", b"ISO_IR 192", b"GB18030 ", b"\\ISO 2022 IR 87"):
        data = element(0x00080005, "CS", charset) + element(
            0x00081030, "LO", b"a\x00b\xed\xa0\x80\x81\x30\x1b$B\x00c "
        )
        text = json.dumps(metadata_of(data).json, allow_nan=False, ensure_ascii=False)

        assert "\\u0000" not in text
        assert text.encode("utf-8")


def test_what_follows_the_pixel_data_is_in_the_json() -> None:
    data = element(0x7FE00010, "OW", bytes(2)) + element(0xFFFAFFFA, "SQ", item())

    assert metadata_of(data).json["FFFAFFFA"] == {"vr": "SQ", "Value": [{}]}
