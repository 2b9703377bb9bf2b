from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from shared.dicom.inspection import inspect
from shared.dicom.reader import read_header
from shared.dicom.source import BytesSource
from shared.dicom.validation import validate
from shared.dicom.warnings import MOST_WARNINGS, WARNINGS, Warning_
from tests.builders import a_directory, a_uid, element, identity_elements, item, part10, sequence
from tests.builders import study_elements as study
from tests.unit.dicom.valid_objects import a_code, a_ct, a_radiograph, a_report, as_object

TODAY = date(2024, 2, 1)


def found(data: bytes, today: date | None = None) -> list[tuple[str, str]]:
    warnings = inspect(BytesSource(data), today=today).warnings
    return [(warning.code, warning.path) for warning in warnings]


def test_a_date_ahead_of_the_day_is_told() -> None:
    tomorrow, later = a_ct(StudyDate="20240202"), a_ct(ContentDate="20240203")

    assert found(as_object(tomorrow), TODAY) == []  # it is the next day elsewhere
    assert found(as_object(later), TODAY) == [("future-date", "00080023")]
    assert found(as_object(later)) == []


@pytest.mark.parametrize(
    ("attributes", "code", "path"),
    [
        ({"PatientBirthDate": "20240201"}, "dates-contradict", "00100030"),
        ({"SeriesDate": "20230101"}, "dates-contradict", "00080021"),
        ({"PatientAge": "050Y"}, "age-contradicts", "00101010"),
        ({"SeriesInstanceUID": a_uid(1, 1)}, "uids-not-distinct", "0020000E"),
        ({"Modality": "MR"}, "modality-contradicts", "00080060"),
        ({"HighBit": 15}, "bits-contradict", "00280102"),
        ({"BitsStored": 17, "HighBit": 16}, "bits-contradict", "00280101"),
    ],
)
def test_what_contradicts_within_one_object(
    attributes: dict[str, object], code: str, path: str
) -> None:
    assert found(as_object(a_ct(**attributes))) == [(code, path)]


def test_an_age_within_a_year_does_not_contradict() -> None:
    assert found(as_object(a_ct(PatientAge="054Y"))) == []
    assert found(as_object(a_ct(PatientAge="053Y"))) == []


def test_text_beyond_ascii_needs_a_character_set() -> None:
    plain = as_object(a_radiograph())
    accented = plain.replace(b"Made Up Devices", b"Made \xdcp Devices")
    named = as_object(a_radiograph(SpecificCharacterSet="ISO_IR 100"))

    assert found(accented) == [("missing-type-1c", "00080005")]
    assert found(named.replace(b"Made Up Devices", b"Made \xdcp Devices")) == []


def test_a_value_type_says_what_an_item_holds() -> None:
    report = a_report()
    del report.ContentSequence[0].TextValue
    nested = a_report()
    child = a_code("1", "99MADE", "Made up")
    nested.ContentSequence[0].ContentSequence = [child]

    assert found(as_object(report)) == [("missing-type-1c", "0040A730[0].0040A160")]
    assert ("missing-type-1", "0040A730[0].0040A730[0].0040A010") in found(as_object(nested))


def test_a_directory_is_not_looked_into() -> None:
    assert found(a_directory()) == []


def test_findings_are_bounded_and_the_rest_counted() -> None:
    private = [element(0x00190000 + n, "CS", b"low ") for n in range(0x1000, 0x1000 + 300)]
    few = inspect(BytesSource(part10(identity_elements() + study()))).warnings
    many = inspect(BytesSource(part10(identity_elements() + b"".join(private) + study()))).warnings

    assert len(many) == MOST_WARNINGS + 1
    assert many[-1].code == "findings-left-out"
    assert sum(each.count for each in many) == sum(each.count for each in few) + 300


def test_many_items_make_one_finding() -> None:
    items = [item(element(0x00080104, "LO", b"x" * 66)) for _ in range(1000)]
    whole = part10(identity_elements() + sequence(0x00081032, *items) + study())
    warnings = [each for each in inspect(BytesSource(whole)).warnings if "value" in each.code]

    assert warnings == [Warning_("value-length", "00081032[0].00080104", 1000)]


def test_every_code_has_a_meaning_and_no_text_a_value() -> None:
    header = read_header(BytesSource(as_object(a_ct())))
    odd = replace(header, warnings=tuple(WARNINGS))

    assert all(warning.text == WARNINGS[warning.code] for warning in validate(odd, None))


def test_no_value_is_in_any_warning() -> None:
    marker = "ZZMARKERZZ"
    data = a_ct(PatientName=marker, StudyDescription=marker, StudyID=marker * 2)
    warnings = inspect(BytesSource(as_object(data))).warnings

    assert warnings
    assert all(marker not in f"{each.code}{each.path}{each.text}" for each in warnings)
