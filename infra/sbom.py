"""A bill of materials per function, CycloneDX 1.6 as JSON: what is installed beside its bundle.

Names, versions and hashes are those that `requirements.txt` pins, licences what the installed
packages say of themselves. Nothing depends on the moment or the machine: equal pins, equal bytes.
The hashes are of all files of a version, one of which is installed.
"""

import json
import re
import sys
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Any, Final

from packaging.utils import canonicalize_name

from infra.bundle import build
from infra.definition import Function, load_pipeline
from infra.requirements import ROOT, read_lock
from shared.contracts.outcome import PIPELINE_VERSION

BILLS: Final = ROOT / "build" / "sbom"
OWN_LICENCE: Final = "Apache-2.0"

_PIN: Final = re.compile(r"==([^\s;\\]+)")
_HASH: Final = re.compile(r"--hash=sha256:([0-9a-f]{64})")
_NAMESPACE: Final = uuid.UUID("5a1c1e6e-6d3c-4b0e-9d0e-1f4f0c2b7a10")


# How packages spell licences, as SPDX does (spdx.org/licenses); what is not here is SPDX already.
SPDX: Final[Mapping[str, str]] = {
    "3-Clause BSD License": "BSD-3-Clause",
    "Apache 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD-3-Clause",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """One package, as it is pinned and as it calls itself."""

    name: str
    version: str
    hashes: tuple[str, ...]  # SHA-256 of its files
    licence: str  # an SPDX expression

    @property
    def purl(self) -> str:
        """The package URL that names it for every scanner."""
        return f"pkg:pypi/{self.name}@{self.version}"

    @property
    def component(self) -> Mapping[str, object]:
        """The entry in a bill; a file's hash belongs to a file, of which there are several."""
        return {
            "type": "library",
            "bom-ref": self.purl,
            "name": self.name,
            "version": self.version,
            "purl": self.purl,
            "licenses": [{"expression": self.licence}],
            "externalReferences": [
                {
                    "type": "distribution",
                    "url": self.purl,
                    "hashes": [{"alg": "SHA-256", "content": each} for each in self.hashes],
                }
            ],
        }


def packages(lock: str) -> list[Package]:
    """Return what a function's `requirements.txt` pins.

    Raises:
        KeyError: something that is pinned is not installed here, so that nothing tells its licence.
    """
    installed = _installed()
    return [
        Package(
            name=name,
            version=_PIN.findall(pins)[0],
            hashes=tuple(sorted(_HASH.findall(pins))),
            licence=licence(installed[name]),
        )
        for name, pins in sorted(read_lock(lock).items())
    ]


def licences(lock: str) -> Mapping[str, str]:
    """Return the licence of everything that a lock pins and that is installed here, by its name."""
    installed = _installed()
    return {name: licence(installed[name]) for name in read_lock(lock) if name in installed}


def licence(distribution: Distribution) -> str:
    """Return what a package says of its licence: by expression, else by classifier, else in words.

    Two classifiers are a choice, as packages that have two licences mean them.
    """
    metadata: Any = distribution.metadata
    if expression := metadata.get("License-Expression"):
        return str(expression)
    names = (each.split(" :: ") for each in metadata.get_all("Classifier") or ())
    found = sorted(each[-1] for each in names if each[0] == "License")
    words = str(metadata.get("License") or "").partition("\n")[0].strip()
    return " OR ".join(SPDX.get(each, each) for each in found or [words])


def bill(function: Function, sha256: str) -> Mapping[str, object]:
    """Return the document of one function, whose bundle has this digest."""
    lock = (ROOT / "functions" / function.stage / "requirements.txt").read_text(encoding="utf-8")
    contained = packages(lock)
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(_NAMESPACE, sha256)}",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": function.stage,
                "name": f"dicom-inlet-{function.stage}",
                "version": PIPELINE_VERSION,
                "description": function.description,
                "hashes": [{"alg": "SHA-256", "content": sha256}],
                "licenses": [{"license": {"id": OWN_LICENCE}}],
            }
        },
        "components": [each.component for each in contained],
        "dependencies": [
            {"ref": function.stage, "dependsOn": [each.purl for each in contained]},
        ],
    }


def write_all(into: Path) -> list[Path]:
    """Return the bills of all functions, written into a folder beside the bundles they are of."""
    return [_write(function, into) for function in load_pipeline().functions.values()]


def _write(function: Function, into: Path) -> Path:
    bundle = build(function, into)
    path = into / f"{function.stage}.cdx.json"
    text = json.dumps(bill(function, bundle.sha256), indent=2) + "\n"
    path.write_text(text, encoding="utf-8")
    return path


def _installed() -> Mapping[str, Distribution]:
    return {str(canonicalize_name(item.name)): item for item in distributions()}


def main() -> int:
    """Write every bill and say where."""
    for path in write_all(BILLS):
        print(path.relative_to(ROOT))
    return 0


if __name__ == "__main__":
    sys.exit(main())
