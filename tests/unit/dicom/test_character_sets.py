from __future__ import annotations

import pytest

from shared.dicom.character_sets import CharacterSet, character_set

# Examples of PS3.5 Annexes H, I, J and K, and one per single-byte character set.
EXAMPLES = [
    (b"", b"Buc^J\xe9r\xf4me", "Buc^Jérôme"),
    (b"ISO_IR 6", b"Smith^John", "Smith^John"),
    (b"ISO_IR 100", b"Buc^J\xe9r\xf4me", "Buc^Jérôme"),
    (b"ISO_IR 101", b"W\xb1tek", "Wątek"),
    (b"ISO_IR 109", b"\xc6us", "Ĉus"),
    (b"ISO_IR 110", b"\xa1da", "Ąda"),
    (b"ISO_IR 126", b"\xc4\xe9\xef\xed\xf5\xf3\xe9\xef\xf2", "Διονυσιος"),
    (b"ISO_IR 127", b"\xe2\xc8\xc7\xe6\xea^\xe4\xe6\xd2\xc7\xd1", "قباني^لنزار"),
    (b"ISO_IR 138", b"\xf9\xf8\xe5\xef^\xe3\xe1\xe5\xf8\xe4", "שרון^דבורה"),
    (
        b"ISO_IR 144",
        b"\xbb\xee\xda\x63\x65\xdc\xd1\xe3\xe0\xd3",
        "\u041b\u044e\u043ace\u043c\u0431\u0443\u0440\u0433",
    ),
    (b"ISO_IR 148", b"\xc7avu\xfeo\xf0lu", "Çavuşoğlu"),
    (b"ISO_IR 166", b"\xb9\xd2\xc1", "นาม"),
    (b"ISO_IR 13", b"\xd4\xcf\xc0\xde^\xc0\xdb\xb3", "ﾔﾏﾀﾞ^ﾀﾛｳ"),
    (b"ISO_IR 192", "Wang^XiaoDong=王^小东=".encode(), "Wang^XiaoDong=王^小东="),
    (b"GB18030", "Wang^XiaoDong=王^小东=".encode("gb18030"), "Wang^XiaoDong=王^小东="),
    (b"GBK", "誠^\u8a20".encode("gbk"), "誠^訠"),
    (
        b"\\ISO 2022 IR 87",
        b"Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B=\x1b$B$d$^$@\x1b(B^\x1b$B$?$m$&\x1b(B",
        "Yamada^Tarou=山田^太郎=やまだ^たろう",
    ),
    (
        b"ISO 2022 IR 13\\ISO 2022 IR 87",
        b"\xd4\xcf\xc0\xde^\xc0\xdb\xb3=\x1b$B;3ED\x1b(J^\x1b$BB@O:\x1b(J",
        "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎",
    ),
    (
        b"\\ISO 2022 IR 149",
        b"Hong^Gildong=\x1b$)C\xfb\xf3^\x1b$)C\xd1\xce\xd4\xd7=\x1b$)C\xc8\xab^\x1b$)C\xb1\xe6\xb5\xbf",
        "Hong^Gildong=洪^吉洞=홍^길동",
    ),
    (
        b"\\ISO 2022 IR 58",
        b"Zhang^XiaoDong=\x1b$)A\xd5\xc5^\x1b$)A\xd0\xa1\xb6\xab=",
        "Zhang^XiaoDong=张^小东=",
    ),
    (
        b"ISO 2022 IR 6\\ISO 2022 IR 100\\ISO 2022 IR 126",
        b"Dionysios=\x1b-F\xc4\xe9\xef\xed\xf5\xf3\xe9\xef\xf2=J\x1b-A\xe9r",
        "Dionysios=Διονυσιος=Jér",
    ),
    (b"\\ISO 2022 IR 159", b"a\x1b$(D0!\x1b(B", "a丂"),
]


@pytest.mark.parametrize(("terms", "value", "expected"), EXAMPLES)
def test_every_character_set_is_decoded(terms: bytes, value: bytes, expected: str) -> None:
    assert (expected, True) == character_set(terms).decode(value, is_name=True)


@pytest.mark.parametrize(
    ("spelled", "term"),
    [
        (b"ISO IR 100", b"ISO_IR 100"),
        (b"ISO-IR 192", b"ISO_IR 192"),
        (b"iso_ir 144 ", b"ISO_IR 144"),
        (b"ISO2022 IR 126", b"ISO_IR 126"),
        (b"ISO_2022_IR_6", b"ISO_IR 6"),
    ],
)
def test_common_misspellings_are_understood(spelled: bytes, term: bytes) -> None:
    assert character_set(term) == character_set(spelled)


def test_an_unknown_term_is_taken_as_the_default() -> None:
    assert CharacterSet("latin-1", is_known=False) == character_set(b"EBCDIC")
    assert CharacterSet("utf-8", is_known=False) == character_set(b"ISO_IR 192\\PETSCII")


def test_an_unknown_escape_sequence_is_text() -> None:
    assert character_set(b"").decode(b"a\x1b%Gb") == ("a\x1b%Gb", True)


def test_a_line_end_resets_the_character_set() -> None:
    text, _ = character_set(b"ISO 2022 IR 100\\ISO 2022 IR 126").decode(b"\x1b-F\xc4\r\n\xc4")

    assert text == "Δ\r\nÄ"
