"""What is judged together is judged as each value by itself; what is in doubt is left out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.dicom.deidentification.echoes import Echoes
from shared.dicom.deidentification.harmless import Harmless
from shared.dicom.deidentification.understanding import is_number

KERNEL = 0x00181210
IDENTIFIERS = {"PN": "Quorra^Zyxel^Ng", "SH": "AB-123456", "LO": "Saint Nowhere", "DA": "20210317"}
TEXTS = st.lists(
    st.sampled_from(
        ["HEAD", "Zyxel", "zyxelquorra", "saint nowhere", "the saint", "at Nowhere", "quorra7",
         "AB 123456", "123456", "17 Mar 2021", "2021-03-17", "17", "Mar", "2021", "v1.2.3.4", "x"]
    ).map(str.encode),
    max_size=6,
)  # fmt: skip
NUMBERS = st.lists(
    st.sampled_from(
        [
            b"123456",
            b"0123456.0",
            b"1234567",
            b"12.5\\7",
            b"12\\123456",
            b"7\x00",
            b"123456\x00",
            b"x",
        ]
    ),
    max_size=6,
)
BYTES = st.lists(
    st.sampled_from(
        [b"..AB 123456", b"AB-123456", b"\x00" * 8, b"zyxelquorra", b"zyxel", b"quorr"]
    ),
    max_size=6,
)


def known() -> Echoes:
    echoes = Echoes()
    for vr, text in IDENTIFIERS.items():
        echoes.add(vr, text)
    return echoes


def judged(vr: str, values: list[bytes]) -> set[bytes]:
    harmless = Harmless()
    harmless[vr].update(values)
    harmless.judge(known())
    return harmless[vr]


@given(TEXTS)
def test_no_text_that_repeats_an_identifier_is_harmless(texts: list[bytes]) -> None:
    assert not any(known().in_text(KERNEL, "LO", text.decode()) for text in judged("LO", texts))


@given(NUMBERS)
def test_no_number_that_is_an_identifier_is_harmless(numbers: list[bytes]) -> None:
    left = judged("DS", numbers)
    assert all(map(is_number, left))
    assert not any(known().in_number(number.decode().strip("\x00")) for number in left)


@given(BYTES)
def test_no_bytes_that_contain_an_identifier_are_harmless(values: list[bytes]) -> None:
    assert not any(map(known().in_bytes, judged("OW", values)))


@pytest.mark.parametrize("vr", ["LO", "CS", "DS", "OW", "UI", "UN"])
def test_what_repeats_nothing_is_harmless_and_so_is_an_empty_value(vr: str) -> None:
    assert judged(vr, [b"12"]) == {b"", b"12"}


def test_one_echo_does_not_cost_the_other_texts_their_pass() -> None:
    assert judged("LO", [b"HEAD", b"for Zyxel", b"FFS"]) == {b"", b"HEAD", b"FFS"}


def test_a_number_is_found_before_the_padding_of_its_value() -> None:
    assert judged("IS", [b"123456\x00"]) == set()
    assert judged("IS", [b"12\x00", b"7\x00", b"9"]) == {b"", b"12\x00", b"7\x00", b"9"}


def test_what_is_no_uid_is_not_harmless_as_one() -> None:
    assert judged("UI", [b"1.2.3\x00", b"1.2\\1.3", b"Zyxel"]) == {b"", b"1.2.3\x00", b"1.2\\1.3"}


def test_a_value_with_more_than_its_padding_is_no_number() -> None:
    assert judged("IS", [b"7\x00\x00"]) == set()


@pytest.mark.parametrize("text", [b"zyxel7", b"7Zyxel", b"21-zyxel3", b"x123456y"])
def test_a_short_word_is_found_among_digits(text: bytes) -> None:
    assert judged("LO", [text, b"HEAD"]) == {b"", b"HEAD"}


def test_a_word_is_not_found_across_two_values() -> None:
    assert judged("LO", [b"quo", b"rra"]) == {b"", b"quo", b"rra"}


@pytest.mark.parametrize(
    "text", ["Z\u00fcrich".encode(), b"\x1b$B;3ED\x1b(B", "HEAD".encode("utf-16-le")]
)
def test_text_that_has_to_be_decoded_is_left_out(text: bytes) -> None:
    assert judged("LO", [text, b"HEAD"]) == {b"", b"HEAD"}


def test_where_a_great_many_identifiers_are_found_each_text_is_judged_alone() -> None:
    echoes = Echoes()
    names = [f"name{chr(97 + n // 26)}{chr(97 + n % 26)}" for n in range(100)]
    harmless = Harmless()
    for name in names:
        echoes.add("LO", name)
        harmless["LO"].add(name.encode())
    harmless["LO"].add(b"HEAD")
    harmless.judge(echoes)
    assert not harmless["LO"] & {name.encode() for name in names}
