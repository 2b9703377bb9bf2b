from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.containers.names import Names, decoded, is_macos_addition
from shared.contracts.objects import ObjectVersion
from shared.contracts.provenance import member_version

SAFE = [
    ("a/b.dcm", "a/b.dcm"),
    ("./a//b/", "a/b"),
    ("DICOM\\IM0001", "DICOM/IM0001"),
    ("ü/ß 1", "ü/ß 1"),
    ("50%!#1", "50%25%21%231"),
    ("a..b/c..", "a..b/c.."),
]
UNSAFE = [
    "",
    ".",
    "/",
    "/etc/passwd",
    "../a",
    "a/../../b",
    "a\\..\\b",
    "\\\\server\\share",
    "C:/a",
    "c:a",
    "a\0b",
    "a\nb",
    "a\x7fb",
    "a\u2028b",
    "\udc80",
]


@pytest.mark.parametrize(("raw", "name"), SAFE)
def test_a_path_is_kept_as_far_as_it_is_one(raw: str, name: str) -> None:
    assert Names(512).give(raw, 0) == (name, None)


@pytest.mark.parametrize("raw", UNSAFE)
def test_a_path_that_leads_out_or_hides_something_is_refused_under_its_index(raw: str) -> None:
    assert Names(512).give(raw, 7) == ("!7", "member-path-unsafe")


def test_a_path_counts_in_bytes() -> None:
    assert Names(10).give("ü" * 5, 0) == ("ü" * 5, None)
    assert Names(10).give("ü" * 6, 0) == ("!0", "member-path-too-long")


def test_the_same_path_again_carries_its_index() -> None:
    names = Names(512)
    assert [
        names.give(raw, index)[0] for index, raw in enumerate(["a", "a", "./a", "a!2", "a"])
    ] == [
        "a",
        "a!1",
        "a!2",
        "a%212",
        "a!4",
    ]


@given(st.lists(st.text(max_size=12), max_size=20))
def test_no_two_members_share_a_name(raws: list[str]) -> None:
    names = Names(24)
    given_ = [names.give(raw, index)[0] for index, raw in enumerate(raws)]
    assert len(set(given_)) == len(raws)


@given(st.lists(st.text(alphabet="a!/#%1", max_size=8), min_size=2, max_size=2), st.integers(0, 9))
def test_no_member_has_the_key_of_an_object_or_of_another_containers(
    raws: list[str], generation: int
) -> None:
    name, _ = Names(512).give(raws[0], 1)
    container = ObjectVersion(bucket="inbox", name="h/a", generation=5)
    member = member_version(container, name)
    other = ObjectVersion(bucket="inbox", name=f"h/{raws[1]}", generation=generation)
    assert member.natural_key != other.natural_key
    forged = member_version(other, name)
    assert (member.natural_key == forged.natural_key) == (other == container)
    disguised = ObjectVersion(bucket="inbox", name=member.name, generation=5)
    assert member.natural_key != disguised.natural_key


def test_a_path_is_utf_8_or_what_dos_wrote() -> None:
    assert decoded("ü".encode()) == "ü"
    assert decoded(b"\x81") == "ü"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("__MACOSX/a", True),
        ("a/._b", True),
        (".DS_Store", True),
        ("a/b", False),
        ("a/__MACOSX/b", False),
    ],
)
def test_what_macos_adds_is_known_by_its_name(name: str, *, expected: bool) -> None:
    assert is_macos_addition(name) is expected
