"""What the files themselves must be like."""

import re
from collections.abc import Iterator
from pathlib import Path

_BLOCK = re.compile(r'^variable "(\w+)" \{\n(.*?)^\}', re.MULTILINE | re.DOTALL)


def variables(folder: Path) -> Iterator[str]:
    """Variables stand in the order of their names, each described and typed."""
    for file in sorted(folder.rglob("variables.tf")):
        found = {each[1]: each[2] for each in _BLOCK.finditer(file.read_text())}
        if list(found) != sorted(found):
            yield f"{file.relative_to(folder)}: variables are not in the order of their names"
        for name, body in found.items():
            for attribute in ("description", "type"):
                if not re.search(rf"^  {attribute}\s+= \S", body, re.MULTILINE):
                    yield f"{name} has no {attribute}"


def irreplaceable(folder: Path) -> Iterator[str]:
    """Terraform never destroys a key: what it encrypts would be gone."""
    block = re.search(
        r'^resource "google_kms_crypto_key" "data" \{\n.*?^\}',
        (folder / "keys.tf").read_text(),
        re.MULTILINE | re.DOTALL,
    )
    if block is None or "prevent_destroy = true" not in block[0]:
        yield "keys.tf: keys may be destroyed"


def names(folder: Path) -> Iterator[str]:
    """No name is left to chance, and no cloud but one is used."""
    for file in sorted(folder.rglob("*.tf")):
        for kind in re.findall(r'^(?:resource|data) "(\w+)"', file.read_text(), re.MULTILINE):
            if not kind.startswith("google_"):
                yield f"{file.relative_to(folder)}: {kind}"
