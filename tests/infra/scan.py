"""Scans the plan of the full example with checkov, which does not fit beside our other packages.

`make infra-scan` installs it alone, from `checkov.lock`, and runs this over it. What checkov finds
and `checkov.yaml` does not explain, and what is explained there and not found, ends with status 1.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import yaml

from infra.bundle import ROOT
from tests.infra.terraform import prepared

RESULT: Final = ROOT / "build" / "infra" / "checkov.json"
EXAMPLE: Final = "full"
_OPTIONS: Final = "--framework terraform_plan --skip-download --compact --quiet --output json"


def found_by(python: Path, plan: str) -> Mapping[str, Any]:
    """Return what checkov, installed for an interpreter, finds in a plan."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "plan.json"
        file.write_text(plan)
        done = subprocess.run(
            [python, "-m", "checkov.main", "--file", file, *_OPTIONS.split()],
            capture_output=True,
            text=True,
            check=False,
        )
    found: Mapping[str, Any] = json.loads(done.stdout)
    return found


def shown() -> str:
    """Return the plan of the example as Terraform prints it."""
    with prepared() as terraform:
        terraform.plan(EXAMPLE)
        return terraform.shown(EXAMPLE)


def main() -> int:
    """Scan, and print what is not explained."""
    parser = argparse.ArgumentParser(prog="tests.infra.scan", description=__doc__)
    parser.add_argument("python", type=Path, help="an interpreter that has checkov")
    explained = yaml.safe_load(Path(__file__).with_name("checkov.yaml").read_text())
    found = found_by(parser.parse_args().python, shown())
    failed = {
        each["check_id"]: f"{each['check_id']} {each['check_name']}: {each['resource']}"
        for each in found["results"]["failed_checks"]
    }
    for check in sorted(failed.keys() - explained):
        print(failed[check])
    for check in sorted(explained.keys() - failed.keys()):
        print(f"{check} is explained and fails nowhere")
    result = {"passed": found["summary"]["passed"], "failed": found["summary"]["failed"]}
    result["explained"] = sum(
        each["check_id"] in explained for each in found["results"]["failed_checks"]
    )
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    RESULT.write_text(json.dumps(result) + "\n")
    print(", ".join(f"{count} {what}" for what, count in result.items()))
    return int(failed.keys() != explained.keys())


if __name__ == "__main__":
    sys.exit(main())
