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
import sys
import tempfile
import warnings
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Any, Final

from google.api_core.exceptions import GoogleAPICallError
from pydicom.dataset import Dataset
from pydicom.valuerep import DA

from infra.definition import load_pipeline
from shared.contracts.outcome import Outcome, OutcomeKind
from shared.dicom.attributes import NAME_GROUPS
from tests.benchmarks.corpus_deid import Identifier, identifiers, in_values
from tests.benchmarks.real_outcomes import files
from tests.benchmarks.research_values import values_of
from tests.benchmarks.settled import Row, Settled, settled
from tests.integration.servers import serving
from tests.score.bases import CORPUS
from tests.score.leaks import Value, read
from tests.unit.dicom.samples import corpus_entries
from tests.unit.dicom.test_corpus import JUDGED

REPORT: Final = Path("build/corpus/index.json")
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

Instance = tuple[str, str]  # facility and SOP Instance UID


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


def views(it: Settled, names: Iterable[str]) -> tuple[dict[str, int], dict[str, str]]:
    """The rows of each view that runs, and what is said of each that does not."""
    rows, failed = dict[str, int](), dict[str, str]()
    for view in names:
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


def leaks(it: Settled, tables: Iterable[str]) -> tuple[int, list[str]]:
    """How many values tables and views of `research` have, and where one identifies.

    In the row of a copy, its series or its study are looked for the identifiers of what it was
    made from, and in all rows the UIDs of every file: those of others may be in references.
    Shorter identifiers of other files are in many a value by chance.
    """
    originals = _originals(it)
    uids = {each for known in originals.values() for each in known if _is_unique(each)}
    count, found = 0, set[str]()
    for table in tables:
        everything = list[Value]()
        for row in it.rows(table):
            about = next((row[level] for level in _LEVELS if row.get(level)), None)
            searched = list(values_of(row))
            everything += searched
            known = originals[about] if about else set[Identifier]()
            found |= {f"{table}: {place}" for place in in_values(searched, known)}
        found |= {f"{table}: {place} of any file" for place in in_values(everything, uids)}
        count += len(everything)
    return count, sorted(found)


def _originals(it: Settled) -> dict[str, set[Identifier]]:
    """By the UIDs of copies, their series and studies: what identifies in the originals."""
    known = defaultdict[str, set[Identifier]](set)
    for outcome in it.outcomes:
        if uids := _uids_of_copies(outcome):
            identifying = identifiers(read(it.kept(outcome.source.uri)))
            for uid in uids:
                known[uid] |= identifying
    return dict(known)


def _uids_of_copies(outcome: Outcome) -> set[str]:
    """The UIDs that rows of `research` about the outcome have."""
    uids = {outcome.withheld_uid}
    if outcome.kind is OutcomeKind.DEIDENTIFIED and (copy := outcome.identity):
        uids |= {copy.study_instance_uid, copy.series_instance_uid, copy.sop_instance_uid}
    return {uid for uid in uids if uid}


def _is_unique(identifier: Identifier) -> bool:
    return identifier.origin.endswith("UID") and len(identifier.text) >= _FEWEST_DIGITS_OF_UIDS


def found(it: Settled) -> dict[str, Any]:
    """Everything compared, as a machine reads it."""
    current = it.rows("imaging.instances_current")
    instances, datasets = accepted(it), load_pipeline().datasets.values()
    of = {each.name: [f"{each.name}.{view}" for view in each.views] for each in datasets}
    rows, failed = views(it, [view for names in of.values() for view in names])
    compared = golden(it, current)
    searched, left = leaks(it, ["research.instances", *of["research"]])
    return {
        "accepted": len(instances),
        "current_rows": len(current),
        "views": len(rows) + len(failed),
        "views_ok": len(rows),
        "details": {
            "files": len(it.uploads),
            "deliveries": it.deliveries,
            "outcomes": dict(Counter(outcome.kind.value for outcome in it.outcomes)),
            **wrong(instances, current),
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


def wrong(instances: set[Instance], current: Iterable[Row]) -> dict[str, list[str]]:
    """Which instances are not shown once."""
    shown = Counter((row["Facility"], row["SOPInstanceUID"]) for row in current)
    return {
        "missing": _named(instances - shown.keys()),
        "never_accepted": _named(shown.keys() - instances),
        "repeated": _named(instance for instance, count in shown.items() if count > 1),
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
