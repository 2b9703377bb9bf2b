from __future__ import annotations

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from shared.dicom.standard import (
    generate_data_elements,
    generate_modules,
    generate_retired_uids,
    retired_uids,
)
from shared.dicom.standard.enumerated_values import ENUMERATED_NUMBERS, ENUMERATED_TEXT
from shared.dicom.validation.conditions import CONDITIONS, PRESENT_BY
from shared.dicom.validation.modules import Node, is_known, requirements
from shared.dicom.validation.rules import RULES

CT, MR, SEG = (f"1.2.840.10008.5.1.4.1.1.{arc}" for arc in ("2", "4", "66.4"))
US, CR, SR = (f"1.2.840.10008.5.1.4.1.1.{arc}" for arc in ("6.1", "1", "88.11"))
FOLDER = Path(retired_uids.__file__).parent


def stored(name: str) -> str:
    return (FOLDER / name).read_text(encoding="utf-8")


def test_the_table_of_modules_is_what_its_generator_writes() -> None:
    if find_spec("highdicom") is None:
        pytest.skip("highdicom 0.28.2 is not installed: the source of the table")

    assert generate_modules.rendered() == stored("modules.json")


def test_the_table_of_data_elements_is_what_its_generator_writes() -> None:
    assert generate_data_elements.rendered() == stored("data_elements.json")


def test_the_retired_uids_are_what_their_generator_writes() -> None:
    assert generate_retired_uids.rendered() == stored("retired_uids.py")


def test_every_table_states_its_source_and_licence() -> None:
    for name in ("modules.json", "data_elements.json"):
        assert "MIT licence" in json.loads(stored(name))["source"]


@pytest.mark.parametrize(
    ("sop_class", "type_1", "type_2"),
    [
        # PS3.3 Tables C.7-1, C.7-3, C.7-5a, C.7-6, C.7-8, C.7-10, C.7-11a, C.8-3, C.12-1
        (
            CT,
            {0x00080008, 0x00080060, 0x00200032, 0x00200037, 0x00280030, 0x00281052, 0x00281053},
            {0x00080050, 0x00080090, 0x00100010, 0x00100040, 0x00180050, 0x00180060, 0x00200012},
        ),
        # C.8-4
        (MR, {0x00180020, 0x00180021, 0x00200052}, {0x00180022, 0x00180023, 0x00180081}),
        # C.8.20.2, C.7.5.2, C.7.6.16
        (SEG, {0x00620001, 0x00620002, 0x00080070, 0x00181000}, {0x00700081}),
        # C.8-1
        (CR, {0x00280010, 0x0020000E}, {0x00180015, 0x00185101}),
        # C.17-1, C.17-2
        (SR, {0x0040A491, 0x0040A493, 0x0040A040, 0x0040A050}, {0x0040A372}),
        # C.8.5.6
        (US, {0x00280002, 0x00280100}, {0x00200013}),
    ],
)
def test_types_as_the_standard_has_them(sop_class: str, type_1: set[int], type_2: set[int]) -> None:
    root = requirements(sop_class).root

    assert type_1 - root.type_1 == set()
    assert type_2 - root.type_2 == set()


def test_items_of_sequences_as_the_standard_has_them() -> None:
    code = requirements(CT).root.below(0x00081032)  # Procedure Code Sequence, Table 8.8-1
    segment = requirements(SEG).root.below(0x00620002)  # Table C.8.20-4

    assert code.type_1 == {0x00080104}
    assert {tag for tag, *_ in code.conditional} == {0x00080100, 0x00080102}
    assert {0x00620004, 0x00620005, 0x00620008} - segment.type_1 == set()


def test_content_items_hold_content_items() -> None:
    item = requirements(SR).root.below(0x0040A730)

    assert item.type_1 == {0x0040A010}
    assert item.below(0x0040A730) is item


def test_functional_groups_may_stand_in_either_place() -> None:
    shared, per_frame = (requirements(SEG).root.below(tag) for tag in (0x52009229, 0x52009230))

    assert shared.type_1 == per_frame.type_1 == frozenset()
    assert 0x00280030 in shared.filled | shared.below(0x00289110).filled


def test_an_unknown_class_requires_nothing() -> None:
    assert not is_known("1.2.3")
    assert requirements("1.2.3").root == Node(frozenset(), frozenset(), frozenset(), (), {})


def test_every_class_has_requirements() -> None:
    classes = json.loads(stored("modules.json"))["sop_classes"]

    assert len(classes) == 180
    roots = [requirements(uid).root for uid in classes]
    assert all(root.type_1 or root.type_2 for root in roots)


def test_hand_kept_tables_name_attributes_of_the_dictionary() -> None:
    tags = {*ENUMERATED_TEXT, *ENUMERATED_NUMBERS, *CONDITIONS, *PRESENT_BY.values()}

    assert [f"{tag:08X}" for tag in sorted(tags) if RULES[tag] is None] == []
    texts = {tag for tag in ENUMERATED_TEXT if "CS" in (RULES[tag] or RULES[0x00080060]).vrs}  # type: ignore[union-attr]
    assert texts == set(ENUMERATED_TEXT)


def test_nothing_is_loaded_before_it_is_needed() -> None:
    code = (
        "import sys; from shared.dicom.inspection import inspect;"
        "from shared.dicom.validation import modules, rules;"
        "print(modules._tables.cache_info().currsize, rules._dictionary.cache_info().currsize,"
        " 'pydicom' in sys.modules)"
    )
    root = FOLDER.parents[2]
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True
    )

    assert done.stdout.split() == ["0", "0", "False"]
