import json
from dataclasses import fields

import pytest

from shared.contracts.facilities import (
    CONFLICT_POLICIES,
    DUPLICATE_POLICIES,
    POLICIES,
    ConflictPolicy,
    DuplicatePolicy,
    Facilities,
    Facility,
)
from shared.errors import ContractError

REGISTRY = {
    "north": {
        "description": "A hospital",
        "conflicts": "last",
        "duplicates": "keep",
        "archive_prefix": "region/north",
        "deidentification": "none",
        "patient_id_issuer": " REGION ",
    },
    "south": {},
}


def test_a_registry_is_read() -> None:
    facilities = Facilities.from_data(REGISTRY)
    assert facilities.get("north") == Facility(
        name="north",
        description="A hospital",
        conflicts=ConflictPolicy.LAST,
        duplicates=DuplicatePolicy.KEEP,
        archive_prefix="region/north",
        deidentification="none",
        patient_id_issuer="REGION",
    )
    south = facilities.get("south")
    assert south == Facility(name="south")
    assert south is not None
    assert (south.prefix, south.conflicts) == ("south", ConflictPolicy.FIRST)
    assert (south.duplicates, south.deidentification) == (DuplicatePolicy.DROP, "basic")
    assert facilities.get("west") is None


def test_a_registry_survives_the_journey() -> None:
    facilities = Facilities.from_data(REGISTRY)
    assert Facilities.from_data(json.loads(json.dumps(REGISTRY))) == facilities


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"north": {"conflicts": "always"}}, "north.conflicts is none of first, last, same-source"),
        ({"north": {"duplicates": "burn"}}, "north.duplicates is none of drop, keep"),
        ({"north": {"colour": "red"}}, "north.colour is not known"),
        ({"north": "yes"}, "north. is not an object"),
        ({"North": {}}, "North is no name for a facility"),
        ({"a/b": {}}, "a/b is no name for a facility"),
        ({"a": {"study_forced_s": 1_209_601}}, "a.study_forced_s is more than 1209600 seconds"),
        ({"unknown": {}}, "unknown is no name for a facility"),
        ({"claims": {}}, "claims is no name for a facility"),
        ({"east": {"archive_prefix": "region/../x"}}, "east.archive_prefix is no path"),
        ({"east": {"archive_prefix": "claims/x"}}, "east.archive_prefix begins with a reserved"),
        ({"east": {"archive_prefix": "south"}}, "lies in the part of"),
        ({"east": {"archive_prefix": "south/x"}}, "east.archive_prefix lies in the part of south"),
        ({"region": {}}, "north.archive_prefix lies in the part of region"),
        (
            {"south-east": {}, "east": {"archive_prefix": "south/x"}},  # one sorts between the two
            "east.archive_prefix lies in the part of south",
        ),
    ],
)
def test_every_mistake_is_named(change: dict[str, object], problem: str) -> None:
    with pytest.raises(ContractError) as caught:
        Facilities.from_data(REGISTRY | {"worst": {"duplicates": "?"}} | change)
    problems = caught.value.problems
    assert any(problem in each for each in problems), problems
    assert any(each.startswith("worst.duplicates") for each in problems)


@pytest.mark.parametrize("data", [[], {}, None, "no", 7])
def test_no_registry_is_a_mistake(data: object) -> None:
    with pytest.raises(ContractError):
        Facilities.from_data(data)


def test_what_begins_alike_is_not_inside() -> None:
    registry = {"a": {}, "a-b": {}, "c": {"archive_prefix": "a-b-c"}}
    assert len(list(Facilities.from_data(registry))) == 3


def test_ids_are_of_an_authority_or_of_the_facility_itself() -> None:
    facilities = Facilities.from_data(REGISTRY)
    assert [facility.authority for facility in facilities] == ["REGION", "south"]
    assert list(map(facilities.authority, ("north", "south", "west"))) == [
        "REGION",
        "south",
        "west",
    ]


def test_every_policy_is_explained() -> None:
    assert set(CONFLICT_POLICIES) == set(ConflictPolicy)
    assert set(DUPLICATE_POLICIES) == set(DuplicatePolicy)
    assert set(POLICIES) | {"name", "description"} == {field.name for field in fields(Facility)}
