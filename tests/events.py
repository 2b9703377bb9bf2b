"""Builders of public events, one of every type."""

from datetime import UTC, datetime
from typing import Any

from shared.contracts.event import PublicEvent
from shared.contracts.outcome import Outcome, OutcomeKind
from shared.contracts.receipt import Closing, ReceiptSummary, Tally
from shared.contracts.stuck import StuckUpload
from shared.contracts.study import Cause, Change, SeriesState, StudyState
from shared.contracts.uid_mask import UidMask
from tests.outcomes import MOMENT, an_outcome

A_SERIES = SeriesState(series_instance_uid="1.2.3.4", modality="CT", instances=120, settled=True)


def a_study(change: Change = Change.COMPLETED, **changes: Any) -> StudyState:
    """What a study became."""
    completed = change is Change.COMPLETED
    fields: dict[str, Any] = {
        "facility": "demo-hospital",
        "study_instance_uid": "1.2.3",
        "revision": 1 if completed else 2,
        "change": change,
        "cause": Cause.EXPECTED_COUNT if completed else Cause.LATE_ARRIVAL,
        "declared_at": MOMENT,
        "first_arrival": datetime(2026, 1, 2, 2, 30, tzinfo=UTC),
        "last_arrival": datetime(2026, 1, 2, 2, 45, tzinfo=UTC),
        "instances": 121,
        "expected_instances": 121,
        "series": (
            A_SERIES,
            SeriesState(series_instance_uid="1.2.3.9", modality=None, instances=1, settled=False),
        ),
        "archive_prefix": "demo-hospital/1.2.3/",
    }
    return StudyState(**(fields | changes))


def a_stuck_upload(**changes: Any) -> StuckUpload:
    """An upload that waits."""
    fields: dict[str, Any] = {
        "facility": "demo-hospital",
        "upload_event_id": "1" * 32,
        "root_event_id": "0" * 32,
        "finding": "stuck",
        "waited_s": 7200,
        "noticed_at": MOMENT,
    }
    return StuckUpload(**(fields | changes))


def a_receipt(**changes: Any) -> ReceiptSummary:
    """A receipt, in numbers."""
    fields: dict[str, Any] = {
        "facility": "demo-hospital",
        "opened_at": datetime(2026, 1, 2, 2, 30, tzinfo=UTC),
        "closed_at": datetime(2026, 1, 2, 2, 45, tzinfo=UTC),
        "revision": 1,
        "closing": Closing.QUIET,
        "issued_at": MOMENT,
        "tallies": (
            Tally(outcome="archived", reason=None, files=121),
            Tally(outcome="quarantined", reason="truncated", files=2),
        ),
        "undecided": 1,
        "uri": f"gs://demo-receipts/demo-hospital/2026-01-02/{'2' * 32}.json",
    }
    return ReceiptSummary(**(fields | changes))


def a_receipt_event() -> PublicEvent:
    """The event of a receipt."""
    return PublicEvent.of_receipt(a_receipt())


def event_of(outcome: Outcome) -> PublicEvent:
    """The event of an outcome of a facility whose UIDs stand."""
    return PublicEvent.of(outcome, UidMask())


def every_event(mask: UidMask | None = None) -> list[PublicEvent]:
    """One event of every type, as the facilities' policies have it."""
    mask = mask or UidMask()
    return [
        *(PublicEvent.of(an_outcome(kind), mask) for kind in OutcomeKind),
        *(PublicEvent.of_study(a_study(change), mask) for change in Change),
        PublicEvent.of_stuck(a_stuck_upload()),
        a_receipt_event(),
    ]
