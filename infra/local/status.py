"""`make status`: what runs, where, and what waits in the inbox."""

import argparse
import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping

from infra.local.console import Console
from infra.local.environment import read_exports
from infra.local.layout import Layout
from infra.local.lifecycle import running_state
from infra.local.state import ChildState, State
from infra.local.table import render


def run(_options: argparse.Namespace, layout: Layout) -> int:
    """Print how the local cloud is; status 1 when none runs."""
    console = Console()
    state = running_state(layout)
    if state is None:
        console.line("no local cloud is running here: make up")
        return 1
    console.line(f"{state.phase.value}, supervisor {state.pid}, state in {layout.root}")
    console.line()
    for line in render(
        ("name", "state", "pid", "ports", "restarts"), _rows(state), None, console.styled
    ):
        console.line(line)
    if layout.env.exists():
        waiting = undecided(read_exports(layout.env.read_text(encoding="utf-8")))
        console.line()
        console.line(f"in the inbox: {'unknown' if waiting is None else len(waiting)}")
    return 0


def undecided(environment: Mapping[str, str]) -> list[str] | None:
    """The names in the inbox, None when the storage server does not say."""
    bucket = urllib.parse.quote(environment["INLET_INBOX"])
    url = f"{environment['STORAGE_EMULATOR_HOST']}/storage/v1/b/{bucket}/o?fields=items/name"
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310  our own server
            return [str(item["name"]) for item in json.load(answer).get("items", [])]
    except (urllib.error.URLError, OSError, ValueError):
        return None


def _rows(state: State) -> list[tuple[object, ...]]:
    return [
        (child.name, _condition(child), child.pid, " ".join(map(str, child.ports)), child.restarts)
        for child in state.children
    ]


def _condition(child: ChildState) -> str:
    return "ready" if child.ready else "starting"
