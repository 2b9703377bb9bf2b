"""What the demo prints: outcomes, tables, events, and one header before and after."""

import io
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from pydicom import dcmread
from pydicom.datadict import dictionary_description
from pydicom.dataset import Dataset

from infra.local.clients import Clients
from infra.local.console import WIDTH, Console, shortened
from infra.local.drop import Result
from infra.local.receiver import Delivery
from infra.local.samples import SHOWN
from infra.local.sql import query
from infra.local.status import undecided
from infra.local.table import render
from shared.contracts.objects import StoredObject
from shared.contracts.outcome import Outcome

OUTCOMES = """\
SELECT Facility, Outcome, COALESCE(Reason, '') AS Reason, COUNT(*) AS Files
FROM imaging.uploads_current GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"""
COPIES = """\
SELECT Outcome, COALESCE(Reason, '') AS Reason, COUNT(DISTINCT EventId) AS Instances
FROM imaging.deid_audit GROUP BY 1, 2 ORDER BY 1, 2"""
ACCOUNT = """\
SELECT SUM(Uploaded) AS Uploaded, SUM(Uploaded) - SUM(Undecided) AS Decided
FROM imaging.daily_facility"""
STUDIES = """\
SELECT Facility, PatientID, StudyDate, ModalitiesInStudy AS Modalities,
       NumberOfStudyRelatedSeries AS Series, NumberOfStudyRelatedInstances AS Instances, Bytes
FROM imaging.studies ORDER BY Instances DESC, Bytes DESC LIMIT 8"""
RESEARCH = """\
SELECT Modality, SOPClassName, COUNT(DISTINCT PatientID) AS Patients, COUNT(*) AS Instances
FROM research.instances_current GROUP BY 1, 2 ORDER BY Instances DESC LIMIT 5"""

_SHOWN_KEYWORDS = (
    "PatientName",
    "PatientID",
    "PatientBirthDate",
    "PatientSex",
    "PatientAge",
    "PatientComments",
    "AccessionNumber",
    "InstitutionName",
    "ReferringPhysicianName",
    "StudyInstanceUID",
    "StudyDate",
    "StudyDescription",
    "RequestAttributesSequence",
    "Modality",
    "KVP",
    "PixelSpacing",
)
_PRIVATE = (0x0029, 0x1001)
_ABSENT = "·"
_EMPTY = "(empty)"

Query = tuple[list[str], list[list[object]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """Everything the demo tells, gathered while its cloud was running."""

    results: Sequence[Result]
    events: Sequence[Mapping[str, str]]
    webhooks: Sequence[Delivery]
    refused_webhooks: int
    complete: bool
    waiting: Sequence[str]
    outcomes: Query
    research_outcomes: Query
    account: Query
    studies: Query
    research: Query
    headers: tuple[Dataset, Dataset] | None
    receipts: Sequence[Mapping[str, Any]]

    @classmethod
    def gather(
        cls,
        clients: Clients,
        *,
        results: Sequence[Result],
        copies: Mapping[str, Outcome],
        events: Sequence[Mapping[str, str]],
        webhooks: Sequence[Delivery],
        refused_webhooks: int,
        receipts: Sequence[Mapping[str, Any]],
        complete: bool,
    ) -> Self:
        """The findings, with what the cloud's tables and buckets say."""
        return cls(
            results=results,
            events=events,
            webhooks=webhooks,
            refused_webhooks=refused_webhooks,
            complete=complete,
            waiting=undecided(clients.environment) or [],
            outcomes=query(clients.bigquery, OUTCOMES),
            research_outcomes=query(clients.bigquery, COPIES),
            account=query(clients.bigquery, ACCOUNT),
            studies=query(clients.bigquery, STUDIES),
            research=query(clients.bigquery, RESEARCH),
            headers=_headers(clients, results, copies),
            receipts=receipts,
        )


def print_findings(console: Console, findings: Findings) -> None:
    """Print every section."""
    _print_outcomes(console, findings)
    _print_receipts(console, findings)
    _print_copies(console, findings)
    _print_query(console, "What an analyst can query", STUDIES, findings.studies)
    _print_query(
        console, "What a researcher can query, without identities", RESEARCH, findings.research
    )
    _print_events(console, findings)
    _print_headers(console, findings)
    _print_next(console)


def _print_outcomes(console: Console, findings: Findings) -> None:
    console.heading("What became of each file")
    _print_table(console, *findings.outcomes)
    console.line()
    uploaded, decided = findings.account[1][0]
    console.line(
        f"{len(findings.results)} files dropped; with the members of containers {uploaded} landed, "
        f"{decided} have an outcome."
    )
    for name in findings.waiting:
        console.line(f"A part, waiting to be composed: {shortened(name, WIDTH - 32)}")
    for result in findings.results:
        if result.problem:
            console.line(f"  {result.upload.name}: {result.problem}")


def _print_receipts(console: Console, findings: Findings) -> None:
    console.heading("Receipts for the facilities")
    head = ("Facility", "Files", "Accepted", "Refused", "Ignored", "Most often refused: what to do")
    rows = [
        (
            each["facility"],
            *(each[name] for name in ("files", "accepted", "refused", "ignored")),
            _most_refused(each),
        )
        for each in findings.receipts
    ]
    _print_table(console, head, rows)


def _most_refused(receipt: Mapping[str, Any]) -> str:
    refused = [each for each in receipt["outcomes"] if each["outcome"] == "quarantined"]
    most = max(refused, key=lambda each: int(each["files"]), default=None)
    return f"{most['reason']}: {most['what_to_do']}" if most else "nothing"


def _print_copies(console: Console, findings: Findings) -> None:
    console.heading("Research copies of what was archived")
    _print_table(console, *findings.research_outcomes)


def _print_query(console: Console, heading: str, text: str, found: Query) -> None:
    console.heading(heading)
    for line in text.splitlines():
        console.line(console.styled("dim", f"  {line}"))
    console.line()
    _print_table(console, found[0], found[1])


def _print_events(console: Console, findings: Findings) -> None:
    types = Counter(event["ce-type"] for event in findings.events)
    console.heading("What a subscriber received")
    _print_table(console, ("Event type", "Events"), sorted(types.items()))
    console.line()
    for delivery in sorted(findings.webhooks, key=_least)[:1]:
        for line in json.dumps(delivery.event, indent=2).splitlines():
            console.line(console.styled("dim", f"  {shortened(line, WIDTH - 2)}"))
    console.line()
    console.line(
        f"{len(findings.events)} events pulled from a subscription of the topic; "
        f"{len(findings.webhooks)} webhooks"
    )
    console.line(f"with a valid signature, {findings.refused_webhooks} without.")


def _least(delivery: Delivery) -> tuple[str, str]:
    return str(delivery.event.get("type")), delivery.id


def _print_headers(console: Console, findings: Findings) -> None:
    console.heading("One header, before and after de-identification")
    if findings.headers is None:
        console.line(f"  {SHOWN} has no research copy")
        return
    before, after = findings.headers
    rows = [(_label(word), _shown(before, word), _shown(after, word)) for word in _SHOWN_KEYWORDS]
    rows.append(("Private (0029,1001)", _private(before), _private(after)))
    _print_table(console, ("Attribute", "Archived", "Research"), rows)


def _print_next(console: Console) -> None:
    console.heading("Where to look next")
    for command, what in (
        ("make up", "a cloud that stays; . .local/env leads clients to it"),
        ("make drop SRC=<folder> FACILITY=demo-clinic", "files of your own"),
        ("make receipts FACILITY=demo-clinic", "receipts, as pages to open"),
        ("make sql Q='SELECT * FROM imaging.studies'", "queries of your own"),
        ("make logs STAGE=ingest", "what a function says"),
        ("make help", "everything else"),
    ):
        console.line(f"  {command:<44} {console.styled('dim', what)}")


def _print_table(
    console: Console, columns: Sequence[str], rows: Sequence[Sequence[object]]
) -> None:
    for line in render(columns, rows, WIDTH - 2, console.styled, console.paint):
        console.line(f"  {line}")


def _headers(
    clients: Clients, results: Sequence[Result], copies: Mapping[str, Outcome]
) -> tuple[Dataset, Dataset] | None:
    for result in results:
        outcome = result.outcome
        if result.upload.name != SHOWN or outcome is None or outcome.target is None:
            continue
        copy = copies.get(outcome.target.version.natural_key)
        if copy and copy.target:
            return _read(clients, outcome.target), _read(clients, copy.target)
    return None


def _read(clients: Clients, stored: StoredObject) -> Dataset:
    blob = clients.storage.bucket(stored.version.bucket).blob(stored.version.name)
    return dcmread(io.BytesIO(blob.download_as_bytes()), stop_before_pixels=True)


def _label(keyword: str) -> str:
    return dictionary_description(keyword)


def _shown(dataset: Dataset, keyword: str) -> str:
    value = dataset.get(keyword)
    if value is None:
        return _ABSENT
    if value in ("", []):
        return _EMPTY
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "; ".join(map(_shown_item, value))
    return str(value)


def _shown_item(item: object) -> str:
    if isinstance(item, Dataset):
        return ", ".join(str(element.value) for element in item)
    return str(item)


def _private(dataset: Dataset) -> str:
    return str(dataset[_PRIVATE].value) if _PRIVATE in dataset else _ABSENT
