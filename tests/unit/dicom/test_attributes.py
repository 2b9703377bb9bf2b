from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.datadict import dictionary_VR, tag_for_keyword

from shared.dicom.attributes import HOT_COLUMNS, NAME_GROUPS, hot_values
from shared.dicom.inspection import inspect
from shared.dicom.source import BytesSource
from tests.builders import an_instance

TYPES_OF_VRS = {
    "STRING": {"LO", "SH", "CS", "UI"},
    "INTEGER": {"IS", "US"},
    "FLOAT": {"DS", "FD", "IS", "AS"},
    "DATE": {"DA"},
    "TIME": {"TM"},
    "RECORD": {"PN"},
}
NAMES_OF = {"SOPClassName": "SOPClassUID", "TransferSyntaxName": "TransferSyntaxUID"}
TAGS = {each.column: each.tag for each in HOT_COLUMNS}


def value_of(column: str, *values: Any, vr: str = "XX") -> Any:
    return hot_values({TAGS[column]: {"vr": vr, "Value": list(values)}})[column]


@pytest.mark.parametrize("column", HOT_COLUMNS, ids=lambda each: each.column)
def test_a_column_is_the_attribute_of_its_name(column: Any) -> None:
    keyword = NAMES_OF.get(column.column, column.column)
    tag = tag_for_keyword(keyword)

    assert tag is not None
    assert f"{tag:08X}" == column.tag
    assert dictionary_VR(tag) in TYPES_OF_VRS[column.bigquery_type]
    assert column.mode in {"NULLABLE", "REPEATED"}
    assert column.description


def test_columns_are_named_once() -> None:
    assert len({each.column for each in HOT_COLUMNS}) == len(HOT_COLUMNS)


@pytest.mark.parametrize(
    ("column", "value", "expected"),
    [
        ("StudyDate", "20240229", "2024-02-29"),
        ("StudyDate", "2024.02.29", "2024-02-29"),
        ("StudyDate", "20230229", None),
        ("StudyDate", "20240229-20240301", None),
        ("StudyDate", "00000000", None),
        ("StudyTime", "08", "08:00:00"),
        ("StudyTime", "0815", "08:15:00"),
        ("StudyTime", "081530", "08:15:30"),
        ("StudyTime", "081530.5", "08:15:30.500000"),
        ("StudyTime", "08:15:30", "08:15:30"),
        ("StudyTime", "081560", None),
        ("StudyTime", "250000", None),
        ("PatientAge", "045Y", 45.0),
        ("PatientAge", "018M", 1.5),
        ("PatientAge", "52W", 52 / (365.25 / 7)),
        ("PatientAge", "000D", 0.0),
        ("PatientAge", "45", None),
        ("PatientSex", "F", "F"),
        ("PatientSex", 1, None),
        ("PatientID", " 42 ", "42"),
        ("PatientID", "  ", None),
        ("Rows", 512, 512),
        ("Rows", 512.0, 512),
        ("Rows", True, None),
        ("Rows", 1 << 63, None),
        ("Rows", "512", None),
        ("KVP", 120, 120.0),
        ("KVP", None, None),
        ("SOPClassName", "1.2.840.10008.5.1.4.1.1.2", "CT Image Storage"),
        ("SOPClassName", "1.2.3", None),
        ("TransferSyntaxName", "1.2.840.10008.1.2.1", "Explicit VR Little Endian"),
        ("TransferSyntaxName", "1.2.3", None),
        ("PatientName", {"Alphabetic": "A^B"}, {"Alphabetic": "A^B", "Ideographic": None,
                                                "Phonetic": None}),
        ("PatientName", {}, None),
        ("PatientName", "A^B", None),
    ],
)  # fmt: skip
def test_a_value_is_converted_or_none(column: str, value: Any, expected: Any) -> None:
    assert value_of(column, value) == expected


def test_repeated_columns_keep_positions_or_are_empty() -> None:
    assert value_of("PixelSpacing", 0.5, 1) == [0.5, 1.0]
    assert value_of("PixelSpacing", 0.5, None) == []
    assert value_of("ImageType", "DERIVED", None, "MPR") == ["DERIVED", "", "MPR"]
    assert hot_values({})["ImageType"] == []
    assert hot_values({})["Rows"] is None


def test_a_nullable_column_has_the_first_value() -> None:
    assert value_of("Modality", "CT", "PT") == "CT"


def test_an_instances_values_are_its_attributes() -> None:
    values = hot_values(inspect(BytesSource(an_instance(patient=7, rows=8))).metadata)

    assert list(values) == [each.column for each in HOT_COLUMNS]
    assert values["PatientID"] == "PID00007"
    assert values["PatientName"] == {
        "Alphabetic": "Sample^Person7",
        "Ideographic": None,
        "Phonetic": None,
    }
    assert (values["StudyDate"], values["StudyTime"]) == ("2024-01-31", "08:15:30")
    assert (values["Rows"], values["SOPClassName"]) == (8, "CT Image Storage")
    assert tuple(values["PatientName"]) == NAME_GROUPS


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=8,
)
elements = st.fixed_dictionaries({}, optional={"vr": anything, "Value": anything}) | anything


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.sampled_from(sorted(TAGS.values())), elements))
def test_no_json_makes_it_raise(metadata: dict[str, Any]) -> None:
    assert len(hot_values(metadata)) == len(HOT_COLUMNS)
