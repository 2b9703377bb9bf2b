"""Index: an outcome becomes rows, and so does what landed, and what was published.

They come from three topics: what landed is counted by its announcements and what became of it by
its outcomes, so that the one count can prove the other; and the table of events has what was
published, whoever published it.

The account of an outcome (`imaging.uploads`, `imaging.deid_audit`) is written after the instance
it speaks of, so that whoever finds the account finds the instance. A repeated delivery repeats
rows under the same EventId; the views keep one.
"""

from dataclasses import dataclass

from functions.index import rows
from shared.contracts.event import PublicEvent
from shared.contracts.message import Message
from shared.contracts.outcome import Outcome, OutcomeKind
from shared.contracts.upload import Upload
from shared.ports import Clock, Done, RowSink

Told = Outcome | Upload | PublicEvent


def read(message: Message) -> Told:
    """Return what a message of any of the topics is about."""
    if "ce-id" in message.attributes:
        return PublicEvent.from_message(message)
    of_uploads = "eventType" in message.attributes
    return Upload.from_message(message) if of_uploads else Outcome.from_message(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """The handler of the topics `outcomes`, `uploads` and `events`."""

    tables: RowSink
    clock: Clock

    def __call__(self, told: Told) -> Done:
        """Return once every row of it is confirmed."""
        if isinstance(told, Upload):
            self.tables.append("imaging.landed", [rows.landed(told)])
            return Done("upload indexed")
        if isinstance(told, PublicEvent):
            self.tables.append("imaging.events", [rows.event(told, self.clock.now())])
            return Done("event indexed", {"type": told.type})
        return self._index(told)

    def _index(self, outcome: Outcome) -> Done:
        if outcome.kind.of_version:
            self.tables.append("imaging.instances", [rows.instance(outcome)])
        if outcome.kind is OutcomeKind.DEIDENTIFIED:
            self.tables.append("research.instances", [rows.research_instance(outcome)])
        if outcome.withheld_uid:
            self.tables.append("research.instances", [rows.withheld_instance(outcome)])
        if outcome.kind.stage == "deidentify":
            self.tables.append("imaging.deid_audit", [rows.audit(outcome)])
        if outcome.kind.ends_upload:
            self.tables.append("imaging.uploads", [rows.upload(outcome)])
        since_landed_ms = outcome.since_landed_ms(self.clock.now())
        told = {"outcome": outcome.kind.value, "since_landed_ms": since_landed_ms}
        return Done("outcome indexed", told)
