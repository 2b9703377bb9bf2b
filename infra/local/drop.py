"""`make drop`: put files into the inbox as a facility would, and see what becomes of each."""

import argparse
import time
import uuid
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from google.api_core.exceptions import GoogleAPIError, PreconditionFailed
from google.cloud.storage import Blob

from infra.local.clients import Clients
from infra.local.console import Console, clean
from infra.local.layout import Layout
from infra.local.lifecycle import running_environment
from infra.local.outcomes import Outcomes, deadline, hearing_outcomes
from shared.contracts.layout import MANIFEST
from shared.contracts.manifest import Manifest
from shared.contracts.message import to_json
from shared.contracts.objects import ObjectVersion
from shared.contracts.outcome import Outcome

UPLOADS_AT_ONCE = 8
PATIENCE_S = 120.0
ALL_OF_IT = to_json(Manifest().to_data())
DECIDED_BY_INGEST = 'attributes.stage = "ingest"'

_RETRY_S = 0.1
_MARK = "dropped-as"


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A file on its way to the inbox, or bytes that stand for one."""

    name: str  # in the inbox, facility first
    content: Path | bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What became of one upload."""

    upload: Upload
    version: ObjectVersion | None = None
    outcome: Outcome | None = None
    problem: str = ""


def uploads_of(source: Path, facility: str, *, complete: bool = False) -> list[Upload]:
    """A file, or every file of a folder tree, under the facility's name; manifests come last.

    A complete one is put below the name of its folder, so that the manifest that ends it, its own
    where it has one, covers nothing else.
    """
    top = source.parent if source.is_file() else source
    below = Path(facility, top.resolve().name) if complete else Path(facility)
    files = [source] if source.is_file() else [path for path in source.rglob("*") if path.is_file()]
    uploads: dict[str, Path | bytes] = {
        (below / path.relative_to(top)).as_posix(): path
        for path in sorted(files, key=lambda path: (path.name == MANIFEST, path))
    }
    if complete:
        uploads.setdefault((below / MANIFEST).as_posix(), ALL_OF_IT)
    return [Upload(name=name, content=content) for name, content in uploads.items()]


class Inbox:
    """The inbox as a facility sees it: names are taken until what lies there is decided."""

    def __init__(self, clients: Clients) -> None:
        self._bucket = clients.storage.bucket(clients.environment["INLET_INBOX"])

    def put(self, upload: Upload) -> Result:
        """The upload has landed as a generation of its own, or could not."""
        token = uuid.uuid4().hex
        try:
            for _ in deadline(PATIENCE_S):
                version = self._try(upload, token)
                if version:
                    return Result(upload=upload, version=version)
                time.sleep(_RETRY_S)
        except (GoogleAPIError, OSError, ValueError) as error:
            return Result(upload=upload, problem=f"not uploaded: {_first_line(error)}")
        return Result(upload=upload, problem="not uploaded: the name stays taken")

    def _try(self, upload: Upload, token: str) -> ObjectVersion | None:
        """Upload unless the name is taken; an earlier try whose answer was lost is known again."""
        blob = self._bucket.blob(upload.name)
        blob.metadata = {_MARK: token}
        try:
            _send(blob, upload.content)
        except PreconditionFailed:
            found = self._bucket.get_blob(upload.name)
            ours = found is not None and (found.metadata or {}).get(_MARK) == token
            return _version(found) if ours else None
        return _version(blob)


def drop(
    clients: Clients, uploads: Sequence[Upload], decided: Callable[[], None] = lambda: None
) -> list[Result]:
    """Every upload with its outcome, in the order given; `decided` hears of each.

    A manifest is put only after what stands before it, as it says that this was sent.
    """
    inbox, landed = Inbox(clients), set[str]()

    def put(upload: Upload) -> Result:
        result = inbox.put(upload)
        if result.version:
            landed.add(result.version.natural_key)
        return result

    with (
        hearing_outcomes(clients, DECIDED_BY_INGEST, lambda _: decided()) as outcomes,
        ThreadPoolExecutor(UPLOADS_AT_ONCE) as pool,
    ):
        waves = (list(wave) for _, wave in groupby(uploads, _is_manifest))
        results = [result for wave in waves for result in list(pool.map(put, wave))]
        outcomes.wait(landed, PATIENCE_S)
        return [_concluded(result, outcomes) for result in results]


def _is_manifest(upload: Upload) -> bool:
    return upload.name.rpartition("/")[2] == MANIFEST


def _concluded(result: Result, outcomes: Outcomes) -> Result:
    if result.version is None:
        return result
    outcome = outcomes.get(result.version.natural_key)
    problem = "" if outcome else "no outcome yet: make status"
    return Result(upload=result.upload, version=result.version, outcome=outcome, problem=problem)


def _send(blob: Blob, content: Path | bytes) -> None:
    kind = "application/octet-stream"
    if isinstance(content, bytes):
        blob.upload_from_string(content, content_type=kind, if_generation_match=0)
    else:
        blob.upload_from_filename(str(content), content_type=kind, if_generation_match=0)


def _version(blob: Blob) -> ObjectVersion:
    return ObjectVersion(bucket=blob.bucket.name, name=blob.name, generation=int(blob.generation))


def _first_line(error: Exception) -> str:
    return clean(str(error).splitlines()[0] if str(error) else type(error).__name__)


def print_results(console: Console, results: Iterable[Result], facility: str) -> None:
    """One line per file, then how many of each."""
    counts: dict[str, int] = {}
    for result in results:
        kind = result.outcome.kind.value if result.outcome else "undecided"
        reason = (result.outcome.reason if result.outcome else result.problem) or ""
        counts[kind] = counts.get(kind, 0) + 1
        name = clean(result.upload.name.removeprefix(f"{facility}/"))
        tail = console.styled("dim", f"  {reason}") if reason else ""
        console.line(f"  {console.paint('Outcome', kind.ljust(12))} {name}{tail}")
    summary = ", ".join(f"{count} {kind}" for kind, count in sorted(counts.items()))
    total = sum(counts.values())
    console.line(f"{total} file{'' if total == 1 else 's'}: {summary}")


def run(options: argparse.Namespace, layout: Layout) -> int:
    """Drop what the options name; 0 only when every file has an outcome."""
    console = Console()
    if not options.src.exists():
        console.line(f"drop: there is no {options.src}")
        return 2
    complete = options.complete == "yes"
    uploads = uploads_of(options.src, options.facility, complete=complete)
    clients = Clients(running_environment(layout))
    with console.progress("dropping", len(uploads)) as progress:
        results = drop(clients, uploads, progress.advance)
    print_results(console, results, options.facility)
    return 0 if all(result.outcome for result in results) else 1
