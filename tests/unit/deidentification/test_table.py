"""Table E.1-1 is complete, and is what its generator makes of its source."""

import json
from collections import Counter
from importlib.metadata import PackageNotFoundError

import pytest

from shared.dicom.deidentification import generate_table
from shared.dicom.deidentification.table import TABLE_PATH, table


def test_all_rows_of_the_edition_are_there() -> None:
    assert table().edition == "2026d"
    assert len(table().rows) == 657
    assert len({row.tag for row in table().rows}) == 657


def test_all_option_columns_are_there() -> None:
    assert table().options == (
        "retain_safe_private",
        "retain_uids",
        "retain_device_identity",
        "retain_institution_identity",
        "retain_patient_characteristics",
        "retain_longitudinal_full_dates",
        "retain_longitudinal_modified_dates",
        "clean_descriptors",
        "clean_structured_content",
        "clean_graphics",
    )
    named = {option for row in table().rows for option in row.options}
    assert named == set(table().options)


def test_the_basic_profile_has_as_many_rows_of_each_action_as_the_standard() -> None:
    assert Counter(row.basic for row in table().rows) == {
        "X": 417, "D": 93, "U": 55, "Z": 42, "X/D": 23, "X/Z": 11, "X/Z/D": 8, "Z/D": 6,
        "X/Z/U*": 2,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("tag", "name", "basic", "options"),
    [
        (0x00080050, "Accession Number", "Z", {}),
        (0x00100010, "Patient's Name", "Z", {}),
        (0x00100020, "Patient ID", "Z/D", {}),
        (0x00181000, "Device Serial Number", "X/Z/D", {"retain_device_identity": "K"}),
        (0x0020000D, "Study Instance UID", "U", {"retain_uids": "K"}),
        (0x0008103E, "Series Description", "X", {"clean_descriptors": "C"}),
        (0x0040A730, "Content Sequence", "D", {"clean_structured_content": "C"}),
        (
            0x00080020,
            "Study Date",
            "Z",
            {"retain_longitudinal_full_dates": "K", "retain_longitudinal_modified_dates": "C"},
        ),
    ],
)
def test_a_row_reads_as_in_the_standard(
    tag: int, name: str, basic: str, options: dict[str, str]
) -> None:
    row = table().by_tag[tag]
    assert (row.name, row.basic, dict(row.options)) == (name, basic, options)


def test_the_stored_table_is_what_the_generator_makes() -> None:
    try:
        source, version = generate_table.installed_source()
    except PackageNotFoundError:
        pytest.skip(f"the package {generate_table.PACKAGE}, the table's source, is not installed")
    made = generate_table.rendered(generate_table.transformed(source, version))
    assert made == TABLE_PATH.read_text("utf-8")


def test_the_rendering_is_the_table_again() -> None:
    stored = json.loads(TABLE_PATH.read_text("utf-8"))
    assert json.loads(generate_table.rendered(stored)) == stored
