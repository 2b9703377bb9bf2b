"""What receipts are made of: rows as `index` writes them, and the task on memory twins."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from functions.index import rows
from functions.sweep.receipts import Receipts
from functions.sweep.report import Report
from functions.sweep.telling import Telling
from shared.adapters.memory import (
    ManualClock,
    MemoryLedger,
    MemoryObjectStore,
    MemoryTables,
    MemoryTopic,
)
from shared.adapters.memory_arrivals import MemoryArrivals
from shared.claims import Claims
from shared.contracts.catalogue import Progress
from shared.contracts.facilities import Facilities
from shared.contracts.objects import ObjectVersion, StoredObject
from shared.contracts.outcome import Outcome, OutcomeKind
from shared.contracts.provenance import Provenance
from shared.contracts.receipt import Receipt
from shared.contracts.uid_mask import UidMask
from shared.contracts.upload import Upload
from tests.outcomes import an_outcome
from tests.sweeping import Together

FACILITIES = Facilities.from_data(
    {
        "demo-hospital": {"receipt_quiet_s": 600, "receipt_forced_s": 3600},
        "demo-clinic": {"receipt_quiet_s": 60, "receipt_forced_s": 600},
    }
)
PATIENCE = timedelta(minutes=15)


def a_file(name: str, landed: datetime, generation: int = 1) -> StoredObject:
    """An object of the inbox."""
    version = ObjectVersion(bucket="inbox", name=name, generation=generation)
    return StoredObject(version=version, size=100, crc32c="0badcafe", created=landed)


def a_member(container: StoredObject, path: str) -> StoredObject:
    """A member of it, as outcomes name it."""
    return replace(container, version=Provenance.of_upload(container).member(path, 10).version)


def announced(stored: StoredObject, late: timedelta = timedelta(milliseconds=300)) -> Any:
    """The row of `imaging.landed`; the event's time is a moment after the object's creation."""
    return rows.landed(Upload(version=stored.version, landed_at=stored.created + late))


def a_decision(
    stored: StoredObject,
    kind: OutcomeKind = OutcomeKind.ARCHIVED,
    *,
    root: StoredObject | None = None,
    **changes: Any,
) -> Outcome:
    """What became of it."""
    fields = {
        "source": stored,
        "root_event_id": Upload(version=(root or stored).version).event_id,
        "facility": stored.version.facility,
        "findings": (),
        "reason": None,
        "decided_at": stored.created + timedelta(seconds=2),
    }
    return an_outcome(kind, **(fields | changes))


def a_receipt() -> Receipt:
    """The receipt of a drop of one file."""
    issuing = Issuing()
    issuing.drop(a_file("demo-hospital/a", issuing.clock.time))
    issuing.clock.time += timedelta(hours=1)
    issuing.run()
    (receipt,) = issuing.latest()
    return receipt


@dataclass
class Issuing:
    """The task, what it is given and what it leaves."""

    clock: ManualClock = field(default_factory=ManualClock)
    tables: MemoryTables = field(default_factory=MemoryTables)
    events: MemoryTopic = field(default_factory=MemoryTopic)
    facilities: Facilities = FACILITIES
    asked_at: datetime | None = None

    def __post_init__(self) -> None:
        self.store = MemoryObjectStore(self.clock.now)

    def ports(self) -> dict[str, Any]:
        return {
            "arrivals": MemoryArrivals(self.tables),
            "ledger": MemoryLedger(Claims(self.store, "receipts"), self.tables),
            "objects": self.store,
            "events": self.events,
        }

    def task(self, **ports: Any) -> Together:
        """What issues receipts, and what tells of them."""
        made = self.ports() | ports
        limits: dict[str, Any] = {
            "ledger": made["ledger"],
            "clock": self.clock,
            "bucket": "receipts",
            "look_back_every": timedelta(hours=1),
            "budget": made.pop("budget", timedelta(minutes=5)),
        }
        issuing = Receipts(
            arrivals=made["arrivals"], facilities=self.facilities, patience=PATIENCE, **limits
        )
        telling = Telling(
            objects=made["objects"],
            events=made["events"],
            mask=UidMask(),
            max_told=1_000,
            **limits,
        )
        return Together([issuing, telling])

    def run(self, **ports: Any) -> Report:
        """Run the task once, as a sweep does."""
        before = Progress(asked_at=self.asked_at)
        report = Report(started=self.clock.time, max_findings=9, before=before)
        self.task(**ports).run(report)
        return report

    def land(self, *files: StoredObject) -> None:
        self.tables.append("imaging.landed", [announced(each) for each in files])

    def decide(self, *outcomes: Outcome) -> None:
        self.tables.append("imaging.uploads", [rows.upload(each) for each in outcomes])

    def drop(self, *files: StoredObject) -> None:
        """They land and are archived."""
        self.land(*files)
        self.decide(*map(a_decision, files))

    def hear(self, ids: Iterable[str]) -> None:
        """The table of events has these."""
        self.tables.append("imaging.events", [{"EventId": each} for each in ids])

    def told(self) -> list[str]:
        return [message.attributes["ce-id"] for message in self.events.messages]

    def entries(self) -> list[Any]:
        return list(self.tables.rows.get("imaging.receipts", []))

    def latest(self) -> list[Receipt]:
        """The receipts in their latest revisions, oldest first."""
        found: dict[str, Receipt] = {}
        for row in self.entries():
            receipt = Receipt.from_data(row["Data"])
            known = found.get(row["ReceiptId"])
            if known is None or known.revision < receipt.revision:
                found[row["ReceiptId"]] = receipt
        return sorted(found.values(), key=lambda each: each.stretch.covers_to)


def names(receipt: Receipt) -> list[str]:
    """The names that a receipt lists."""
    return sorted(name for group in receipt.contents.groups for name in group.names)
