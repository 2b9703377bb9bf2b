"""Real files to compare readers on: those that pydicom ships, and the corpus where it is laid."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pydicom

SHIPPED: Final = Path(pydicom.__file__).parent / "data"
_REPOSITORY: Final = Path(__file__).parents[3]
CORPUS: Final = Path(os.environ.get("INLET_CORPUS") or _REPOSITORY.parent / "shared" / "corpus")


@dataclass(frozen=True, slots=True)
class CorpusEntry:
    """One line of the corpus manifest."""

    path: str
    expect: str | None
    why: str

    def read(self) -> bytes:
        """Return the file."""
        return (CORPUS / self.path).read_bytes()


def shipped_files() -> list[Path]:
    """Return every file that pydicom ships as data and that may be DICOM."""
    kept = {"", ".dcm", ".dicom"}
    found = (path for path in SHIPPED.rglob("*") if path.is_file() and path.suffix in kept)
    return sorted(found)


def corpus_entries() -> list[CorpusEntry]:
    """Return the manifest's entries, none where no corpus is laid."""
    manifest = CORPUS / "manifest.jsonl"
    if not manifest.exists():
        return []
    lines = manifest.read_text(encoding="utf-8").splitlines()
    return [_entry(json.loads(line)) for line in lines]


def _entry(data: dict[str, Any]) -> CorpusEntry:
    return CorpusEntry(path=data["path"], expect=data["expect"], why=data["why"])
