"""Tables E.1-1, E.3.4-1 and E.3.10-1 are complete, and are what their generators make."""

import json
from collections import Counter
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from typing import Any

import pytest

from shared.dicom.deidentification import generate_safe_private, generate_table
from shared.dicom.deidentification.table import (
    CONTENT_PATH,
    SAFE_PRIVATE_PATH,
    TABLE_PATH,
    content_rows,
    safe_private,
    table,
)


def test_all_rows_of_the_edition_are_there() -> None:
    assert table().edition == "2026d"
    assert len(table().rows) == 657
    assert len({row.tag for row in table().rows}) == 657
    assert len(content_rows()) == 214
    assert len({(row.scheme, row.code, row.value_type) for row in content_rows()}) == 214


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
    assert {option for row in content_rows() for option in row.options} < named


def test_the_basic_profile_has_as_many_rows_of_each_action_as_the_standard() -> None:
    assert Counter(row.basic for row in table().rows) == {
        "X": 417, "D": 93, "U": 55, "Z": 42, "X/D": 23, "X/Z": 11, "X/Z/D": 8, "Z/D": 6,
        "X/Z/U*": 2,
    }  # fmt: skip


def test_every_option_has_as_many_rows_as_the_standard() -> None:
    assert Counter(option for row in table().rows for option in row.options) == {
        "retain_safe_private": 1, "retain_uids": 60, "retain_device_identity": 59,
        "retain_institution_identity": 10, "retain_patient_characteristics": 19,
        "retain_longitudinal_full_dates": 169, "retain_longitudinal_modified_dates": 169,
        "clean_descriptors": 141, "clean_structured_content": 4, "clean_graphics": 4,
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


@pytest.mark.parametrize(
    ("code", "meaning", "value_type", "basic", "options"),
    [
        ("121008", "Person Observer Name", "PNAME", "D", {}),
        ("121012", "Device Observer UID", "UIDREF", "X/D", {"retain_device_identity": "K"}),
        ("121071", "Finding", "TEXT", "X/D", {"clean_descriptors": "C"}),
    ],
)
def test_a_concept_reads_as_in_the_standard(
    code: str, meaning: str, value_type: str, basic: str, options: dict[str, str]
) -> None:
    rows = [row for row in content_rows() if (row.code, row.value_type) == (code, value_type)]
    assert [(row.meaning, row.basic) for row in rows] == [(meaning, basic)]
    assert options.items() <= dict(rows[0].options).items()


def test_safe_private_attributes_are_known_by_creator_and_element() -> None:
    assert sum(len(elements) for elements in safe_private().values()) == 87
    assert safe_private()["SIEMENS MR HEADER"][0x0019, 0x0C] == "IS"
    assert safe_private()["GEMS_PARM_01"][0x0043, 0x39] == "IS"
    assert (0x0019, 0x0C) not in safe_private()["GEMS_ACQU_01"]


def made_of(module: Any, *transformations: Callable[..., dict[str, Any]]) -> list[str]:
    """What a generator makes of its installed source."""
    try:
        source, version = module.installed_source()
    except PackageNotFoundError:
        pytest.skip(f"the package {module.PACKAGE}, a table's source, is not installed")
    return [module.rendered(transformed(source, version)) for transformed in transformations]


def test_the_stored_tables_are_what_the_generator_makes() -> None:
    made = made_of(generate_table, generate_table.transformed, generate_table.transformed_content)
    assert made == [TABLE_PATH.read_text("utf-8"), CONTENT_PATH.read_text("utf-8")]


def test_the_stored_safe_private_attributes_are_what_the_generator_makes() -> None:
    made = made_of(generate_safe_private, generate_safe_private.transformed)
    assert made == [SAFE_PRIVATE_PATH.read_text("utf-8")]


@pytest.mark.parametrize(
    ("module", "path"),
    [
        (generate_table, TABLE_PATH),
        (generate_table, CONTENT_PATH),
        (generate_safe_private, SAFE_PRIVATE_PATH),
    ],
)
def test_the_rendering_is_the_table_again(module: Any, path: Path) -> None:
    stored = json.loads(path.read_text("utf-8"))
    assert json.loads(module.rendered(stored)) == stored
