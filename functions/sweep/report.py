"""What one run found: everything is counted, and the first findings are told one by one."""

import logging
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from functions.sweep.terms import LOOKBACK, RECENT
from shared.contracts.catalogue import Progress
from shared.contracts.objects import ObjectVersion
from shared.contracts.outcome import PIPELINE_VERSION
from shared.errors import InletError
from shared.ports import Done, Row


class Kind(StrEnum):
    """What a finding is."""

    STUCK = "stuck"
    OPEN = "open"
    VANISHED = "vanished"
    ROW_MISSING = "row-missing"
    OBJECT_MISSING = "object-missing"
    UNLABELLED = "unlabelled"


MEANINGS: Mapping[Kind, str] = {
    Kind.STUCK: "it waits in the inbox or the staging area for too long",
    Kind.OPEN: "it was announced, is still there and has no outcome",
    Kind.VANISHED: "it was announced, has no outcome and is gone: overwritten, or deleted by hand",
    Kind.ROW_MISSING: "an archived version has no row",
    Kind.OBJECT_MISSING: "a row tells of an archived version that is not there",
    Kind.UNLABELLED: "nothing tells what it was sent as, so that it cannot be announced",
}
REPORTED: Final = frozenset({Kind.VANISHED, Kind.OBJECT_MISSING, Kind.UNLABELLED})


def action_of(kind: Kind) -> str:
    """Return what is done about it: nothing but the report, where nothing can repair it."""
    return "reported" if kind in REPORTED else "announced"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One object that is not as it should be."""

    kind: Kind
    version: ObjectVersion


@dataclass(slots=True, kw_only=True)
class Report:
    """One run."""

    started: datetime
    max_findings: int
    counts: Counter[Kind] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)
    redriven: set[ObjectVersion] = field(default_factory=set)
    redriven_to: str = ""  # where it had to end before all that waits was looked at
    asked: bool = False  # for open uploads
    compared_from: str | None = None  # None when no part of the archive was compared
    compared_to: str = ""
    names_compared: int = 0
    pass_complete: bool = False
    archive_listed: int = 0
    dead_letters: int = 0
    cut_short: bool = False  # by a limit
    before: Progress = field(default_factory=Progress)  # how far the runs before it had come
    tallies: dict[str, int] = field(default_factory=dict)  # of the tasks, by name in snake_case
    studies_outlast: bool = False  # one is open of which nothing came lately
    studies_since: datetime | None = None  # which studies were looked at; None when not all were
    failures: list[InletError] = field(default_factory=list)  # of tasks

    def add(self, kind: Kind, version: ObjectVersion) -> None:
        """Count a finding, and keep it while there is room."""
        self.counts[kind] += 1
        if len(self.findings) < self.max_findings:
            self.findings.append(Finding(kind=kind, version=version))

    def span(self, period: timedelta) -> timedelta:
        """Return how far back to look: what is recent, and all that topics keep once a period."""
        asked_at = self.before.asked_at
        return LOOKBACK if asked_at is None or self.started - asked_at >= period else RECENT

    @property
    def announced(self) -> int:
        """How many objects were announced again."""
        return sum(count for kind, count in self.counts.items() if kind not in REPORTED)

    @property
    def progress(self) -> Progress:
        """Where the next comparison begins."""
        return Progress(
            redriven_to=self.redriven_to,
            asked_at=self.started,
            compared_at=self.started,
            compared_to=self.compared_to,
            pass_complete=self.pass_complete,
        )

    def done(self) -> Done:
        """Return the line of the log: counts only, since names may tell of a patient."""
        fields = {kind.value.replace("-", "_"): self.counts[kind] for kind in Kind}
        fields |= {"archive_listed": self.archive_listed, "dead_letters": self.dead_letters}
        fields |= self.tallies
        return Done("swept", {**fields, "cut_short": self.cut_short}, self._level())

    def _level(self) -> int:
        if any(self.counts[kind] for kind in REPORTED):
            return logging.ERROR
        return logging.WARNING if self.announced or self.dead_letters else logging.INFO

    def told(self) -> list[Row]:
        """Return the findings that there was room for."""
        return [_told(finding) for finding in self.findings]

    def row(self, finished: datetime) -> Row:
        """Return the row of `imaging.sweeps`."""
        compared = self.compared_from is not None
        return {
            "RunAt": self.started,
            "DurationMs": round((finished - self.started).total_seconds() * 1000),
            "Redriven": self.counts[Kind.STUCK],
            "RedrivenTo": self.redriven_to,
            "Reannounced": self.counts[Kind.OPEN] if self.asked else None,
            "Vanished": self.counts[Kind.VANISHED] if self.asked else None,
            "ArchiveListed": self.archive_listed if compared else None,
            "RowsMissing": self.counts[Kind.ROW_MISSING] if compared else None,
            "ObjectsMissing": self.counts[Kind.OBJECT_MISSING] if compared else None,
            "Unlabelled": self.counts[Kind.UNLABELLED],
            "DeadLetters": self.dead_letters,
            "ComparedFrom": self.compared_from,
            "ComparedTo": self.compared_to if compared else None,
            "PassComplete": self.pass_complete if compared else None,
            "Findings": self.told(),
            "FindingsOmitted": self.counts.total() - len(self.findings),
            "StudiesSince": self.studies_since,
            **{_column(name): count for name, count in self.tallies.items()},
            "PipelineVersion": PIPELINE_VERSION,
        }


def _column(name: str) -> str:
    return name.title().replace("_", "")


def _told(finding: Finding) -> Row:
    version = finding.version
    return {
        "Kind": finding.kind.value,
        "ObjectUri": f"gs://{version.bucket}/{version.name}",
        "Generation": version.generation,
        "Action": action_of(finding.kind),
    }
