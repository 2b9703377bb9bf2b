"""The commands that the README names exist and explain themselves."""

import re
import subprocess

import pytest

from infra.local.layout import ROOT

PROMISED = (
    "demo",
    "up",
    "down",
    "status",
    "logs",
    "drop",
    "sql",
    "notebook",
    "release",
    "promote",
    "dead-letters",
    "reconcile",
    "test",
    "check",
    "bundle",
    "lock",
    "fmt",
    "lint",
    "types",
    "clean",
)


def _make(*arguments: str) -> str:
    command = ["make", "--no-print-directory", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout


def test_help_is_the_default() -> None:
    assert _make() == _make("help")


@pytest.mark.parametrize("target", PROMISED)
def test_help_explains(target: str) -> None:
    assert re.search(rf"^  {target} +\S", _make("help"), re.MULTILINE)


def test_no_line_of_help_is_wider_than_a_terminal() -> None:
    assert max(map(len, _make("help").splitlines())) <= 100


def test_what_a_person_passes_is_never_read_by_the_shell() -> None:
    text = _make("--dry-run", "--assume-old=.venv/.run-ready", "sql", "Q=SELECT 'a' \"b\" `c`")
    assert "`c`" not in text
    assert '"$Q"' in text
