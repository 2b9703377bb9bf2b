"""The whole pipeline on memory twins: topics wired as the definition says, faults as scheduled."""

import contextlib
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Self

from functions.deidentify.handler import Deidentify
from functions.index.handler import Index
from functions.index.handler import read as read_by_index
from functions.ingest.expansion import Pace
from functions.ingest.handler import Ingest
from functions.notify.handler import Addressed, Announce, Tell
from functions.sweep.handler import Sweep
from functions.sweep.terms import Limits
from infra.definition import load_pipeline
from infra.local.pubsub.filters import compile_filter
from shared.adapters.memory import (
    ManualClock,
    MemoryCatalogue,
    MemoryObjectStore,
    MemoryReceiver,
    MemorySubscription,
    MemoryTables,
    MemoryTopic,
)
from shared.contracts.facilities import Facilities
from shared.contracts.message import Message
from shared.contracts.objects import StoredObject
from shared.contracts.outcome import Outcome
from shared.contracts.targets import Targets
from shared.contracts.uid_mask import UidMask
from shared.contracts.upload import Upload
from shared.dicom.deidentification.profile import BASIC, Profile
from shared.dicom.deidentification.pseudonyms import PseudonymKey
from shared.errors import InletError
from shared.ports import Done
from tests.sweeping import terms

FACILITIES = Facilities.from_data({"demo-hospital": {}, "demo-clinic": {}})
KEY = PseudonymKey(b"a made-up secret of some length", "research")
TARGETS = Targets.from_data({"everything": {"url": "https://example.org"}}, FACILITIES)
TOLD = "notify-target-everything"
MAX_ATTEMPTS = 100
# What has waited is announced by every sweep, every sweep compares, and asks if an hour has passed.
PATIENT = Limits(interval=timedelta(days=400), compare_every=timedelta(0))
PACE = Pace(members=3)  # so that an expansion takes several deliveries

PIPELINE = load_pipeline()


class Crash(Exception):  # noqa: N818 - what happens, not what went wrong
    """The process dies here."""


@dataclass(slots=True)
class Faults:
    """Which calls of the ports crash: the n-th, before or after it took effect."""

    before: frozenset[int] = frozenset()
    after: frozenset[int] = frozenset()
    calls: int = 0

    def around(self, call: Callable[[], Any]) -> Any:
        self.calls += 1
        number = self.calls
        if number in self.before:
            raise Crash
        result = call()
        if number in self.after:
            raise Crash
        return result


class Faulty:
    """A port whose calls may crash."""

    def __init__(self, port: Any, faults: Faults) -> None:
        self._port = port
        self._faults = faults

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self._port, name)
        return lambda *args, **kwargs: self._faults.around(lambda: method(*args, **kwargs))


class World:
    """Deliveries wait in one pool, from which chance draws; a failed one goes back.

    Every message is delivered `copies` times. `sabotage` may replace a handler by a worse one.
    """

    def __init__(self, faults: Faults | None = None, seed: int = 0, copies: int = 1) -> None:
        self.faults = faults or Faults()
        self.clock = ManualClock()
        self.store = MemoryObjectStore(self.clock.now)
        self.tables = MemoryTables()
        self.receiver = MemoryReceiver()
        self.dead_letters = MemorySubscription()
        self.lose_announcements_of_members = False
        self.topics = {name: MemoryTopic() for name in PIPELINE.topics}
        self._chance = random.Random(seed)
        self._copies = copies
        self._pending: list[tuple[str, Message]] = []
        self._attempts: Counter[tuple[str, bytes]] = Counter()
        self._positions: dict[str, int] = {}
        self.facilities = FACILITIES
        self._key, self._profile = KEY, BASIC
        self.handlers = self._handlers()

    def register(self, facilities: Facilities) -> None:
        """The functions are deployed again with another registry."""
        self.facilities = facilities
        self.handlers = self._handlers()

    def restart(self, key: PseudonymKey = KEY, profile: Profile = BASIC) -> None:
        """The functions start with another version of the secret, or another profile."""
        self._key, self._profile = key, profile
        self.handlers = self._handlers()

    def land(self, name: str, data: bytes, *, notified: bool = True) -> StoredObject:
        """A facility uploads; the notification is on its way, or lost."""
        stored = self.store.put("inbox", name, data)
        if notified:
            upload = Upload(version=stored.version, landed_at=stored.created)
            self.topics["uploads"].publish(upload.to_message())
        return stored

    def run(self) -> Self:
        """Deliver until nothing is left to deliver."""
        self._route()
        while self._pending:
            stage, message = self._pending.pop(self._chance.randrange(len(self._pending)))
            try:
                self.handlers[stage](message)
            except (Crash, InletError):
                self._again(stage, message)
            self._route()
        return self

    def sweep(self) -> Done:
        """Sweep as if nobody had for long; a run that crashes is followed by another."""
        ports: dict[str, Any] = {
            "objects": self.store,
            "uploads": self.topics["uploads"],
            "catalogue": MemoryCatalogue(self.tables),
            "dead_letters": self.dead_letters,
        }
        guarded: dict[str, Any] = {name: Faulty(port, self.faults) for name, port in ports.items()}
        sweep = Sweep(clock=self.clock, terms=terms(PATIENT), **guarded)
        while True:
            with contextlib.suppress(Crash, InletError):
                return sweep()

    def state(self) -> dict[str, object]:
        """What is there in the end, without the moments at which it came."""
        return {
            "objects": {
                (bucket, stored.version.name, stored.crc32c)
                for bucket in PIPELINE.buckets
                for stored in self.store.list(bucket)
            },
            "rows": {
                (
                    table,
                    row.get("EventId")
                    or row.get("UploadId")
                    or row.get("ObjectUri")
                    or row["SOPInstanceUID"],
                    row.get("Outcome"),
                )
                for table, rows in self.tables.rows.items()
                if table != "imaging.sweeps"  # it tells of runs, of which there may be more
                for row in rows
            },
            "events": set(self.events()),
            "webhooks": {event.event_id for event in self.receiver.received},
        }

    def events(self) -> list[str]:
        return [message.attributes["ce-id"] for message in self.topics["events"].messages]

    def outcomes(self) -> dict[str, set[str]]:
        """The outcomes by the object they are of: one each, if the law holds."""
        found: dict[str, set[str]] = {}
        for row in self.tables.rows.get("imaging.uploads", []):
            found.setdefault(str(row["ObjectName"]), set()).add(str(row["Outcome"]))
        return found

    def _again(self, stage: str, message: Message) -> None:
        self._attempts[stage, message.data] += 1
        assert self._attempts[stage, message.data] < MAX_ATTEMPTS, "a delivery never succeeds"
        self._pending.append((stage, message))

    def _route(self) -> None:
        """Hand every published message to the subscriptions whose filter it passes."""
        for stage, function in PIPELINE.functions.items():
            for name, push in function.pushes.items():
                topic = self.topics[push.topic]
                passes = compile_filter(push.filter)
                for message in topic.messages[self._positions.get(name, 0) :]:
                    lost = (
                        self.lose_announcements_of_members and "rootEventId" in message.attributes
                    )
                    if not lost and (passes is None or passes(message.attributes)):
                        self._pending += [(stage, message)] * self._copies
                self._positions[name] = len(topic.messages)
        self._route_to_target()

    def _route_to_target(self) -> None:
        """Hand every event to the subscription of the one target."""
        events = self.topics["events"].messages
        told = self._positions.get(TOLD, 0)
        self._pending += [(TOLD, message) for message in events[told:] for _ in range(self._copies)]
        self._positions[TOLD] = len(events)

    def _handlers(self) -> dict[str, Callable[[Message], object]]:
        objects: Any = Faulty(self.store, self.faults)
        tables: Any = Faulty(self.tables, self.faults)
        uploads: Any = Faulty(self.topics["uploads"], self.faults)
        outcomes: Any = Faulty(self.topics["outcomes"], self.faults)
        events: Any = Faulty(self.topics["events"], self.faults)
        receiver: Any = Faulty(self.receiver, self.faults)
        ingest = Ingest(
            objects=objects,
            uploads=uploads,
            outcomes=outcomes,
            clock=self.clock,
            archive="archive",
            quarantine="quarantine",
            facilities=self.facilities,
            pace=PACE,
        )
        deidentify = Deidentify(
            objects=objects,
            outcomes=outcomes,
            clock=self.clock,
            key=self._key,
            research="research",
            facilities=self.facilities,
            profiles={facility.name: self._profile for facility in self.facilities},
        )
        index = Index(tables=tables, clock=self.clock)
        announce = Announce(events, UidMask())
        tell = Tell.of(TARGETS, lambda _: receiver, tables, self.clock, timedelta(days=3))
        return {
            "ingest": lambda message: ingest(Upload.from_message(message)),
            "deidentify": lambda message: deidentify(Outcome.from_message(message)),
            "index": lambda message: index(read_by_index(message)),
            "notify": lambda message: announce(Outcome.from_message(message)),
            TOLD: lambda message: tell(Addressed.read("everything", message)),
        }
