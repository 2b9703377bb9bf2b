"""Findings of the validation against those of `dciodvfy`, over the corpus, class by class.

    INLET_DCIODVFY=<path of dciodvfy> python -m tests.benchmarks.bench_validation

`dciodvfy` is that of the package dicom3tools 20260927, installed apart. A finding is an attribute
of a file, whatever the item; files that either of the two cannot read are left out. Writes
build/corpus/validation.json and prints the table of shared/dicom/README.md.

    python -m tests.benchmarks.bench_validation cost

prints what the first instance costs a fresh interpreter, and a further one; needs no dciodvfy.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
import tracemalloc
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydicom.data import get_testdata_file

from shared.dicom.identification import identify
from shared.dicom.inspection import inspect
from shared.dicom.limits import DEFAULT_LIMITS
from shared.dicom.reader import read_header
from shared.dicom.source import BytesSource
from shared.dicom.validation import modules, rules, validate
from shared.errors import PermanentError
from tests.unit.dicom.samples import CORPUS, corpus_entries

REPORT: Final = Path("build/corpus/validation.json")
DCIODVFY: Final = os.environ.get("INLET_DCIODVFY") or shutil.which("dciodvfy")
FURTHER: Final = 200

# Finding class -> our codes, and what their line says.
CLASSES: Final = {
    "missing Type 1": ({"missing-type-1"}, r"Missing attribute for Type 1 Required"),
    "missing Type 2": ({"missing-type-2"}, r"Missing attribute for Type 2 Required"),
    "missing Type 1C": ({"missing-type-1c"}, r"Missing attribute for Type 1C Conditional"),
    "missing Type 2C": ({"missing-type-2c"}, r"Missing attribute for Type 2C Conditional"),
    "empty Type 1 or 1C": (
        {"empty-type-1"},
        r"Empty attribute \(no value\) for Type 1C? |present but empty \(no value\).* Type 1C",
    ),
    "UID": ({"uid-form"}, r"Value invalid for this VR \[UI\]|Illegal root for UID"),
    "value": (
        {"value-form", "value-characters", "value-length", "value-padding", "odd-length"},
        r"Value invalid for this VR \[(?!UI\])|Bad Value Length|Trailing character invalid",
    ),
    "VR": ({"vr-differs"}, r"Explicit value representation doesn't match data dictionary"),
    "VM": ({"vm-differs"}, r"Bad attribute Value Multiplicity"),
    "enumerated value": ({"not-enumerated"}, r"Unrecognized enumerated value"),
}
_BROKEN: Final = re.compile(r"read failed|Assertion|giving up|Information Object Not found")
_LINE: Final = re.compile(r"(?:Error|Warning) - </(.*?)> - (.*)")
_TAG: Final = re.compile(r"\(([0-9a-f]{4}),([0-9a-f]{4})[^)]*\)")
_INDEX: Final = re.compile(r"\[\d+\]")

Found = dict[str, set[str]]  # class -> attribute paths without items


@dataclass(frozen=True, slots=True)
class Compared:
    """The findings of both in one file."""

    path: str
    ours: Found
    theirs: Found


def our_findings(data: bytes) -> Found:
    """Return what the validation finds in one object.

    Raises:
        PermanentError: the object is refused.
    """
    found: Found = defaultdict(set)
    for warning in inspect(BytesSource(data), DEFAULT_LIMITS).warnings:
        for name, (codes, _) in CLASSES.items():
            if warning.code in codes:
                found[name].add(_INDEX.sub("", warning.path))
    return found


def dciodvfy_lines(path: Path) -> list[str]:
    """Return what dciodvfy prints of one file."""
    assert DCIODVFY, "dciodvfy is not found: set INLET_DCIODVFY"
    done = subprocess.run([DCIODVFY, "-new", str(path)], capture_output=True, check=False)
    return (done.stdout + done.stderr).decode("latin-1").splitlines()


def their_findings(lines: list[str]) -> Found:
    """Return what dciodvfy's lines say, by class."""
    found: Found = defaultdict(set)
    for line in lines:
        parsed = _LINE.match(line)
        if parsed is None:
            continue
        path = ".".join(f"{group}{number}".upper() for group, number in _TAG.findall(parsed[1]))
        for name, (_, pattern) in CLASSES.items():
            if re.search(pattern, parsed[2]):
                found[name].add(path)
    return found


def compared() -> list[Compared]:
    """Return the findings in all files that both read to the end."""
    found = []
    for entry in corpus_entries():
        try:
            ours = our_findings(entry.read())
        except PermanentError:
            continue
        lines = dciodvfy_lines(CORPUS / entry.path)
        if not any(_BROKEN.search(line) for line in lines):
            found.append(Compared(entry.path, ours, their_findings(lines)))
    return found


def summary(files: list[Compared]) -> dict[str, dict[str, object]]:
    """Return counts per class, and the attributes in which the two differ most."""
    return {name: _class_summary(name, files) for name in CLASSES}


def _class_summary(name: str, files: list[Compared]) -> dict[str, object]:
    both = only_ours = only_theirs = 0
    ours, theirs = Counter[str](), Counter[str]()
    for each in files:
        mine, other = each.ours.get(name, set()), each.theirs.get(name, set())
        both += len(mine & other)
        only_ours += len(mine - other)
        only_theirs += len(other - mine)
        ours.update(mine - other)
        theirs.update(other - mine)
    return {
        "both": both,
        "only_ours": only_ours,
        "only_theirs": only_theirs,
        "most_only_ours": dict(ours.most_common(12)),
        "most_only_theirs": dict(theirs.most_common(12)),
    }


def cost() -> dict[str, float]:
    """Return what validating costs, to be called once in a fresh interpreter."""
    path = get_testdata_file("CT_small.dcm", download=False)
    header = read_header(BytesSource(Path(str(path)).read_bytes()))
    identity = identify(header)
    start = time.process_time()
    validate(header, identity)
    first = time.process_time()
    for _ in range(FURTHER):
        validate(header, identity)
    further = time.process_time()
    tracemalloc.start()
    for cached in (modules._tables, modules._requirements, modules._item, rules._dictionary):
        cached.cache_clear()
    rules._kinds.cache_clear()
    rules.RULES.clear()
    validate(header, identity)
    held = tracemalloc.get_traced_memory()[0]
    return {
        "first_ms": (first - start) * 1e3,
        "further_us": (further - first) / FURTHER * 1e6,
        "held_mb": held / 2**20,
    }


def main() -> None:
    """Compare, print the table and write the report."""
    if sys.argv[1:] == ["cost"]:
        print({name: round(value, 2) for name, value in cost().items()})
        return
    files = compared()
    if not files:
        sys.exit("no corpus: set INLET_CORPUS to a folder with manifest.jsonl")
    classes = summary(files)
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    report = {"files": len(files), "classes": classes}
    REPORT.write_text(json.dumps(report, indent=2), encoding="utf-8")
    print(f"{len(files)} files\n")
    print("| finding | both | only Inlet | only dciodvfy |\n| --- | --- | --- | --- |")
    for name, counts in classes.items():
        print(f"| {name} | {counts['both']} | {counts['only_ours']} | {counts['only_theirs']} |")


if __name__ == "__main__":
    main()
