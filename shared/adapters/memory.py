"""The in-memory twins of the adapters: the same promises, for tests and simulations."""

import hashlib
import json
import threading
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from shared.adapters.chunks import fingerprint
from shared.claims import Claims
from shared.contracts.catalogue import (
    IndexedVersion,
    KnownAccession,
    KnownPatient,
    OpenUpload,
    PrimaryVersion,
    Progress,
)
from shared.contracts.declaration import LEDGERS, Declaration
from shared.contracts.event import PublicEvent
from shared.contracts.letter import Letter
from shared.contracts.message import TOPICS_KEEP, Message
from shared.contracts.objects import ObjectVersion, StoredObject
from shared.errors import PermanentError, TransientError
from shared.ports import DICOM, NO_LABELS, Reply, Row

# What the services take; beyond it they refuse, as their pages on quotas say.
MAX_PUBLISH_BYTES = 10_000_000
MAX_ATTRIBUTES = 100
MAX_ATTRIBUTE_NAME_BYTES = 256
MAX_ATTRIBUTE_VALUE_BYTES = 1024
MAX_APPEND_BYTES = 10_000_000
MAX_LABEL_BYTES = 8 * 1024


@dataclass(frozen=True, slots=True)
class _Held:
    stored: StoredObject
    data: bytes
    media_type: str


class MemoryObjectStore:
    """Buckets in memory, with the service's own conditions on generations."""

    def __init__(self, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._now = now
        self._objects: dict[tuple[str, str], _Held] = {}
        self._writes: Counter[tuple[str, str]] = Counter()
        self._lock = threading.Lock()

    def put(self, bucket: str, name: str, data: bytes) -> StoredObject:
        """Store an object as an uploader would, over whatever has the name."""
        with self._lock:
            return self._put(bucket, name, data)

    def stat(self, version: ObjectVersion) -> StoredObject | None:
        """Return what is known of a generation, or None when it is gone."""
        held = self._held(version)
        return held.stored if held else None

    def find(self, bucket: str, name: str) -> StoredObject | None:
        """Return the live generation of a name, or None."""
        held = self._objects.get((bucket, name))
        return held.stored if held else None

    def read(self, version: ObjectVersion, offset: int, length: int) -> bytes:
        """Return the bytes of a range of exactly this generation."""
        held = self._held(version)
        if held is None:
            raise TransientError("storage-not-found")
        return held.data[offset : offset + length]

    def copy(
        self, source: StoredObject, bucket: str, name: str, labels: Mapping[str, str]
    ) -> StoredObject | None:
        """Copy a generation; return None when the name is taken."""
        with self._lock:
            held = self._held(source.version)
            if (bucket, name) in self._objects:
                return None
            if held is None:
                raise TransientError("storage-not-found")
            return self._put(bucket, name, held.data, labels)

    def claim(self, bucket: str, name: str, labels: Mapping[str, str]) -> StoredObject:
        """Return an empty object that has labels, or what had the name before."""
        with self._lock:
            return self.find(bucket, name) or self._put(bucket, name, b"", labels)

    def write(
        self,
        bucket: str,
        name: str,
        chunks: Iterable[bytes],
        labels: Mapping[str, str] = NO_LABELS,
        media_type: str = DICOM,
    ) -> StoredObject | None:
        """Write a new object; return None when the name is taken."""
        data = b"".join(chunks)
        with self._lock:
            taken = (bucket, name) in self._objects
            return None if taken else self._put(bucket, name, data, labels, media_type)

    def equals(self, stored: StoredObject, chunks: Iterable[bytes]) -> bool:
        """Return whether an object has exactly these bytes."""
        return fingerprint(chunks) == (stored.size, stored.crc32c)

    def delete(self, version: ObjectVersion) -> None:
        """Delete exactly this generation; one that is gone is deleted already."""
        with self._lock:
            if self._held(version):
                del self._objects[version.bucket, version.name]

    def list(self, bucket: str, prefix: str = "", start: str = "") -> Iterator[StoredObject]:
        """Yield the live objects of a bucket in the order of their names, from a name on."""
        for (where, name), held in sorted(self._objects.items(), key=lambda item: item[0]):
            if where == bucket and name.startswith(prefix) and name >= start:
                yield held.stored

    def data(self, bucket: str, name: str) -> bytes:
        """Return the bytes of a live object."""
        return self._objects[bucket, name].data

    def labels(self, bucket: str, name: str) -> Mapping[str, str]:
        """Return the labels that an object was made with."""
        return self._objects[bucket, name].stored.labels

    def media_type(self, bucket: str, name: str) -> str:
        """Return what a live object is said to be."""
        return self._objects[bucket, name].media_type

    def _held(self, version: ObjectVersion) -> _Held | None:
        held = self._objects.get((version.bucket, version.name))
        return held if held and held.stored.version == version else None

    def _put(
        self,
        bucket: str,
        name: str,
        data: bytes,
        labels: Mapping[str, str] = NO_LABELS,
        media_type: str = DICOM,
    ) -> StoredObject:
        if _label_bytes(labels) > MAX_LABEL_BYTES:
            raise TransientError("storage-refused")
        self._writes[bucket, name] += 1
        size, crc32c = fingerprint([data])
        stored = StoredObject(
            version=ObjectVersion(
                bucket=bucket, name=name, generation=self._next_generation(bucket, name)
            ),
            size=size,
            crc32c=crc32c,
            md5=hashlib.md5(data, usedforsecurity=False).hexdigest(),
            created=self._now(),
            labels=dict(labels),
        )
        self._objects[bucket, name] = _Held(stored, data, media_type)
        return stored

    def _next_generation(self, bucket: str, name: str) -> int:
        """Return a generation that depends on the name's own history alone.

        So that two runs that write the same names in another order agree on every derived id.
        """
        return zlib.crc32(f"{bucket}/{name}".encode()) * 1000 + self._writes[bucket, name]


@dataclass(slots=True)
class MemoryTopic:
    """A topic that keeps what was published."""

    messages: list[Message] = field(default_factory=list)

    def publish(self, message: Message) -> None:
        """Keep the message, unless it is larger than the service takes."""
        if not _is_publishable(message):
            raise TransientError("pubsub-refused")
        self.messages.append(replace(message, attributes=dict(message.attributes)))


@dataclass(slots=True)
class MemoryTables:
    """Tables that keep what was appended."""

    rows: dict[str, list[Row]] = field(default_factory=dict)

    def append(self, table: str, rows: Sequence[Row]) -> None:
        """Keep the rows, unless they are more than one request takes."""
        if _append_bytes(rows) > MAX_APPEND_BYTES:
            raise PermanentError("bigquery-row-refused")
        self.rows.setdefault(table, []).extend(dict(row) for row in rows)


@dataclass(slots=True)
class MemoryCatalogue:
    """What tables in memory say."""

    tables: MemoryTables

    def open_uploads(self, since: datetime, until: datetime) -> Iterator[OpenUpload]:
        """Yield what landed in that time, was announced and has no outcome."""
        decided = {row["UploadId"] for row in self._rows("imaging.uploads")}
        newest: dict[object, Any] = {}
        for row in self._rows("imaging.landed"):
            last = newest.get(row["UploadId"])
            if last is None or last["Generation"] < row["Generation"]:
                newest[row["UploadId"]] = row
        for upload_id, row in newest.items():
            if upload_id not in decided and since <= row["LandedAt"] <= until:
                version = ObjectVersion(
                    bucket=row["Bucket"], name=row["ObjectName"], generation=row["Generation"]
                )
                yield OpenUpload(
                    version=version,
                    landed_at=row["LandedAt"],
                    event_id=row["UploadId"],
                    root_event_id=row["RootEventId"],
                )

    def archived(self, bucket: str, after: str, limit: int) -> Iterator[IndexedVersion]:
        """Yield the indexed versions in a bucket whose names come after one, in their order."""
        newest: dict[str, IndexedVersion] = {}
        for row in sorted(self._rows("imaging.instances"), key=lambda row: row["Generation"]):
            where, _, name = row["ObjectUri"].removeprefix("gs://").partition("/")
            if where == bucket and name > after:
                newest[name] = IndexedVersion(
                    name=name, generation=row["Generation"], stored_at=row["LastUpdated"]
                )
        yield from (newest[name] for name in sorted(newest)[:limit])

    def progress(self, since: datetime) -> Progress:
        """Return how far the sweeps since then have come."""
        rows = [row for row in self._rows("imaging.sweeps") if row["RunAt"] >= since]
        asked = [row for row in rows if row["Vanished"] is not None]
        compared = [row for row in rows if row["ComparedTo"] is not None]
        last = max(compared, key=lambda row: row["RunAt"], default=None)
        latest = max(rows, key=lambda row: row["RunAt"], default=None)
        return Progress(
            redriven_to=latest["RedrivenTo"] if latest else "",
            asked_at=max((row["RunAt"] for row in asked), default=None),
            compared_at=last["RunAt"] if last else None,
            compared_to=last["ComparedTo"] if last else "",
            pass_complete=last["PassComplete"] if last else True,
            studies_at=max((row["RunAt"] for row in rows if _is_of_a_month(row)), default=None),
        )

    def record(self, sweep: Row) -> None:
        """Keep the row of a sweep."""
        self.tables.append("imaging.sweeps", [sweep])

    def _rows(self, table: str) -> list[Any]:
        return list(self.tables.rows.get(table, []))


@dataclass(slots=True)
class MemoryLedger:
    """Tables in memory, in which the first to claim an id has its say."""

    claims: Claims
    tables: MemoryTables

    def enter(self, table: str, rows: Sequence[Row]) -> None:
        """Keep the rows that were the first to be claimed under these ids."""
        self.tables.append(table, [self.claims.first(table, row) for row in rows])

    def untold(self, since: datetime, first: datetime) -> Iterator[Declaration]:
        """Yield what was declared since then and has no event, of the second moment on first."""
        told = {row["EventId"] for row in self.tables.rows.get("imaging.events", [])}
        untold: dict[str, Any] = {}
        latest: dict[Any, datetime] = {}
        for table in LEDGERS:
            declared: list[Any] = self.tables.rows.get(table, [])
            for row in declared:
                if row["DeclaredAt"] >= since and row["EventId"] not in told:
                    about = table, row["Facility"], row.get("StudyInstanceUID")
                    untold.setdefault(row["EventId"], (about, row))
                    latest[about] = max(latest.get(about, since), row["DeclaredAt"])

        def place(found: Any) -> Any:
            about, row = found
            return latest[about] < first, row["DeclaredAt"], row["EventId"]

        for about, row in sorted(untold.values(), key=place):
            yield Declaration(table=about[0], data=row["Data"])


@dataclass(slots=True)
class MemoryOriginals:
    """What is archived, in tables in memory."""

    tables: MemoryTables

    def primaries(self, bucket: str, prefix: str = "") -> Iterator[PrimaryVersion]:
        """Yield the primary version of every instance whose name there begins with a prefix."""
        place, latest = f"gs://{bucket}/", dict[tuple[Any, Any], Row]()
        for row in self.tables.rows.get("imaging.instances", []):
            instance = row["Facility"], row["SOPInstanceUID"]
            if row["IsPrimary"]:
                known = latest.setdefault(instance, row)
                latest[instance] = max(known, row, key=lambda each: str(each["PrimaryAt"]))
        for row in latest.values():
            uri, since = str(row["ObjectUri"]), row["PrimaryAt"]
            if uri.startswith(place + prefix) and isinstance(since, datetime):
                yield PrimaryVersion(name=uri.removeprefix(place), since=since)

    def patients(self) -> Iterator[KnownPatient]:
        """Yield every patient of a facility once."""
        yield from {
            KnownPatient(
                facility=facility,
                patient_id=patient or "",
                issuer=issuer or "",
                study_instance_uid="" if patient else study or instance,
            )
            for facility, patient, issuer, study, instance in self._distinct(
                "Facility", "PatientID", "IssuerOfPatientID", "StudyInstanceUID", "SOPInstanceUID"
            )
        }

    def accession_numbers(self) -> Iterator[KnownAccession]:
        """Yield every accession number of a facility once."""
        for facility, number in self._distinct("Facility", "AccessionNumber"):
            if number:
                yield KnownAccession(facility=facility, number=number)

    def uids(self) -> Iterator[str]:
        """Yield every UID of a study, a series or an instance once."""
        levels = ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID")
        yield from {uid for uids in self._distinct(*levels) for uid in uids if uid}

    def _distinct(self, *columns: str) -> set[tuple[Any, ...]]:
        rows = self.tables.rows.get("imaging.instances", [])
        return {tuple(row[column] for column in columns) for row in rows}


@dataclass(slots=True)
class MemorySubscription:
    """A pull subscription that lends what waits until it is given back or acknowledged."""

    waiting: list[Letter] = field(default_factory=list)
    lent: list[Letter] = field(default_factory=list)

    def put(self, message: Message, published_at: datetime) -> None:
        """Have a message wait."""
        number = str(len(self.waiting) + len(self.lent))
        self.waiting.append(
            Letter(message=message, message_id=number, published_at=published_at, receipt=number)
        )

    def pull(self, at_most: int, wait_s: float) -> Sequence[Letter]:  # noqa: ARG002 - nothing is late
        """Return some of the messages that wait."""
        pulled = self.waiting[:at_most]
        del self.waiting[:at_most]
        self.lent += pulled
        return pulled

    def give_back(self, letters: Sequence[Letter]) -> None:
        """Have these wait again."""
        self.waiting += self._taken(letters)

    def acknowledge(self, letters: Sequence[Letter]) -> None:
        """Forget these."""
        self._taken(letters)

    def _taken(self, letters: Sequence[Letter]) -> list[Letter]:
        receipts = {letter.receipt for letter in letters}
        taken = [letter for letter in self.lent if letter.receipt in receipts]
        self.lent = [letter for letter in self.lent if letter.receipt not in receipts]
        return taken


@dataclass(slots=True)
class MemoryReceiver:
    """A receiver that keeps what it was sent, and answers as it is told."""

    received: list[PublicEvent] = field(default_factory=list)
    reply: Reply = field(default_factory=Reply)

    def send(self, event: PublicEvent) -> Reply:
        """Keep the event, if it is to be taken."""
        if self.reply.reason is None:
            self.received.append(event)
        return self.reply


@dataclass(slots=True)
class ManualClock:
    """A clock that stands until it is moved."""

    time: datetime = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)

    def now(self) -> datetime:
        """Return the time it was set to."""
        return self.time


def _is_of_a_month(sweep: Any) -> bool:
    since = sweep["StudiesSince"]
    return since is not None and since <= sweep["RunAt"] - TOPICS_KEEP


def _is_publishable(message: Message) -> bool:
    attributes = [
        (len(name.encode()), len(value.encode())) for name, value in message.attributes.items()
    ]
    return (
        len(message.data) + sum(map(sum, attributes)) <= MAX_PUBLISH_BYTES
        and len(attributes) <= MAX_ATTRIBUTES
        and all(name <= MAX_ATTRIBUTE_NAME_BYTES for name, _ in attributes)
        and all(value <= MAX_ATTRIBUTE_VALUE_BYTES for _, value in attributes)
    )


def _label_bytes(labels: Mapping[str, str]) -> int:
    return sum(len(f"{name}{value}".encode()) for name, value in labels.items())


def _append_bytes(rows: Sequence[Row]) -> int:
    """Return the size of rows in JSON, which is never less than in protocol buffers."""
    return sum(len(json.dumps(row, ensure_ascii=False, default=str).encode()) for row in rows)
