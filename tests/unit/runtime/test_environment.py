import json
from ipaddress import ip_network
from pathlib import Path

import pytest

from shared.contracts.facilities import Facilities
from shared.contracts.mail_server import Security
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


def test_networks_choices_and_mailboxes_are_read() -> None:
    env = Environment({"NETS": " 10.0.0.0/8  ::1/128", "HOW": "tls", "FROM": "a@example.org"})
    assert env.networks("NETS") == (ip_network("10.0.0.0/8"), ip_network("::1/128"))
    assert env.choice("HOW", Security.STARTTLS) is Security.TLS
    assert env.mailbox("FROM") == "a@example.org"
    assert (env.networks("NO"), env.choice("NO", Security.TLS), env.mailbox("NO")) == (
        (),
        Security.TLS,
        "",
    )
    env.check()


@pytest.mark.parametrize("networks", ["10.0.0.1/8", "here", "10.0.0.0/8, ::1"])
def test_what_is_no_list_of_networks_is_a_problem(networks: str) -> None:
    env = Environment({"NETS": networks})
    assert env.networks("NETS") == ()
    with pytest.raises(SettingsError, match="NETS is no list of networks"):
        env.check()


@pytest.mark.parametrize("address", ["someone", "a@b", "a@example.org\nBcc: b@example.org", "@x.y"])
def test_what_is_no_mail_address_is_a_problem(address: str) -> None:
    env = Environment({"FROM": address})
    env.mailbox("FROM")
    with pytest.raises(SettingsError, match="FROM is no mail address"):
        env.check()


def test_a_choice_that_is_none_of_them_is_a_problem() -> None:
    env = Environment({"HOW": "magic"})
    assert env.choice("HOW", Security.TLS) is Security.TLS
    with pytest.raises(SettingsError, match="HOW is none of starttls, tls, none"):
        env.check()


def test_a_file_that_may_be_missing_is_read_as_what_stands_for_it(tmp_path: Path) -> None:
    env = Environment({})
    assert env.document("FILE", str, "placeholder", when_unset={}) == "{}"
    env.check()
    env = Environment({"FILE": str(tmp_path / "nowhere")})
    assert env.document("FILE", str, "placeholder", when_unset={}) == "placeholder"
    with pytest.raises(SettingsError):
        env.check()


def test_what_is_made_of_several_variables_is_a_problem_of_its_own() -> None:
    def fails() -> int:
        raise SettingsError("invalid-settings", ["A needs B", "B needs A"])

    env = Environment({})
    assert (env.made(lambda: 1, 2), env.made(fails, 2)) == (1, 2)
    env.text("C")
    with pytest.raises(SettingsError) as caught:
        env.check()
    assert caught.value.problems == ("A needs B", "B needs A", "C is not set")
