"""A `sweep` on memory twins."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from functions.sweep.alarm import Alarm
from functions.sweep.handler import Sweep
from functions.sweep.report import Report
from functions.sweep.task import Task
from functions.sweep.terms import Limits, Terms
from shared.adapters.memory import (
    ManualClock,
    MemoryCatalogue,
    MemoryObjectStore,
    MemorySubscription,
    MemoryTables,
    MemoryTopic,
)
from shared.contracts.facilities import Facilities
from shared.contracts.message import Message
from shared.contracts.upload import Upload

FACILITIES = Facilities.from_data({"h": {}, "c": {"archive_prefix": "clinics/c"}})
INTERVAL = timedelta(minutes=5)
LIMITS = Limits(stuck_after=timedelta(minutes=15), interval=INTERVAL)


def terms(limits: Limits = LIMITS) -> Terms:
    """Return the terms of a sweep through buckets that have their stems for names."""
    return Terms(inbox="inbox", archive="archive", quarantine="quarantine", limits=limits)


@dataclass(frozen=True)
class Together:
    """Tasks of a sweep as one."""

    tasks: Sequence[Task]

    def run(self, report: Report) -> None:
        for task in self.tasks:
            task.run(report)


@dataclass
class Swept:
    """What a sweep is given, and what it leaves."""

    clock: ManualClock = field(default_factory=ManualClock)
    topic: MemoryTopic = field(default_factory=MemoryTopic)
    events: MemoryTopic = field(default_factory=MemoryTopic)
    tables: MemoryTables = field(default_factory=MemoryTables)
    dead_letters: MemorySubscription = field(default_factory=MemorySubscription)

    def __post_init__(self) -> None:
        self.store = MemoryObjectStore(self.clock.now)

    def sweep(self, limits: Limits = LIMITS, **ports: Any) -> Sweep:
        made: dict[str, Any] = {
            "objects": self.store,
            "uploads": self.topic,
            "alarm": Alarm(events=self.events, facilities=FACILITIES, terms=terms(limits)),
            "catalogue": MemoryCatalogue(self.tables),
            "dead_letters": self.dead_letters,
            "clock": self.clock,
            "terms": terms(limits),
        }
        return Sweep(**(made | ports))

    def announced(self) -> list[Upload]:
        """Return what was announced since the last call."""
        messages, self.topic.messages = self.topic.messages, []
        return [Upload.from_message(message) for message in messages]

    def rows(self) -> list[Any]:
        """Return what was written down, oldest first."""
        return self.tables.rows.get("imaging.sweeps", [])

    def dead_letter(self, subscription: str) -> None:
        """Have a dead letter wait."""
        attributes = {"CloudPubSubDeadLetterSourceSubscription": subscription}
        self.dead_letters.put(Message(data=b"{}", attributes=attributes), self.clock.time)
