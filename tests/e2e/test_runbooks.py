"""Every command and query of the runbooks that a local cloud can carry out is carried out."""

import os
import re
import shlex
from pathlib import Path

import pytest

from infra.local.drop import Upload, drop
from infra.local.layout import ROOT
from infra.operate import __main__ as operate
from infra.operate import letters
from tests.builders import an_instance
from tests.e2e.conftest import Cloud
from tests.e2e.watch import query, until

PAGE = (ROOT / "infra" / "RUNBOOKS.md").read_text()
BLOCK = re.compile(r"^```(console|sql)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def _commands(block: str) -> list[str]:
    """Return the commands of a block; a line that ends with a backslash goes on."""
    joined = block.replace("\\\n", " ")
    return [each.strip() for each in re.split(r"(?m)^\$ ", joined) if each.strip()]


def _blocks(kind: str) -> list[str]:
    return [text for found, text in BLOCK.findall(PAGE) if found == kind]


@pytest.fixture(scope="module")
def used(cloud: Cloud) -> Cloud:
    """A cloud in which something was archived, and something refused."""
    files = {"archived": an_instance(patient=960), "refused": an_instance(patient=961)[:-700]}
    uploads = [
        Upload(name=f"demo-hospital/runbooks/{name}", content=data) for name, data in files.items()
    ]
    drop(cloud.clients, uploads)
    until(
        lambda: query(
            cloud,
            "SELECT * FROM imaging.uploads WHERE ObjectName = 'demo-hospital/runbooks/archived'",
        )
    )
    return cloud


def test_every_command_is_carried_out(
    used: Cloud,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name, value in used.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PSEUDONYM_KEY_FILE", str(used.layout.secrets / "pseudonym-key"))
    monkeypatch.setattr(letters, "WAIT_S", 0.5)  # nobody else looks at them meanwhile
    monkeypatch.chdir(tmp_path)
    commands = [command for block in _blocks("console") for command in _commands(block)]
    assert len(commands) > 10
    failed = {}
    for command in commands:
        words = shlex.split(os.path.expandvars(command))
        assert words[:3] == ["python", "-m", "infra.operate"], command
        status = operate.main(words[3:])
        said = capsys.readouterr()
        if status not in {0, 1} or said.err:  # 1: somebody has to look at something
            failed[command] = said.out + said.err
    assert failed == {}
    assert (tmp_path / "erasure.json").exists()


@pytest.mark.parametrize("sql", _blocks("sql"))
def test_every_query_is_answered(used: Cloud, sql: str) -> None:
    query(used, sql)
