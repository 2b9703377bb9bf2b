"""Identifiers of an object are found wherever they are repeated, and coincidences are not."""

import pytest
from pydicom.dataset import Dataset

from shared.dicom.deidentification import BASIC
from shared.dicom.deidentification.echoes import Echoes, echoes_of
from shared.dicom.deidentification.rules import rules_for
from shared.dicom.elements import Header
from tests.unit.deidentification.samples import CT_IMAGE, an_image, header_of

KERNEL, MANUFACTURER, BODY_PART = 0x00181210, 0x00080070, 0x00180015


def found_in(header: Header) -> Echoes:
    return echoes_of(header, rules_for(BASIC, CT_IMAGE))


def echoes(**values: str) -> Echoes:
    found = Echoes()
    for vr, value in values.items():
        found.add(vr, value)
    return found


@pytest.mark.parametrize(
    "text",
    ["Zyxel", "scan of ZYXEL, 2nd", "quorra_zyxel", "Zyxel/Quorra", "QUORRAZYXEL", "zyxelquorra"],
)
def test_a_name_is_found_in_parts_and_orders(text: str) -> None:
    assert echoes(PN="Quorra^Zyxel^^Dr").in_text(KERNEL, "LO", text)


@pytest.mark.parametrize("text", ["Zyxelon", "quorr a", "Dr", "", "quo-rra"])
def test_a_part_of_a_token_is_no_name(text: str) -> None:
    assert not echoes(PN="Quorra^Zyxel^^Dr").in_text(KERNEL, "LO", text)


@pytest.mark.parametrize("text", ["山田", "やまだ", "Yamada"])
def test_every_component_group_is_searched_for(text: str) -> None:
    assert echoes(PN="Yamada^Tarou=山田^太郎=やまだ^たろう").in_text(KERNEL, "LO", text)


@pytest.mark.parametrize("text", ["Müller", "MULLER", "Mu\u0308ller", "müller-lauf"])
def test_accents_and_their_forms_make_no_difference(text: str) -> None:
    assert echoes(PN="Müller^Eva").in_text(KERNEL, "LO", text)


@pytest.mark.parametrize("text", ["ab 1234", "AB-1234", "no ab1234", "x ab_1234 y"])
def test_an_identifier_is_found_whatever_separates_its_parts(text: str) -> None:
    assert echoes(LO="AB-1234").in_text(KERNEL, "LO", text)


def test_the_words_of_a_phrase_alone_are_no_identifier() -> None:
    found = echoes(LO="Saint Nowhere Hospital")
    assert found.in_text(KERNEL, "LO", "at saint nowhere hospital")
    assert not found.in_text(KERNEL, "LO", "hospital bed")


@pytest.mark.parametrize(
    "text",
    ["20210317", "on 2021-03-17", "17.3.2021", "03/17/2021", "20210317101112", "scan 2021/3/17 pm"],
)
def test_a_date_is_found_in_the_usual_forms(text: str) -> None:
    assert echoes(DA="20210317").in_text(KERNEL, "LO", text)


@pytest.mark.parametrize("text", ["20210318", "120210317", "2021", "2021-03"])
def test_another_date_or_a_part_is_not(text: str) -> None:
    assert not echoes(DA="20210317").in_text(KERNEL, "LO", text)


def test_uids_are_found_in_text_unless_they_are_the_standards() -> None:
    found = echoes(UI="1.2.3.4.5\\1.2.840.10008.1.2.1")
    assert found.in_text(KERNEL, "LO", "see 1.2.3.4.5 there")
    assert not found.in_text(KERNEL, "LO", "1.2.3.4.55")
    assert not found.in_text(KERNEL, "LO", "1.2.840.10008.1.2.1")


@pytest.mark.parametrize("value", ["1", "12", "123", "ab", "UNKNOWN", "none", "0000", "anonymous"])
def test_short_values_and_placeholders_identify_nobody(value: str) -> None:
    assert not echoes(LO=value).in_text(KERNEL, "LO", value)


def test_a_makers_name_is_a_coincidence_where_the_equipment_is_named() -> None:
    found = echoes(LO="SIEMENS", PN="Philips^Anton")
    assert not found.in_text(MANUFACTURER, "LO", "SIEMENS")
    assert not found.in_text(MANUFACTURER, "LO", "Philips Medical Systems")
    assert found.in_text(KERNEL, "LO", "SIEMENS")
    assert found.in_text(MANUFACTURER, "LO", "Anton GmbH")


def test_a_defined_term_is_a_coincidence_in_a_code_string() -> None:
    found = echoes(PN="Head^Anna")
    assert not found.in_text(BODY_PART, "CS", "HEAD")
    assert found.in_text(BODY_PART, "CS", "ANNA")
    assert found.in_text(KERNEL, "LO", "head")


def test_only_long_numbers_are_searched_for_in_numeric_values() -> None:
    found = echoes(LO="4711", SH="778812", DA="20210317")
    assert not found.in_number("4711")
    assert found.in_number("1\\ 778812")
    assert found.in_number("20210317")
    assert not found.in_number("778812.5")


def test_binary_values_are_searched_for_long_identifiers() -> None:
    found = echoes(PN="Quorra^Zyx", DA="20210317")
    assert found.in_bytes(b"\x00\x01QUORRA\x02")
    assert found.in_bytes(b"\xff20210317\xff")
    assert not found.in_bytes(b"\x00\x01Zyx\x02\x03\x04")
    assert not found.in_bytes(b"")


def test_many_identifiers_are_searched_for_as_well_as_few() -> None:
    found = echoes(PN="\\".join(f"Person{number:05}" for number in range(300)))
    assert found.in_bytes(b"\x00xxPERSON00299\x00")
    assert not found.in_bytes(b"\x00xxPERSON0029x\x00")


def test_an_object_tells_its_identifiers_from_every_depth() -> None:
    physician = Dataset()
    physician.ReferringPhysicianName = "Brennigan^Otto"
    found = found_in(header_of(an_image(ReferencedSeriesSequence=[physician])))
    for text in ("brennigan", "quorra", "qx-778812", "ACC55501", "19510623", "1.2.3.4.77.1"):
        assert found.in_text(KERNEL, "LO", text)


def test_descriptions_are_no_identifiers() -> None:
    found = found_in(header_of(an_image(SeriesDescription="Abdomen", StudyDescription="Staging")))
    assert not found.in_text(KERNEL, "LO", "Abdomen staging")


def test_nothing_is_shown() -> None:
    assert "Quorra" not in repr(echoes(PN="Quorra^Zyxel"))


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("CT of Quorra ZYXEL, chest", "CT of  , chest"),
        ("ab 1234 / AB1234, AB", "  / , AB"),
        ("nothing here", "nothing here"),
    ],
)
def test_identifiers_are_taken_out_of_a_text(text: str, left: str) -> None:
    assert echoes(PN="Quorra^Zyxel", LO="AB-1234").without(text) == left


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("O'Brannigan-Vexley^Ann", "of OBranniganVexley"),
        ("Wróblewszczak^Żelisławek Anna", "Wroblewszczak"),
        ("Wróblewszczak^Żelisławek Anna", "by ZELISLAWEK"),
        ("Wróblewszczak^Żelisławek Anna", "WroblewszczakZelislawek"),
        ("Ouyang Xi^Li", "ouyangxi1940"),
        ("Ouyang Xi^Li", "1940ouyang"),
        ("Sørensen^Æbbe", "Sorensen"),
        ("Þórðar^Đăng", "thordar"),
        ("Ħabel^Ŧor", "HABEL"),
        ("Łęcki^Weiß", "lecki/weiss"),
        ("Mühlöder^Eva", "Muehloeder"),
        ("O'Brannigan-Vexley^Ann", "OBrannigan"),
        ("Li^Wei", "liwei"),
        ("Li Wei", "weili"),
        ("Ng^Wu", "Wu, Ng"),
        ("Jägersmühl=Ягерсмюльский^Прокофей", "JagersmuhlПрокофей"),  # noqa: RUF001 - two scripts
        ("Kurosawara^Aki=黒沢原^辰典", "患者黒沢原様"),
        ("Quorra^Zyxel", "ptQuorraCT"),
        ("Quorra^Zyxel", "quorra1951"),
    ],
)
def test_a_name_is_found_without_its_marks_and_run_together(name: str, text: str) -> None:
    assert echoes(PN=name).in_text(KERNEL, "LO", text)
    assert "annigan" not in echoes(PN=name).without(text).casefold()
    assert not echoes(PN=name).in_text(KERNEL, "LO", echoes(PN=name).without(text))


@pytest.mark.parametrize("text", ["4418829", "no4418829", "a4418829z", "xqz07x4418829"])
def test_a_long_number_of_an_identifier_is_found_alone_and_among_letters(text: str) -> None:
    found = echoes(LO="QZ07X4418829")
    assert found.in_text(KERNEL, "LO", text)
    assert not found.in_text(KERNEL, "LO", "44188290 1441882 qz07x")


@pytest.mark.parametrize("value", ["4418829", "+4418829", "04418829", "4418829.0", "1\\4418829."])
def test_a_number_is_found_however_it_is_written(value: str) -> None:
    assert echoes(LO="QZ07-4418829").in_number(value)
    assert not echoes(LO="QZ07-4418829").in_number(f"{value}5")


def test_words_of_an_institution_are_not_searched_for_inside_of_words() -> None:
    assert not echoes(LO="Radiology").in_text(KERNEL, "LO", "neuroradiology")
    assert echoes(LO="CTROOM7").in_text(KERNEL, "LO", "xctroom7y")


def test_the_scheme_of_an_address_is_no_part_of_it() -> None:
    found = echoes(UR="mailto:zyxel@nowhere.example")
    assert found.in_text(KERNEL, "LO", "to zyxel@nowhere.example")
    assert not found.in_text(KERNEL, "LO", "mailto")


def test_a_word_is_taken_out_with_its_marks() -> None:
    assert echoes(PN="ณรงค์ฤทธานนท์^พิมพ์").without("CT ณรงค์ฤทธานนท์ chest") == "CT  chest"
    assert echoes(PN="Mu\u0308ller^Eva").without("of Mu\u0308ller.") == "of ."


@pytest.mark.parametrize(
    "text",
    [
        "17032021",
        "03172021",
        "2021_03_17",
        "2021年3月17日",
        "2021-Mar-17",
        "Mar17, 2021",
        "17_MAR_2021",
        "17/Mar/2021",
        "3/17/21",
        "17-03-21",
        "21.3.17",
    ],
)
def test_a_date_is_found_as_files_and_other_languages_write_it(text: str) -> None:
    assert echoes(DA="20210317").in_text(KERNEL, "LO", text)
    assert not echoes(DA="20210318").in_text(KERNEL, "LO", text)


@pytest.mark.parametrize(
    "text",
    ["17 Mar 2021", "17. März 2021", "March 17, 2021", "made 17-MAR-2021", "17mars2021"],
)
def test_a_date_is_found_with_its_months_name(text: str) -> None:
    assert echoes(DA="20210317").in_text(KERNEL, "LO", text)
    assert not echoes(DA="20210318").in_text(KERNEL, "LO", text)


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_text_is_searched_for_text_of_two_bytes_a_character(encoding: str) -> None:
    found, wide = echoes(PN="Quorra^Zyxel"), "by Zyxel".encode(encoding).decode("ascii")
    assert found.in_text(0x00181210, "LO", wide)
    assert found.in_text(0x00181210, "CS", wide)
    assert echoes(PN="\0".join("Quorra^Zyxel")).in_text(0x00181210, "LO", "zyxel")
    assert not found.in_text(0x00181210, "LO", "by\0nobody")


def test_any_number_of_digits_is_searched_in_time() -> None:
    found = echoes(UI="1.2.3.4.77.1", DA="20210317", LO="778812")
    for many in ("1" * 500_000, "0" * 500_000):
        assert not found.in_text(0x00181210, "LT", f"{many}. in 2021")
        assert found.in_text(0x00181210, "LT", f"{many} 1.2.3.4.77.1")
    assert not found.in_number(f"{'0' * 60_000}.1\\17788129")


def test_binary_values_are_searched_for_uids() -> None:
    found = echoes(UI="1.2.3.4.77.1")
    assert found.in_bytes(b"\x01\x02 1.2.3.4.77.1\x00")
    assert not found.in_bytes(b"\x01\x02 1.2.3.4.77.12")
    assert not echoes(LO="Quorra").in_bytes(b"1.2.3.4.77.1")


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_binary_values_are_searched_for_text_of_two_bytes_a_character(encoding: str) -> None:
    found = echoes(LO="QX-778812", PN="Quorra^Zyxel")
    for text in ("QX-778812", "quorra"):
        assert found.in_bytes(b"\x01\x02" + text.encode(encoding) + b"\x03")
    assert not found.in_bytes("another text".encode(encoding))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be", "latin-1"])
def test_binary_values_are_searched_for_names_of_other_letters(encoding: str) -> None:
    found = echoes(PN="Öxenfürth^Ann")
    assert found.in_bytes(b"\x01" + "Öxenfürth".encode(encoding))
    assert not found.in_bytes(b"\x01" + "Öxenfurch".encode(encoding))
    if encoding != "latin-1":
        assert echoes(PN="Чернозубов^Елистрат").in_bytes("Чернозубов".encode(encoding))
