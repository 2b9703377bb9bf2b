"""Proof that the checks can fail: broken variants of the infrastructure, each caught by one.

`make infra-mutations` tries every one and writes `build/infra/mutations.json`.
"""

import json
import os
import random
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

from infra.bundle import ROOT
from tests.infra.plan import Plan
from tests.infra.policies.everything import POLICIES, SOURCES
from tests.infra.terraform import Terraform, prepared

RESULT: Final = ROOT / "build" / "infra" / "mutations.json"
EXAMPLE: Final = "full"
# The steps of Terraform that may refuse a variant.
STEPS: Final = {
    "fmt": ("fmt", "-check", "-recursive"),
    "validate": ("validate", "-no-color"),
    "test": ("test", "-no-color"),
}


class StaleError(Exception):
    """A variant does not fit the files any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """One text in one file replaced by another, and the check that must catch it."""

    file: str
    old: str
    new: str
    caught_by: str
    nth: int | None = None  # which of several; else there is but one
    and_: dict[str, str] = field(default_factory=dict)  # what else must be replaced with it

    @property
    def name(self) -> str:
        """What to call it."""
        return f"{self.file}: {self.old.strip()[:60]!r} → {self.new.strip()[:60]!r}"

    def apply(self, folder: Path) -> None:
        """Break the files in a folder.

        Raises:
            Stale: the text is not there, or not once.
        """
        file = folder / self.file
        text = file.read_text()
        if text.count(self.old) != 1 and self.nth is None:
            raise StaleError(f"{self.name}: found {text.count(self.old)} times")
        parts = text.split(self.old)
        nth = self.nth or 1
        if nth >= len(parts):
            raise StaleError(f"{self.name}: not found")
        text = self.old.join(parts[:nth]) + self.new + self.old.join(parts[nth:])
        for old, new in self.and_.items():
            text = text.replace(old, new)
        file.write_text(text)


def mutants() -> list[Mutant]:
    """Return every variant."""
    listed: list[dict[str, Any]] = yaml.safe_load(
        Path(__file__).with_name("mutations.yaml").read_text()
    )
    return [
        Mutant(**{"and_" if key == "and" else key: each[key] for key in each}) for each in listed
    ]


def tried(chosen: Sequence[Mutant], whole: Terraform) -> Iterator[tuple[Mutant, bool]]:
    """Yield each of some variants with whether the check that it names catches it.

    Each is made in a copy of what is whole, as many at once as there are processors.
    """
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        found = pool.map(lambda mutant: _outcome(mutant, whole), chosen)
        for mutant, outcome in zip(chosen, found, strict=True):
            if isinstance(outcome, Plan):
                yield mutant, any(POLICIES[mutant.caught_by](outcome))
            else:
                yield mutant, outcome


def _outcome(mutant: Mutant, whole: Terraform) -> Plan | bool:
    """Return whether a variant is refused; where that is for a policy to say, its plan."""
    with tempfile.TemporaryDirectory() as folder:
        broken = whole.copied(Path(folder) / "checkout")
        mutant.apply(broken.folder)
        if mutant.caught_by in SOURCES:
            return any(SOURCES[mutant.caught_by](broken.folder))
        if mutant.caught_by in STEPS:
            return broken.run(*STEPS[mutant.caught_by]).status != 0
        done = broken.plan(EXAMPLE)
        if mutant.caught_by == "plan" or done.status:
            return mutant.caught_by == "plan" and done.status != 0
        return broken.planned(EXAMPLE)


def handful(count: int) -> list[Mutant]:
    """Return some variants, others with each seed of the session."""
    return random.sample(mutants(), count)


def main() -> int:
    """Try every variant; status 1 when one was not caught."""
    results = []
    with prepared() as whole:
        for mutant, caught in tried(mutants(), whole):
            results.append(caught)
            if not caught:
                print(f"not caught by {mutant.caught_by}: {mutant.name}", flush=True)
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    RESULT.write_text(json.dumps({"mutants": len(results), "caught": sum(results)}) + "\n")
    print(f"{sum(results)} of {len(results)} variants caught")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
