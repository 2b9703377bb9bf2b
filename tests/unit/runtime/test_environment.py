import json
from pathlib import Path

import pytest

from shared.contracts.facilities import Facilities
from shared.errors import SettingsError
from shared.runtime.environment import Environment


def test_every_problem_is_reported_at_once() -> None:
    env = Environment({"COUNT": "0", "EMPTY": " ", "FILE": "/nowhere/at/all"})
    env.text("MISSING")
    env.text("EMPTY")
    env.integer("COUNT", 5)
    env.secret("FILE")
    with pytest.raises(SettingsError) as caught:
        env.check()
    assert [problem.split()[0] for problem in caught.value.problems] == [
        "MISSING",
        "EMPTY",
        "COUNT",
        "FILE",
    ]


def test_sound_variables_pass() -> None:
    env = Environment({"NAME": "x", "COUNT": "7"})
    assert (env.text("NAME"), env.integer("COUNT", 1)) == ("x", 7)
    assert (env.optional("NO"), env.integer("NO", 3)) == (None, 3)
    env.check()


def test_a_secret_is_the_content_of_its_file(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("content\n")
    env = Environment({"FILE": str(file)})
    assert env.secret("FILE") == b"content"
    env.check()


def test_a_registry_is_read_from_its_file(tmp_path: Path) -> None:
    file = tmp_path / "facilities.json"
    registry = {"h": {"conflicts": "last"}}
    file.write_text(json.dumps(registry))
    env = Environment({"FILE": str(file)})
    assert env.document("FILE", Facilities.from_data, Facilities({})) == (
        Facilities.from_data(registry)
    )
    env.check()


@pytest.mark.parametrize("content", [None, "", "{", "{}", '{"h": {"conflicts": "always"}}'])
def test_a_registry_that_is_not_sound_stops_the_function(
    tmp_path: Path, content: str | None
) -> None:
    file = tmp_path / "facilities.json"
    if content is not None:
        file.write_text(content)
    env = Environment({"FILE": str(file)})
    env.document("FILE", Facilities.from_data, Facilities({}))
    with pytest.raises(SettingsError, match="FILE"):
        env.check()


def test_a_short_secret_is_a_problem_that_does_not_quote_it(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("content")
    env = Environment({"FILE": str(file)})
    env.secret("FILE", at_least=16)
    with pytest.raises(SettingsError) as caught:
        env.check()
    assert "content" not in str(caught.value)


@pytest.mark.parametrize(
    ("address", "problems"),
    [
        ("https://receiver.example.org/hook", 0),
        ("http://127.0.0.1:8080/hook", 0),
        ("http://localhost/hook", 0),
        ("http://receiver.example.org/hook", 1),
        ("https://", 1),
        ("ftp://127.0.0.1", 1),
        ("receiver.example.org", 1),
        ("", 0),
    ],
)
def test_an_address_is_https_or_this_machine(address: str, problems: int) -> None:
    env = Environment({"URL": address})
    env.address("URL")
    assert len(env._problems) == problems
