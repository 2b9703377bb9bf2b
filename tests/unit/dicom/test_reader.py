from __future__ import annotations

import zlib
from struct import pack

import pytest

from shared.dicom.elements import Encoding, Header, RawElement
from shared.dicom.reader import read_header
from shared.dicom.source import BytesSource
from shared.errors import FormatError
from tests.builders import (
    BIG_ENDIAN,
    DEFLATED,
    EXPLICIT,
    IMPLICIT,
    ITEM,
    ITEM_END,
    JPEG_BASELINE,
    SEQUENCE_END,
    UNDEFINED,
    an_instance,
    deflated,
    element,
    implicit_element,
    item,
    part10,
    sequence,
    truncated,
    without_file_meta,
    without_preamble,
)

STUDY_ID = element(0x00200010, "SH", b"42")
PRIVATE_CREATOR = element(0x00291010, "LO", b"MADE UP ")


def header_of(dataset: bytes, transfer_syntax: str = EXPLICIT) -> Header:
    return read_header(BytesSource(part10(dataset, transfer_syntax)))


def reason_of(data: bytes) -> str:
    with pytest.raises(FormatError) as caught:
        read_header(BytesSource(data))
    return caught.value.reason


def element_at(header: Header, tag: int) -> RawElement:
    return next(each for each in header.dataset if each.tag == tag)


@pytest.mark.parametrize("syntax", [IMPLICIT, EXPLICIT, BIG_ENDIAN, DEFLATED, JPEG_BASELINE])
def test_every_encoding_gives_the_same_attributes(syntax: str) -> None:
    header = read_header(BytesSource(an_instance(transfer_syntax=syntax, patient=7)))

    assert header.transfer_syntax_uid == syntax
    assert header.warnings == ()
    assert element_at(header, 0x00100020).value == b"PID00007"
    assert element_at(header, 0x00100020).vr == "LO"
    assert header.pixel_data is not None
    assert header.pixel_data.value is None
    assert header.deflated == (syntax == DEFLATED)


def test_the_extent_of_native_pixel_data_is_where_they_stand() -> None:
    data = an_instance(rows=2, columns=2)
    header = read_header(BytesSource(data))

    assert header.pixel_data is not None
    extent = header.pixel_data.extent
    assert data[extent.offset :] == bytes(range(8))
    assert (extent.length, header.object_size) == (8, len(data))


def test_the_extent_of_encapsulated_pixel_data_includes_the_delimiter() -> None:
    data = an_instance(transfer_syntax=JPEG_BASELINE, frames=2)
    header = read_header(BytesSource(data))

    assert header.pixel_data is not None
    extent = header.pixel_data.extent
    assert header.pixel_data.undefined_length
    assert data[extent.offset : extent.offset + 4] == ITEM
    assert data[extent.offset + extent.length - 8 :] == SEQUENCE_END


def test_elements_after_the_pixel_data_are_read() -> None:
    trailing = element(0xFFFCFFFC, "OB", bytes(6))
    header = header_of(STUDY_ID + element(0x7FE00010, "OW", bytes(4)) + trailing)

    assert [each.tag for each in header.trailing] == [0xFFFCFFFC]
    assert "unreadable-trailing" not in header.warnings


def test_garbage_after_the_pixel_data_is_forgiven() -> None:
    header = header_of(STUDY_ID + element(0x7FE00010, "OW", bytes(4)) + b"\xde\xad\xbe\xef" * 9)

    assert header.trailing == ()
    assert "unreadable-trailing" in header.warnings


def test_zeros_after_the_last_element_are_forgiven() -> None:
    for padding in (bytes(3), bytes(8), bytes(1001)):
        header = header_of(STUDY_ID + padding)

        assert [each.tag for each in header.dataset] == [0x00200010]
        assert "trailing-padding" in header.warnings


def test_zeros_at_the_end_of_a_deflated_data_set_are_forgiven() -> None:
    header = header_of(deflated(STUDY_ID + bytes(400)), DEFLATED)

    assert [each.tag for each in header.dataset] == [0x00200010]
    assert header.warnings == ("trailing-padding",)


def test_a_long_private_value_that_only_looks_like_items_is_not_read() -> None:
    value = ITEM + pack("<L", 70_000) + b"\x01" * 70_001
    header = header_of(element(0x00291020, "UN", value) + STUDY_ID)

    assert (header.dataset[0].value, header.dataset[0].items) == (None, None)
    assert header.dataset[0].extent.length == len(value)
    assert header.dataset[1].value == b"42"


def test_an_object_without_a_preamble_is_read() -> None:
    header = read_header(BytesSource(without_preamble(an_instance())))

    assert header.preamble is None
    assert header.warnings == ("no-preamble",)


@pytest.mark.parametrize("syntax", [IMPLICIT, EXPLICIT, BIG_ENDIAN])
def test_the_transfer_syntax_of_a_bare_native_data_set_is_guessed(syntax: str) -> None:
    header = read_header(BytesSource(without_file_meta(an_instance(transfer_syntax=syntax))))

    assert header.transfer_syntax_uid == syntax
    assert header.warnings == ("no-preamble", "no-file-meta", "guessed-transfer-syntax")


def test_bare_compressed_data_have_no_transfer_syntax() -> None:
    data = without_file_meta(an_instance(transfer_syntax=JPEG_BASELINE))

    assert reason_of(data) == "no-transfer-syntax"


def test_a_prefix_before_something_else_has_no_transfer_syntax() -> None:
    for rest in (b"", b"certainly no data set", b"\x00\x08\x00\x05zz\x00\x00"):
        assert reason_of(bytes(128) + b"DICM" + rest) == "no-transfer-syntax"


def test_a_file_meta_without_a_group_length_is_read() -> None:
    data = part10(STUDY_ID)
    header = read_header(BytesSource(data[:132] + data[144:]))

    assert header.transfer_syntax_uid == EXPLICIT
    assert header.warnings == ("file-meta-group-length",)


def test_an_implicit_file_meta_is_read() -> None:
    uid = b"1.2.840.10008.1.2.1\x00"
    meta = implicit_element(0x00020010, uid)
    header = read_header(BytesSource(bytes(128) + b"DICM" + meta + STUDY_ID))

    assert header.transfer_syntax_uid == EXPLICIT
    assert "file-meta-implicit" in header.warnings
    assert [each.vr for each in header.file_meta] == ["UI"]


def test_a_file_meta_that_passes_the_end_is_truncated() -> None:
    for meta in (element(0x00020010, "UI", b"1.2", 200), element(0x00020001, "OB", b"", 1 << 20)):
        assert reason_of(bytes(128) + b"DICM" + meta) == "truncated"


def test_an_undefined_length_in_the_file_meta_is_malformed() -> None:
    meta = element(0x00020001, "OB", b"", UNDEFINED)

    assert reason_of(bytes(128) + b"DICM" + meta) == "malformed-element"


def test_command_set_elements_are_kept_apart_from_the_encoding() -> None:
    header = header_of(implicit_element(0x00000002, b"1.2\x00") + STUDY_ID)

    assert [each.tag for each in header.dataset] == [0x00000002, 0x00200010]
    assert header.encoding == Encoding(explicit_vr=True, little_endian=True)
    assert header.warnings == ("command-set-elements",)


def test_a_data_set_that_is_not_as_its_transfer_syntax_is_read_as_it_is() -> None:
    explicit = read_header(BytesSource(part10(STUDY_ID, IMPLICIT)))
    implicit = read_header(BytesSource(part10(implicit_element(0x00200010, b"42"))))
    big = b"\x00\x08\x00\x50SH\x00\x0242"

    assert explicit.encoding.explicit_vr
    assert explicit.warnings == ("vr-encoding-differs",)
    assert not implicit.encoding.explicit_vr
    assert implicit.warnings == ("vr-encoding-differs",)
    assert not header_of(big).encoding.little_endian
    assert header_of(big).warnings == ("byte-order-differs",)


@pytest.mark.parametrize("undefined", [True, False])
def test_items_of_defined_and_undefined_length_are_read(undefined: bool) -> None:  # noqa: FBT001
    inner = sequence(0x00081199, item(STUDY_ID, undefined=undefined), undefined=undefined)
    header = header_of(sequence(0x00081115, item(inner), item(), undefined=undefined) + STUDY_ID)

    outer = element_at(header, 0x00081115)
    assert outer.items is not None
    assert outer.undefined_length == undefined
    assert [len(each.elements) for each in outer.items] == [1, 0]
    nested = outer.items[0].elements[0]
    assert nested.items is not None
    assert nested.items[0].elements[0].value == b"42"
    assert nested.items[0].undefined_length == undefined
    assert header.dataset[-1].tag == 0x00200010


def test_un_of_undefined_length_encloses_implicit_items() -> None:
    inner = implicit_element(0x00200010, b"42") + implicit_element(0x00091001, b"ab")
    header = header_of(sequence(0x00291020, item(inner), undefined=True, vr="UN"))

    sequence_ = element_at(header, 0x00291020)
    assert sequence_.vr == "UN"
    assert sequence_.items is not None
    assert [(e.tag, e.vr, e.value) for e in sequence_.items[0].elements] == [
        (0x00200010, "SH", b"42"),
        (0x00091001, None, b"ab"),
    ]


def test_un_that_only_looks_like_items_stays_bytes() -> None:
    for value in (
        ITEM + pack("<L", 4) + b"ab",
        ITEM + pack("<L", 4) + b"abcd",
        ITEM + pack("<L", 12) + implicit_element(0x00200010, b"4242", 99),
        ITEM + pack("<L", UNDEFINED) + bytes(12),
    ):
        header = header_of(element(0x00291020, "UN", value) + element(0x00300010, "LO", b"ok"))

        assert element_at(header, 0x00291020).value == value
        assert element_at(header, 0x00291020).items is None
        assert header.dataset[-1].value == b"ok"


def test_a_private_sequence_in_an_implicit_data_set_has_items() -> None:
    value = item(implicit_element(0x00200010, b"42"))
    header = header_of(implicit_element(0x00291020, value), IMPLICIT)

    assert header.dataset[0].vr is None
    assert header.dataset[0].items is not None


def test_implicit_items_in_an_explicit_sequence_are_read() -> None:
    inner = item(implicit_element(0x00200010, b"42"))
    header = header_of(sequence(0x00081115, inner))

    items = header.dataset[0].items
    assert items is not None
    assert (items[0].elements[0].vr, items[0].elements[0].value) == ("SH", b"42")


def test_icon_pixel_data_in_an_item_do_not_end_the_header() -> None:
    native = element(0x7FE00010, "OW", bytes(4))
    fragments = item(b"") + item(b"\xff\xd8") + SEQUENCE_END
    icons = item(native) + item(element(0x7FE00010, "OB", fragments, UNDEFINED))
    header = header_of(sequence(0x00880200, icons) + element(0x7FE00010, "OW", bytes(2)))

    items = header.dataset[0].items
    assert items is not None
    assert items[0].elements[0].value == bytes(4)
    assert items[1].elements[0].undefined_length
    assert items[1].elements[0].value == fragments[:-8]
    assert header.pixel_data is not None


def test_missing_and_stray_delimiters_are_forgiven() -> None:
    no_item_end = ITEM + pack("<L", UNDEFINED) + STUDY_ID
    unended = element(0x00081115, "SQ", no_item_end + SEQUENCE_END, UNDEFINED)
    bounded = element(0x00081115, "SQ", no_item_end)
    stray = STUDY_ID + ITEM_END

    for data, code in (
        (unended, "missing-delimiter"),
        (bounded, "missing-delimiter"),
        (stray, "stray-delimiter"),
        (sequence(0x00081115, item(STUDY_ID), ITEM_END), "stray-delimiter"),
    ):
        header = header_of(data + element(0x00300010, "LO", b"ok"))

        assert header.warnings == (code,)
        assert header.dataset[-1].value == b"ok"


def test_items_that_are_longer_than_they_say_are_forgiven_where_the_next_item_shows_it() -> None:
    short = ITEM + pack("<L", 4) + STUDY_ID
    header = header_of(sequence(0x00081115, short, item(STUDY_ID)))
    beyond = header_of(element(0x00081115, "SQ", ITEM + pack("<L", 99) + STUDY_ID))

    items = header.dataset[0].items
    assert items is not None
    assert [each.elements[0].value for each in items] == [b"42", b"42"]
    assert header.warnings == beyond.warnings == ("item-length-wrong",)


def test_an_element_without_a_vr_in_an_explicit_data_set_is_read() -> None:
    header = header_of(STUDY_ID + implicit_element(0x00200011, b"1 ") + STUDY_ID)

    assert header.dataset[1].vr == "IS"
    assert "implicit-element" in header.warnings


def test_an_unknown_vr_is_read_with_the_length_that_fits() -> None:
    long = element(0x00420001, "OX", b"")[:6] + pack("<HL", 0, 4) + b"abcd"
    short = element(0x00420002, "ZZ", b"ab")
    header = header_of(long + short + element(0x00420003, "ZZ", b"") + PRIVATE_CREATOR)

    assert [(e.vr, e.value) for e in header.dataset[:3]] == [
        ("OX", b"abcd"),
        ("ZZ", b"ab"),
        ("ZZ", b""),
    ]
    assert "unknown-vr" in header.warnings


def test_order_and_repetition_are_marked() -> None:
    header = header_of(STUDY_ID + PRIVATE_CREATOR + STUDY_ID)

    assert header.warnings == ("elements-out-of-order", "duplicate-element")


@pytest.mark.parametrize(
    ("dataset", "reason"),
    [
        (element(0x00200010, "SH", b"42", 90), "truncated"),
        (element(0x00420011, "OB", b"42", 1 << 31), "truncated"),
        (STUDY_ID + b"\x30\x00\x10", "truncated"),
        (element(0x00420011, "OB", b"")[:10], "truncated"),
        (element(0x00081115, "SQ", item(), 90), "truncated"),
        (element(0x00081115, "SQ", ITEM + pack("<L", UNDEFINED), UNDEFINED), "truncated"),
        (element(0x00081115, "SQ", item(), UNDEFINED), "truncated"),
        (element(0x00081115, "SQ", ITEM[:2], UNDEFINED), "truncated"),
        (element(0x7FE00010, "OW", bytes(4), 8), "truncated"),
        (element(0x7FE00010, "OB", item(b"ab"), UNDEFINED), "truncated"),
        (element(0x00420011, "OB", item(b"ab"), UNDEFINED), "truncated"),
        (element(0x00420011, "OB", ITEM + pack("<L", 90), UNDEFINED), "truncated"),
        (element(0x00420011, "OB", b"no fragment", UNDEFINED), "malformed-fragments"),
        (element(0x00081115, "SQ", STUDY_ID), "malformed-sequence"),
        (item(STUDY_ID), "malformed-element"),
        (sequence(0x00081115, item(element(0x00200010, "SH", b"42", 40)), STUDY_ID * 9),
         "element-overruns-item"),
        (sequence(0x00081115, item(element(0x00081199, "SQ", item(), 40)), STUDY_ID * 9),
         "element-overruns-item"),
    ],
)  # fmt: skip
def test_broken_structure_has_a_reason(dataset: bytes, reason: str) -> None:
    assert reason_of(part10(dataset)) == reason


@pytest.mark.parametrize("syntax", [IMPLICIT, EXPLICIT, BIG_ENDIAN, JPEG_BASELINE])
def test_a_transfer_that_broke_off_is_truncated(syntax: str) -> None:
    data = an_instance(transfer_syntax=syntax)

    for by in (1, 9, 50, len(data) // 3):
        assert reason_of(truncated(data, by)) == "truncated"


def test_a_deflated_transfer_that_broke_off_in_the_header_is_truncated() -> None:
    data = part10(deflated(STUDY_ID + bytes(range(256)) * 10), DEFLATED)

    assert reason_of(truncated(data, 150)) == "truncated"


def test_damaged_deflated_data_do_not_inflate() -> None:
    assert reason_of(part10(b"\xff" * 40, DEFLATED)) == "inflate-failed"


def test_a_zlib_header_around_deflated_data_is_forgiven() -> None:
    header = header_of(zlib.compress(STUDY_ID), DEFLATED)

    assert header.dataset[0].value == b"42"
    assert header.warnings == ("zlib-wrapped",)


def test_a_long_value_of_a_deflated_object_is_passed_over() -> None:
    long = element(0x00420011, "OB", bytes(range(256)) * 1000)
    header = header_of(deflated(STUDY_ID + long + PRIVATE_CREATOR), DEFLATED)

    assert [each.value for each in header.dataset] == [b"42", None, b"MADE UP "]
    assert reason_of(part10(deflated(STUDY_ID + long[:-1]), DEFLATED)) == "truncated"


def test_what_is_no_data_set_by_its_transfer_syntax_is_refused() -> None:
    assert reason_of(part10(STUDY_ID, "1.2.840.10008.1.2.6.2")) == "unsupported-transfer-syntax"


def test_a_transfer_syntax_that_is_no_uid_is_not_believed() -> None:
    header = header_of(STUDY_ID, "1.2\x00SECRET")

    assert header.transfer_syntax_uid == EXPLICIT
    assert header.warnings == ("guessed-transfer-syntax",)


def test_a_private_transfer_syntax_is_marked() -> None:
    assert header_of(STUDY_ID, "1.2.840.113619.5.2").warnings == ("private-transfer-syntax",)


def test_no_text_of_an_error_has_a_value() -> None:
    secret = b"SECRET^NAME"
    data = part10(element(0x00100010, "PN", secret) + element(0x00200010, "SH", secret, 99))

    with pytest.raises(FormatError) as caught:
        read_header(BytesSource(data))

    assert "SECRET" not in repr(caught.value) + str(caught.value)
