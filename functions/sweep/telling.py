"""What was declared is told, by whoever finds that the table of events does not have it yet.

Told is what the ledgers say, and nothing else: perhaps twice, with the same id and the same words,
and never not. A receipt is written as JSON and as a page before it is announced, under names that
no other revision has.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from typing import Final

from functions.sweep.receipt_document import document, to_json
from functions.sweep.receipt_page import page
from functions.sweep.report import Report
from shared.contracts.declaration import RECEIPTS, STUDY_CHANGES, Declaration
from shared.contracts.event import PublicEvent
from shared.contracts.receipt import Receipt
from shared.contracts.study import StudyState
from shared.contracts.uid_mask import UidMask
from shared.errors import ContractError
from shared.ports import Clock, Ledger, ObjectStore, Publisher

TALLIES: Final = {STUDY_CHANGES: "studies_told", RECEIPTS: "receipts_told"}
_JSON: Final = "application/json"
_HTML: Final = "text/html; charset=utf-8"


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """The task of a sweep that tells what was declared, after all that declare."""

    ledger: Ledger
    objects: ObjectStore
    events: Publisher
    clock: Clock
    mask: UidMask
    bucket: str  # of receipts
    look_back_every: timedelta  # at all that may be untold, and not what is recent
    max_told: int
    budget: timedelta

    def run(self, report: Report) -> None:
        """Return once what is not told was told, or as much of it as a run may."""
        span = report.span(self.look_back_every)
        # What this run declared comes first: it is told at once, even while nothing that is told
        # reaches the table of events, and the same is told again.
        untold = self.ledger.untold(report.started - span, report.started)
        told: Counter[str] = Counter()
        for declaration in islice(untold, self.max_told):
            try:
                event = self._event(declaration)
            except ContractError as failure:  # of another release; the others are told all the same
                report.failures.append(failure)
                continue
            self.events.publish(event.to_message())
            told[declaration.table] += 1
            if self.clock.now() - report.started >= self.budget:
                break
        report.tallies |= {name: told[table] for table, name in TALLIES.items()}
        report.cut_short |= next(untold, None) is not None

    def _event(self, declaration: Declaration) -> PublicEvent:
        if declaration.table == STUDY_CHANGES:
            return PublicEvent.of_study(StudyState.from_data(declaration.data), self.mask)
        receipt = Receipt.from_data(declaration.data)
        self._write(receipt)
        return PublicEvent.of_receipt(receipt.summary)

    def _write(self, receipt: Receipt) -> None:
        """Write both forms; what has their names was written from the same row before."""
        for suffix, media_type, content in (
            ("json", _JSON, to_json(document(receipt))),
            ("html", _HTML, page(receipt).encode()),
        ):
            name = receipt.name(suffix)
            self.objects.write(self.bucket, name, [content], media_type=media_type)
