"""Every real file at hand into the tables: what is missing, repeated, misread or told.

    python -m tests.benchmarks.corpus_index

Takes the files of the corpus, where one is laid, and those that pydicom ships, as two facilities
send them, through `ingest` and `deidentify` on memory twins, and delivers every message three times
in random order, many at once, to `index`, which writes to a BigQuery server of the local cloud, or
a container. Then compared is what the views show with what the files are without us:

- the accepted instances, by pydicom's reading and by the corpus' manifest, are each one row of
  `imaging.instances_current`;
- `imaging.daily_facility` tells, per facility and day, what the outcomes' messages count to;
- every view of `infra/pipeline.yaml` runs;
- a sample of the columns holds what pydicom reads in the archived file;
- no value in `research` identifies anybody of any file (`corpus_deid` says which values do).

Writes build/corpus/index.json. Names of files and columns are told, and no value.
"""

from __future__ import annotations

import json
import os
import random
import sys
import tempfile
import warnings
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final

from google.api_core.exceptions import GoogleAPICallError
from google.cloud.bigquery import Client
from pydicom.dataset import Dataset
from pydicom.valuerep import DA

from functions.index.handler import Index
from functions.index.handler import read as message_of
from infra.definition import load_pipeline
from infra.local.clients import Clients
from infra.local.endpoints import Endpoints
from infra.local.overrides import load_profile
from infra.local.wiring import SCHEMAS, Wiring
from shared.adapters.bigquery import BigQueryTables
from shared.contracts.objects import StoredObject
from shared.contracts.outcome import Outcome, OutcomeKind
from shared.dicom.attributes import NAME_GROUPS
from shared.ports import RowSink
from tests.benchmarks.corpus_deid import Identifier, identifiers, in_values
from tests.benchmarks.real_outcomes import files, ingested, named
from tests.benchmarks.research_values import values_of
from tests.integration.servers import serving
from tests.score.bases import CORPUS
from tests.score.leaks import Value, read
from tests.simulation.world import World
from tests.unit.dicom.samples import corpus_entries
from tests.unit.dicom.test_corpus import JUDGED

REPORT: Final = Path("build/corpus/index.json")
COPIES: Final = 3
AT_ONCE: Final = 80
_ACCEPTED: Final = {OutcomeKind.ARCHIVED, OutcomeKind.CONFLICT, OutcomeKind.DUPLICATE}
_LEVELS: Final = ("SOPInstanceUID", "SeriesInstanceUID", "StudyInstanceUID")
_FEWEST_DIGITS_OF_UIDS: Final = 20
_COUNTED: Final = (
    "uploaded",
    "undecided",
    "archived",
    "duplicate",
    "conflict",
    "quarantined",
    "expanded",
    "ignored",
)

_UNREADABLE: Final = (AttributeError, NotImplementedError, TypeError, ValueError)

Row = Mapping[str, Any]
Instance = tuple[str, str]  # facility and SOP Instance UID


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What was sent, what the handlers told of it, and the server on which all of it is indexed."""

    uploads: Mapping[str, Path]  # by names in the inbox
    world: World
    client: Client
    deliveries: int

    @property
    def outcomes(self) -> list[Outcome]:
        """What `ingest` and `deidentify` told."""
        return [Outcome.from_message(each) for each in self.world.topics["outcomes"].messages]

    def file(self, outcome: Outcome) -> Path:
        """What a facility sent; of a member of a container, a path of no file."""
        name = outcome.source.version.name
        return self.uploads.get(name, Path(name))

    def sent(self, outcome: Outcome) -> bytes:
        """The file as it was sent; of a member of a container, what was kept of it."""
        file = self.file(outcome)
        return file.read_bytes() if file.is_file() else self.kept(_uri(outcome.target))

    def kept(self, uri: str) -> bytes:
        """An object, by its gs:// address."""
        bucket, _, name = uri.removeprefix("gs://").partition("/")
        return self.world.store.data(bucket, name)

    def rows(self, table: str) -> list[Row]:
        """Everything that a table or a view shows."""
        return [dict(row) for row in self.client.query(f"SELECT * FROM {table}").result()]


def _uri(stored: StoredObject | None) -> str:
    assert stored
    return stored.uri


def a_warehouse(variables: Mapping[str, str]) -> tuple[Client, RowSink]:
    """Make every table and view anew, as the local cloud does; return who asks and who appends."""
    clients, datasets = Clients(variables), load_pipeline().datasets
    wiring = Wiring(clients, load_profile(), Endpoints.choose({}))
    for dataset in datasets.values():
        clients.bigquery.delete_dataset(dataset.name, delete_contents=True, not_found_ok=True)
        wiring.dataset(dataset)
    tables = BigQueryTables(clients.project, SCHEMAS, {name: name for name in datasets})
    return clients.bigquery, tables


def deliver(world: World, tables: RowSink, seed: int) -> int:
    """Index every message three times, in random order and many at once; return how many."""
    index = Index(tables=tables)
    told = [*world.topics["uploads"].messages, *world.topics["outcomes"].messages] * COPIES
    random.Random(seed).shuffle(told)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return len(list(pool.map(lambda message: index(message_of(message)), told)))


def settled(paths: Iterable[Path], variables: Mapping[str, str], seed: int) -> Settled:
    """All files sent, decided, copied and indexed."""
    uploads = named(paths)
    world = ingested(uploads, seed)
    client, tables = a_warehouse(variables)
    deliveries = deliver(world, tables, seed)
    return Settled(uploads=uploads, world=world, client=client, deliveries=deliveries)


def accepted(it: Settled) -> set[Instance]:
    """The instances that have to be there, by pydicom's reading of the files as they were sent.

    Which files of the corpus those are says its manifest, as judged; of others, their outcome.
    """
    expected = {
        CORPUS / entry.path: JUDGED.get(entry.path, (entry.expect, ""))[0]
        for entry in corpus_entries()
    }
    return {
        (outcome.facility, str(read(it.sent(outcome)).SOPInstanceUID))
        for outcome in it.outcomes
        if outcome.kind.ends_upload
        and (
            outcome.kind in _ACCEPTED
            if (judged := expected.get(it.file(outcome))) is None
            else judged == "archived"
        )
    }


def account(it: Settled) -> list[str]:
    """Facilities and days whose account differs from the count of the outcomes' messages."""
    counted: dict[tuple[str, date], Counter[str]] = defaultdict(Counter)
    for outcome in it.outcomes:
        if outcome.kind.ends_upload:
            counts = counted[outcome.facility, outcome.source.created.date()]
            counts.update([outcome.kind.value, "uploaded"])
    shown = {
        (row["Facility"], row["LandedOn"]): Counter(
            {name: row[name.title()] for name in _COUNTED if row[name.title()]}
        )
        for row in it.rows("imaging.daily_facility")
    }
    differing = {day for day in counted.keys() | shown if counted.get(day) != shown.get(day)}
    return sorted(f"{facility} {day}" for facility, day in differing)


def views(it: Settled) -> tuple[dict[str, int], dict[str, str]]:
    """The rows of each view that runs, and what is said of each that does not."""
    rows, failed = dict[str, int](), dict[str, str]()
    for dataset in load_pipeline().datasets.values():
        for view in (f"{dataset.name}.{name}" for name in dataset.views):
            try:
                rows[view] = len(it.rows(view))
            except GoogleAPICallError as error:
                failed[view] = type(error).__name__
    return rows, failed


def golden(it: Settled, current: Iterable[Row]) -> dict[str, dict[str, list[str]]]:
    """By columns of a sample: in which files pydicom reads the same, another value, or none."""
    found = {column: defaultdict[str, list[str]](list) for column in GOLDEN}
    for row in current:
        dataset = read(it.kept(row["ObjectUri"]))
        for column, reading in GOLDEN.items():
            try:
                kind = "equal" if row[column] == reading(dataset, column) else "differing"
            except _UNREADABLE:
                kind = "unreadable"
            found[column][kind].append(row["ObjectUri"])
    return {column: dict(kinds) for column, kinds in found.items()}


def _text(dataset: Dataset, keyword: str) -> str | None:
    return str(dataset.get(keyword) or "").strip() or None


def _day(dataset: Dataset, keyword: str) -> date | None:
    text = _text(dataset, keyword)
    return DA(text) if text else None


def _number(dataset: Dataset, keyword: str) -> int | None:
    value = dataset.get(keyword)
    return None if value is None else int(value)


def _numbers(dataset: Dataset, keyword: str) -> list[float]:
    return [float(each) for each in dataset.get(keyword) or ()]


def _groups(dataset: Dataset, keyword: str) -> dict[str, str | None] | None:
    name = dataset.get(keyword)
    groups = (
        {group: getattr(name, group.lower()).strip() or None for group in NAME_GROUPS}
        if name
        else {}
    )
    return groups if any(groups.values()) else None


GOLDEN: Final[Mapping[str, Callable[[Dataset, str], object]]] = {
    "PatientID": _text,
    "PatientName": _groups,
    "StudyDate": _day,
    "Modality": _text,
    "Rows": _number,
    "Columns": _number,
    "PixelSpacing": _numbers,
}


def leaks(it: Settled) -> tuple[int, list[str]]:
    """How many values there are in `research`, and where one identifies.

    In a row are looked for the identifiers of what it was made from, and in all rows the UIDs of
    every file: those of others may be in references. Shorter identifiers of other files are in
    many a value by chance.
    """
    research, originals = load_pipeline().datasets["research"], _originals(it)
    uids = {each for each in originals[""] if _is_unique(each)}
    count, found = 0, set[str]()
    for table in (f"{research.name}.{name}" for name in (*research.tables, *research.views)):
        everything = list[Value]()
        for row in it.rows(table):
            known = originals[next((row[level] for level in _LEVELS if row.get(level)), "")]
            searched = list(values_of(row))
            everything += searched
            found |= {f"{table}: {place}" for place in in_values(searched, known)}
        found |= {f"{table}: {place} of any file" for place in in_values(everything, uids)}
        count += len(everything)
    return count, sorted(found)


def _originals(it: Settled) -> dict[str, set[Identifier]]:
    """By instance, series and study of copies, and as "" of all: what identifies in originals."""
    known = defaultdict[str, set[Identifier]](set)
    for outcome in it.outcomes:
        if outcome.kind is OutcomeKind.DEIDENTIFIED and outcome.identity:
            copy, original = outcome.identity, it.kept(outcome.source.uri)
            for uid in (
                "",
                copy.study_instance_uid,
                copy.series_instance_uid,
                copy.sop_instance_uid,
            ):
                known[uid or ""] |= identifiers(read(original))
    return dict(known)


def _is_unique(identifier: Identifier) -> bool:
    return identifier.origin.endswith("UID") and len(identifier.text) >= _FEWEST_DIGITS_OF_UIDS


def found(it: Settled) -> dict[str, Any]:
    """Everything compared, as a machine reads it."""
    current = it.rows("imaging.instances_current")
    instances, shown = (
        accepted(it),
        Counter((row["Facility"], row["SOPInstanceUID"]) for row in current),
    )
    rows, failed = views(it)
    compared = golden(it, current)
    searched, left = leaks(it)
    return {
        "accepted": len(instances),
        "current_rows": len(current),
        "views": len(rows) + len(failed),
        "views_ok": len(rows),
        "details": {
            "files": len(it.uploads),
            "deliveries": it.deliveries,
            "outcomes": dict(Counter(outcome.kind.value for outcome in it.outcomes)),
            "missing": _named(instances - shown.keys()),
            "never_accepted": _named(shown.keys() - instances),
            "repeated": _named({instance for instance, count in shown.items() if count > 1}),
            "account": account(it),
            "view_rows": rows,
            "failed_views": failed,
            "equal_values": {name: len(each.get("equal", ())) for name, each in compared.items()},
            "differing_values": {
                name: each.get("differing", []) for name, each in compared.items()
            },
            "unreadable_values": {
                name: each.get("unreadable", []) for name, each in compared.items()
            },
            "research_values": searched,
            "leaks": left,
        },
    }


def _named(instances: Iterable[Instance]) -> list[str]:
    return sorted(" ".join(instance) for instance in instances)


def main() -> None:
    """Run, print and write."""
    warnings.simplefilter("ignore")
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
    with tempfile.TemporaryDirectory() as folder, serving("bigquery", Path(folder)) as variables:
        os.environ.update(variables)
        report = found(settled(files(), variables, seed))
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    REPORT.write_text(json.dumps(report, indent=1) + "\n", "utf-8")
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
