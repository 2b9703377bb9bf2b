"""Builders of receipts' events."""

from datetime import timedelta

from shared.contracts.event import PublicEvent
from shared.contracts.receipt import Closing, ReceiptSummary, Tally
from tests.outcomes import MOMENT


def a_receipt_event() -> PublicEvent:
    """The event of a receipt of twelve hundred files and a few that were refused."""
    return PublicEvent.of_receipt(
        ReceiptSummary(
            facility="demo-hospital",
            opened_at=MOMENT,
            closed_at=MOMENT + timedelta(hours=1),
            revision=1,
            closing=Closing.QUIET,
            issued_at=MOMENT + timedelta(hours=2),
            tallies=(
                Tally(outcome="archived", reason=None, files=1200),
                Tally(outcome="quarantined", reason="truncated", files=3),
            ),
            undecided=0,
            uri="gs://receipts/demo-hospital/2026-01-02/0123456789abcdef0123456789abcdef.json",
        )
    )
