"""The page on threats names tests and policies that exist, and says of each threat all there is."""

import re

import pytest

from infra.docs import ROOT

PAGE = (ROOT / "infra" / "THREATS.md").read_text()
SECTIONS = re.split(r"(?m)^## ", PAGE)[1:]
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", PAGE)))


@pytest.mark.parametrize(("file", "function"), NAMED)
def test_what_is_named_exists(file: str, function: str) -> None:
    text = (ROOT / file).read_text()
    assert not function or re.search(rf"(?m)^def {function}\(", text), "no such test"


@pytest.mark.parametrize("section", SECTIONS, ids=lambda text: text.partition("\n")[0])
def test_a_threat_says_what_stops_it_what_shows_it_and_what_remains(section: str) -> None:
    words = " ".join(section.split())
    parts = ("**Could happen:**", "**Stops it:**", "**Shown by:**", "**Remains:**")
    places = [words.find(part) for part in parts]
    assert -1 not in places
    assert places == sorted(places)
    assert "`tests/" in words[places[2] : places[3]]


def test_a_policy_is_one_that_plans_are_held_to() -> None:
    held = (ROOT / "tests/infra/policies/everything.py").read_text()
    policies = {
        (file.rpartition("/")[2].removesuffix(".py"), function)
        for file, function in NAMED
        if "/policies/" in file
    }
    assert policies
    assert {each for each in policies if f"{each[0]}.{each[1]}" not in held} == set()
