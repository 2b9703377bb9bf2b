"""`make logs`: the functions' JSON lines, readable, as they come."""

import argparse
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from infra.local.console import Console, clean
from infra.local.layout import Layout

_SEVERITY_STYLES = {"ERROR": "red", "CRITICAL": "red", "WARNING": "yellow", "INFO": "green"}
_FIRST = ("severity", "stage", "message", "time", "timestamp")
_VENDOR = "logging.googleapis.com/"


def readable(line: str, name: str, console: Console) -> str:
    """A log line for a person: severity, stage, message, then the fields."""
    try:
        entry = json.loads(line)
    except ValueError:
        entry = None
    if not isinstance(entry, dict) or "message" not in entry:
        return f"{'':8} {name:<11} {clean(line)}"
    severity = str(entry.get("severity", ""))
    fields = [
        f"{key}={_value(value)}"
        for key, value in entry.items()
        if key not in _FIRST and not key.startswith(_VENDOR)
    ]
    head = console.styled(_SEVERITY_STYLES.get(severity, ""), f"{severity:<8}")
    tail = console.styled("dim", "  " + " ".join(fields)) if fields else ""
    return f"{head} {entry.get('stage', name):<11} {clean(str(entry['message']))}{tail}"


def _value(value: object) -> str:
    return clean(value if isinstance(value, str) else json.dumps(value))


def run(options: argparse.Namespace, layout: Layout) -> int:
    """Print the logs of one child or of all, and go on where somebody watches."""
    console = Console()
    files = sorted((layout.root / "logs").glob("*.log"))
    chosen = [path for path in files if not options.stage or path.stem == options.stage]
    if not chosen:
        known = ", ".join(path.stem for path in files) or "none"
        console.line(f"logs: nothing of {options.stage or 'anything'} here; known: {known}")
        return 1
    for name, line in _lines(chosen, follow=console.live or options.follow):
        console.line(readable(line, name, console))
    return 0


def _lines(paths: list[Path], *, follow: bool) -> Iterator[tuple[str, str]]:
    files = [(path.stem, path.open(encoding="utf-8", errors="replace")) for path in paths]
    while True:
        for name, file in files:
            yield from ((name, line) for line in _new_lines(file))
        if not follow:
            return
        time.sleep(0.2)


def _new_lines(file: IO[str]) -> Iterator[str]:
    while line := file.readline():
        if line.strip():
            yield line.rstrip("\n")
