"""Every command and query of the runbooks that a local cloud can carry out is carried out."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from infra.local.drop import Upload, drop
from infra.local.layout import ROOT
from tests.builders import an_instance
from tests.e2e.conftest import Cloud
from tests.e2e.watch import query, until

PAGE = (ROOT / "infra" / "RUNBOOKS.md").read_text()
BLOCK = re.compile(r"^```(console|sql)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def _commands(block: str) -> list[str]:
    """Return the commands of a block; a line that ends with a backslash goes on."""
    return [each.strip() for each in re.split(r"(?m)^\$ ", block) if each.strip()]


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


def test_every_command_is_carried_out(used: Cloud, tmp_path: Path) -> None:
    key = used.layout.secrets / "pseudonym-key"
    environment = {
        **used.environment,
        "HOME": str(tmp_path),
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PSEUDONYM_KEY_FILE": str(key),
        "PYTHONPATH": str(ROOT),
    }
    commands = [command for block in _blocks("console") for command in _commands(block)]
    assert len(commands) > 10
    failed = {}
    for command in commands:
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode not in {0, 1} or done.stderr:  # 1: somebody has to look at something
            failed[command] = done.stdout + done.stderr
    assert failed == {}
    assert (tmp_path / "erasure.json").exists()


@pytest.mark.parametrize("sql", _blocks("sql"))
def test_every_query_is_answered(used: Cloud, sql: str) -> None:
    query(used, sql)
