"""Receipts: each drop of a facility that is over is told of, and told of anew when more is known.

What a receipt says is decided once: it is entered in the ledger, where the first to enter it has
its say. It is written and announced from there, by `telling`; so every prefix of this is safe to
repeat, and two sweeps at once say the same.

A drop is entered once all of it is decided, or has waited for too long. What of it is decided, or
heard of, later gives the next revision of its receipt, which replaces those before. What is
released from the quarantine, or decided again, later does not: a receipt says what was.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby, zip_longest
from operator import attrgetter
from typing import Final

from functions.sweep.drops import Drop, closed_drops
from functions.sweep.report import Report
from functions.sweep.terms import LOOKBACK
from shared.contracts.declaration import RECEIPTS
from shared.contracts.facilities import Facilities
from shared.contracts.outcome import PIPELINE_VERSION
from shared.contracts.receipt import Changed, Closing, Landing, Receipt, Stretch
from shared.ports import Arrivals, Clock, Ledger, Row

REVISED_EVERY: Final = timedelta(hours=1)  # while some of it still waits


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipts:
    """The task that issues receipts."""

    arrivals: Arrivals
    ledger: Ledger
    clock: Clock
    facilities: Facilities
    bucket: str
    patience: timedelta  # how long an upload may be undecided before a receipt is issued without
    look_back_every: timedelta  # at all that the tables keep, and not what is recent
    budget: timedelta  # of a run, for receipts that are entered; the next one goes on

    def run(self, report: Report) -> None:
        """Return once every receipt that is due is entered."""
        span = report.span(self.look_back_every)
        changed, landings = self.arrivals.unsaid(report.started - span, report.started)
        settled = self._settled(report, landings)
        start = report.started - span
        if span < LOOKBACK and any(
            drop.stretch.covers_from < start for drops in settled for drop in drops[:1]
        ):  # something older may come before it
            _, landings = self.arrivals.unsaid(report.started - LOOKBACK, report.started)
            settled = self._settled(report, landings)
        entered = self._issue(report, settled) + self._revise(report, changed)
        report.tallies["receipts_issued"] = entered

    def _issue(self, report: Report, settled: list[list[Drop]]) -> int:
        """Enter the first receipt of every drop that is over; return how many.

        The next one of a facility begins where the last one ends: it is entered only where the
        ledger ended that one where this run did, and no other sweep came first.
        """
        entered = 0
        for drops in _rounds(settled):
            covered = self.arrivals.covered() if entered else {}
            going_on = [
                drop
                for drop in drops
                if not entered or covered.get(drop.stretch.facility) == drop.stretch.covers_from
            ]
            receipts = (self._receipt(drop.stretch, 1, drop.closing) for drop in going_on)
            entered += self._enter(report, receipts)
            if not going_on or report.cut_short:
                break
        return entered

    def _settled(self, report: Report, landings: Iterator[Landing]) -> list[list[Drop]]:
        """Return, per facility, the drops that are over and before which none is waited for."""
        return [
            list(self._until_one_waits(closed_drops(facility, its_own, report.started), report))
            for name, its_own in groupby(landings, key=attrgetter("facility"))
            if (facility := self.facilities.get(name))
        ]

    def _until_one_waits(self, drops: Iterable[Drop], report: Report) -> Iterator[Drop]:
        for drop in drops:
            if not drop.is_settled(report.started, self.patience):
                return
            yield drop

    def _revise(self, report: Report, changed: Iterable[Changed]) -> int:
        """Enter the next revision of each receipt of which more is known; return how many."""
        due = (
            each
            for each in changed
            if not each.undecided or report.started - each.issued_at >= REVISED_EVERY
        )
        return self._enter(
            report,
            (self._receipt(each.stretch, each.revision + 1, each.closing, each) for each in due),
        )

    def _receipt(
        self, stretch: Stretch, revision: int, closing: Closing, before: Changed | None = None
    ) -> Receipt:
        contents = self.arrivals.contents(stretch)
        opened_at, closed_at = (
            (before.opened_at, before.closed_at) if before else (stretch.covers_to,) * 2
        )
        return Receipt(
            stretch=stretch,
            revision=revision,
            closing=closing,
            issued_at=self.clock.now(),
            opened_at=contents.opened_at or opened_at,
            closed_at=contents.closed_at or closed_at,
            bucket=self.bucket,
            contents=contents,
        )

    def _enter(self, report: Report, receipts: Iterable[Receipt]) -> int:
        """Enter receipts while the run may take more time; return how many."""
        entered = 0
        for receipt in receipts:
            self.ledger.enter(RECEIPTS, [row(receipt)])
            entered += 1
            if self.clock.now() - report.started >= self.budget:
                report.cut_short = True
                break
        return entered


def _rounds(settled: list[list[Drop]]) -> Iterator[list[Drop]]:
    """Yield the first drop of each facility, then the second of each, and so on."""
    for drops in zip_longest(*settled):
        yield [drop for drop in drops if drop]


def row(receipt: Receipt) -> Row:
    """Return the row of `imaging.receipts`."""
    summary = receipt.summary
    return {
        "EventId": summary.event_id,
        "ReceiptId": summary.receipt_id,
        "Facility": summary.facility,
        "Revision": receipt.revision,
        "DeclaredAt": receipt.issued_at,
        "OpenedAt": receipt.opened_at,
        "ClosedAt": receipt.closed_at,
        "CoversFrom": receipt.stretch.covers_from,
        "CoversTo": receipt.stretch.covers_to,
        "Closing": receipt.closing.value,
        "Files": receipt.contents.files,
        "Undecided": receipt.contents.undecided,
        "Digest": receipt.contents.digest,
        "Uri": summary.uri,
        "Data": receipt.to_data(),
        "PipelineVersion": PIPELINE_VERSION,
    }
