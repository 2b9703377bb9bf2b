"""`make receipts`: the newest receipts of a facility, and their pages as files to open."""

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from google.cloud.storage import Blob

from infra.local.clients import Clients
from infra.local.console import Console
from infra.local.layout import Layout
from infra.local.lifecycle import running_environment
from infra.local.table import render

NEWEST = 10
_HEAD = ("Closed at (UTC)", "Revision", "Closed by", "Files", "Accepted", "Refused", "Undecided")
_TO_SECONDS = 19  # characters of a time in ISO 8601


def newest(clients: Clients, facility: str, at_most: int = NEWEST) -> list[tuple[Blob, Any]]:
    """A facility's newest receipts as data, with the objects that they stand in."""
    bucket = clients.storage.bucket(clients.environment["INLET_RECEIPTS"])
    blobs = [
        blob for blob in bucket.list_blobs(prefix=f"{facility}/") if blob.name.endswith(".json")
    ]
    blobs.sort(key=lambda blob: blob.time_created, reverse=True)
    return [(blob, json.loads(blob.download_as_bytes())) for blob in blobs[:at_most]]


def told(receipts: Sequence[Mapping[str, Any]]) -> list[tuple[object, ...]]:
    """What a table says of receipts, a row each."""
    return [
        (
            each["closed_at"][:_TO_SECONDS].replace("T", " "),
            each["revision"],
            each["closing"]["code"],
            each["files"],
            each["accepted"],
            each["refused"],
            each["undecided"],
        )
        for each in receipts
    ]


def run(options: argparse.Namespace, layout: Layout) -> int:
    """Print the newest receipts and write their pages; status 1 when there is none."""
    console, clients = Console(), Clients(running_environment(layout))
    found = newest(clients, options.facility)
    if not found:
        console.line(f"{options.facility} has no receipt yet: one is written after a drop is over")
        return 1
    for line in render(_HEAD, told([each for _, each in found]), None, console.styled):
        console.line(line)
    console.line()
    for blob, _ in found:
        console.line(f"  {_write(blob, options.folder)}")
    return 0


def _write(blob: Blob, folder: Path) -> Path:
    """Write the page beside a receipt into a folder."""
    page = blob.bucket.blob(blob.name.removesuffix(".json") + ".html")
    path: Path = folder / str(page.name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(page.download_as_bytes())
    return path
