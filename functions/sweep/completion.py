"""Studies are declared complete, or open again.

Decided is from the tables alone, and the first to declare a change of a revision has its say; so
two sweeps at once, or one that repeats what another had begun, declare the same. `telling` tells
what is declared.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice
from typing import Final

from functions.sweep.decision import next_state
from functions.sweep.report import Report
from functions.sweep.terms import LOOKBACK
from shared.contracts.declaration import STUDY_CHANGES
from shared.contracts.facilities import Facilities, Facility
from shared.contracts.gathering import Gathering
from shared.contracts.outcome import PIPELINE_VERSION
from shared.contracts.study import Change, StudyState
from shared.ports import Clock, Ledger, Row, Studies

DAY: Final = timedelta(days=1)
BATCH: Final = 100  # changes that are written down at once, studies that are asked for by name
PART_SERIES: Final = 20_000  # written down at once: 150 bytes each, of the 10 MB of an append
TALLIES: Final = {
    Change.COMPLETED: "studies_completed",
    Change.REOPENED: "studies_reopened",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """The task of a sweep that declares studies complete and open."""

    studies: Studies
    ledger: Ledger
    facilities: Facilities
    clock: Clock
    max_changes: int
    budget: timedelta

    def run(self, report: Report) -> None:
        """Return once what is to be declared of studies is declared."""
        since = self._since(report)
        report.tallies |= dict.fromkeys(TALLIES.values(), 0)
        whole = self._declare(report, since)
        report.studies_since = since if whole and not report.studies_outlast else None
        report.cut_short |= not whole

    def _since(self, report: Report) -> datetime:
        """Return how far back a run looks: once a day as far as sweeps ever do.

        Otherwise so far that no study that is open began before, with a day to spare for rows that
        are late.
        """
        looked_at = report.before.studies_at
        if looked_at is None or report.started - looked_at >= DAY:
            return report.started - LOOKBACK
        return self._recent(report)

    def _recent(self, report: Report) -> datetime:
        periods = [each.study_forced_s for each in self.facilities] + [_DEFAULT.study_forced_s]
        return report.started - min(LOOKBACK, DAY + timedelta(seconds=max(periods)))

    def _declare(self, report: Report, since: datetime) -> bool:
        """Return whether all changes were declared, and not only as many as a run may."""
        changes, left = self._changes(report, since), self.max_changes
        while batch := list(islice(changes, min(BATCH, left))):
            for part in _parts(batch):
                self.ledger.enter(STUDY_CHANGES, [row_of(state) for state in part])
            for state in batch:
                report.tallies[TALLIES[state.change]] += 1
            left -= len(batch)
            if not left or self._is_spent(report):
                return next(changes, None) is None
        return True

    def _changes(self, report: Report, since: datetime) -> Iterator[StudyState]:
        now = self.clock.now()  # before it is asked: what comes meanwhile makes nothing look quiet
        recent = self._recent(report)
        for seen in self._gathered(since):
            facility = self.facilities.get(seen.facility)
            facility = facility or replace(_DEFAULT, name=seen.facility)
            state = next_state(seen, facility, now)
            if state is None or state.change is Change.REOPENED:
                # It is open and the next short look would miss it: the next one is long, too.
                report.studies_outlast |= seen.last_arrival < recent
            if state:
                yield state

    def _gathered(self, since: datetime) -> Iterator[Gathering]:
        """Yield each study whole, also where it began before that."""
        older: list[Gathering] = []
        for seen in self.studies.gathered(since):
            if seen.last and seen.last.first_arrival < since:
                older.append(seen)
            else:
                yield seen
        for begin in range(0, len(older), BATCH):
            batch = {_key(seen): seen for seen in older[begin : begin + BATCH]}
            uids = sorted({uid for _, uid in batch})
            for seen in self.studies.gathered(_first_arrival(batch.values()) - DAY, uids):
                if _key(seen) in batch:
                    yield seen

    def _is_spent(self, report: Report) -> bool:
        return self.clock.now() - report.started >= self.budget


_DEFAULT: Final = Facility(name="")


def _first_arrival(batch: Iterable[Gathering]) -> datetime:
    return min(seen.last.first_arrival for seen in batch if seen.last)


def _key(seen: Gathering) -> tuple[str, str]:
    return seen.facility, seen.study_instance_uid


def _parts(batch: list[StudyState]) -> Iterator[list[StudyState]]:
    """Yield what one append takes: a study of many series has a large row."""
    part: list[StudyState] = []
    for state in batch:
        if part and sum(len(each.series) for each in [*part, state]) > PART_SERIES:
            yield part
            part = []
        part.append(state)
    yield part


def row_of(state: StudyState) -> Row:
    """Return the row of `imaging.study_changes`."""
    return {
        "EventId": state.event_id,
        "Facility": state.facility,
        "StudyInstanceUID": state.study_instance_uid,
        "Revision": state.revision,
        "Change": state.change.value,
        "Cause": state.cause.value,
        "DeclaredAt": state.declared_at,
        "FirstArrival": state.first_arrival,
        "LastArrival": state.last_arrival,
        "Instances": state.instances,
        "ExpectedInstances": state.expected_instances,
        "Series": len(state.series),
        "Data": state.to_data(),
        "PipelineVersion": PIPELINE_VERSION,
    }
