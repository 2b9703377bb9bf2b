"""What a handler needs of the world, as protocols; `shared.adapters` satisfies them.

Every method raises `TransientError` when the service did not answer as its contract says, so that
the delivery is tried again; what a caller must distinguish is a return value.
"""

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Final, Protocol

from shared.contracts.catalogue import (
    IndexedVersion,
    KnownAccession,
    KnownPatient,
    OpenUpload,
    PrimaryVersion,
    Progress,
)
from shared.contracts.declaration import Declaration
from shared.contracts.event import PublicEvent
from shared.contracts.gathering import Gathering
from shared.contracts.letter import Letter
from shared.contracts.message import Message
from shared.contracts.objects import ObjectVersion, StoredObject
from shared.contracts.receipt import Changed, Contents, Landing, Stretch
from shared.contracts.standing import Standing

Row = Mapping[str, object]
NO_LABELS: Mapping[str, str] = MappingProxyType({})
DICOM: Final = "application/dicom"  # media types, PS3.18 Section 8.7.3
DICOM_JSON: Final = "application/dicom+json"


@dataclass(frozen=True, slots=True)
class Done:
    """What a handler did, for its one line in the log: a constant sentence and PHI-free fields."""

    message: str
    fields: Mapping[str, object] = field(default_factory=dict)
    level: int = logging.INFO


class ObjectStore(Protocol):
    """Buckets of immutable object generations."""

    def stat(self, version: ObjectVersion) -> StoredObject | None:
        """Return what is known of a generation, or None when it is gone."""
        ...

    def find(self, bucket: str, name: str) -> StoredObject | None:
        """Return the live generation of a name, or None."""
        ...

    def read(self, version: ObjectVersion, offset: int, length: int) -> bytes:
        """Return the bytes `[offset, offset + length)`, fewer only where the object ends."""
        ...

    def copy(
        self, source: StoredObject, bucket: str, name: str, labels: Mapping[str, str]
    ) -> StoredObject | None:
        """Copy a generation server-side; return None when the name is taken, changing nothing.

        The copy has `labels`, which are not empty, instead of the source's, and the source's
        crc32c when this returns.
        """
        ...

    def claim(self, bucket: str, name: str, labels: Mapping[str, str]) -> StoredObject:
        """Return an empty object that has `labels`, or what had the name before."""
        ...

    def write(
        self,
        bucket: str,
        name: str,
        chunks: Iterable[bytes],
        labels: Mapping[str, str] = NO_LABELS,
        media_type: str = DICOM,
    ) -> StoredObject | None:
        """Write a new object with `labels`; return None when the name is taken, changing nothing.

        No reader sees the object before its last byte is written. What `chunks` raises is raised
        here, and there is no object.
        """
        ...

    def equals(self, stored: StoredObject, chunks: Iterable[bytes]) -> bool:
        """Return whether an object has exactly these bytes, by size and checksum."""
        ...

    def delete(self, version: ObjectVersion) -> None:
        """Delete exactly this generation; a generation that is gone is deleted already."""
        ...

    def list(self, bucket: str, prefix: str = "", start: str = "") -> Iterator[StoredObject]:
        """Yield the live objects of a bucket in the order of their names, from a name on."""
        ...


class Publisher(Protocol):
    """One topic."""

    def publish(self, message: Message) -> None:
        """Return once the service has confirmed the message."""
        ...


class RowSink(Protocol):
    """Tables that are only ever appended to."""

    def append(self, table: str, rows: Sequence[Row]) -> None:
        """Return once the rows are in `dataset.table`; a repeated append repeats rows."""
        ...


class Catalogue(Protocol):
    """What the tables say of what landed and of what is archived, and what sweeps found of it."""

    def open_uploads(self, since: datetime, until: datetime) -> Iterator[OpenUpload]:
        """Yield what landed in that time, was announced and has no outcome."""
        ...

    def archived(self, bucket: str, after: str, limit: int) -> Iterator[IndexedVersion]:
        """Yield the indexed versions in a bucket whose names come after one, in their order."""
        ...

    def progress(self, since: datetime) -> Progress:
        """Return how far the sweeps since then have come."""
        ...

    def record(self, sweep: Row) -> None:
        """Return once the row of a sweep is in `imaging.sweeps`."""
        ...


class Ledger(Protocol):
    """Tables of what was declared, in which the first to declare something has its say.

    They have the columns `EventId` and `DeclaredAt`, and a row is there as often as it was entered.
    """

    def enter(self, table: str, rows: Sequence[Row]) -> None:
        """Return once the rows are there, or those that came first under their `EventId`s."""
        ...

    def untold(self, since: datetime, first: datetime) -> Iterator[Declaration]:
        """Yield what was declared since then and has no event in the table of events.

        Of all of its tables, each once, in the order in which they were declared; but studies, and
        facilities of receipts, of which something was declared since the second moment come first.
        """
        ...


class Studies(Protocol):
    """What the tables say of studies as a whole."""

    def gathered(self, since: datetime, only: Sequence[str] = ()) -> Iterator[Gathering]:
        """Yield the studies that got something since then and are not complete with it.

        Of each, what came since then; of these Study Instance UIDs only, unless there are none.
        """
        ...


class Arrivals(Protocol):
    """What the tables say of what facilities sent, as receipts tell of it.

    Of what was decided more than once the first outcome counts. What landed in a container landed
    when the container did.
    """

    def unsaid(
        self, since: datetime, until: datetime
    ) -> tuple[Sequence[Changed], Iterator[Landing]]:
        """Return what receipts do not say of what landed in that time.

        These are the receipts that do not say what the tables say now, and what landed behind its
        facility's last receipt: each upload once, by facility and in the order in which they
        landed.
        """
        ...

    def covered(self) -> Mapping[str, datetime]:
        """Return up to where the receipts of each facility cover its time."""
        ...

    def contents(self, stretch: Stretch) -> Contents:
        """Return what landed in a stretch, and what became of it."""
        ...


class Originals(Protocol):
    """What is archived, in no order and never all of it in memory."""

    def primaries(self, bucket: str, prefix: str = "") -> Iterator[PrimaryVersion]:
        """Yield the primary version of every instance whose name there begins with a prefix."""
        ...

    def patients(self) -> Iterator[KnownPatient]:
        """Yield every patient of a facility once."""
        ...

    def accession_numbers(self) -> Iterator[KnownAccession]:
        """Yield every accession number of a facility once."""
        ...

    def uids(self) -> Iterator[str]:
        """Yield every UID of a study, a series or an instance once."""
        ...


class Subscription(Protocol):
    """A subscription whose messages stay until they are acknowledged."""

    def pull(self, at_most: int, wait_s: float) -> Sequence[Letter]:
        """Return some of the messages that wait, lent for a while; none if none came in time."""
        ...

    def give_back(self, letters: Sequence[Letter]) -> None:
        """Return once these may be pulled again at once."""
        ...

    def acknowledge(self, letters: Sequence[Letter]) -> None:
        """Return once these are gone."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What became of an attempt to tell a receiver of an event."""

    status: int | None = None  # what it answered, of HTTP or SMTP
    reason: str | None = None  # why it did not take the event; None: it did
    final: bool = False  # it will never take it
    wait_s: int | None = None  # for how long it asks to be left alone


class Receiver(Protocol):
    """Somebody who is told of events."""

    def send(self, event: PublicEvent) -> Reply:
        """Return what the receiver answered, or why there was no answer; raise nothing."""
        ...


class Deliveries(Protocol):
    """What targets have been told, and telling them again."""

    def standings(self) -> Iterator[Standing]:
        """Yield how far each target has been told that was tried."""
        ...

    def replay(self, target: str, since: datetime) -> None:
        """Return once all that was published since then, and is kept, goes to a target again."""
        ...


class Clock(Protocol):
    """The time of day."""

    def now(self) -> datetime:
        """Return the current time in UTC."""
        ...
