"""Studies are declared complete, in effect once per revision, whatever comes when and breaks where.

Time is virtual. Rows come late, twice and out of order; manifests come before, between and after
what they name; several sweeps are under way at once, and chance says at each of their calls which
of them goes on, or dies.
"""

import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache, partial
from typing import Any

import pytest

from functions.index import rows
from functions.sweep.completion import Completion
from functions.sweep.report import Report
from functions.sweep.task import Task
from functions.sweep.telling import Telling
from shared.adapters.memory import (
    ManualClock,
    MemoryCatalogue,
    MemoryLedger,
    MemoryObjectStore,
    MemoryTables,
    MemoryTopic,
)
from shared.adapters.memory_studies import MemoryStudies
from shared.claims import Claims
from shared.contracts.declaration import STUDY_CHANGES
from shared.contracts.event import PublicEvent
from shared.contracts.facilities import Facilities
from shared.contracts.message import Message
from shared.contracts.study import Cause, StudyState
from shared.contracts.uid_mask import UidMask
from tests.simulation.interleaving import Stepping, Strand
from tests.simulation.world import Crash, Faulty
from tests.studies import FACILITY, Instance, Sending
from tests.sweeping import Together

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
QUIET, FORCED = timedelta(minutes=10), timedelta(minutes=60)
PERIODS = {"study_quiet_s": 600, "study_forced_s": 3600, "series_quiet_s": 60}
FACILITIES = Facilities.from_data({FACILITY: PERIODS, "demo-clinic": PERIODS})
STUDIES = [(FACILITY, "1.2.1"), (FACILITY, "1.2.2"), (FACILITY, "1.2.3"), ("demo-clinic", "1.2.1")]
SEEDS = range(25)
SLOWEST = 40 * MINUTE  # how long a sweep may be under way here
Key = tuple[str, str]


class Snapshots:
    """What is asked is answered as of the moment at which it was asked."""

    def __init__(self, port: Any) -> None:
        self._port = port

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self._port, name)

        def call(*args: Any) -> Any:
            answer = method(*args)
            return iter(list(answer)) if isinstance(answer, Iterator) else answer

        return call


@dataclass(frozen=True)
class Arrival:
    """Something that comes at a time, as rows that are there at another, perhaps twice."""

    at: datetime
    visible: datetime
    send: Callable[[datetime], None]


class Simulation:
    """Some hours of studies that come in, and of sweeps that look at them."""

    def __init__(self, seed: int, *, calm: bool = False) -> None:
        self.chance = random.Random(seed)
        self.order = random.Random(seed + 1)  # of what depends on faults
        self.calm = calm
        self.clock = ManualClock()
        self.start = self.clock.time
        self.tables = MemoryTables()
        self.events = MemoryTopic()
        self.stepping = Stepping()
        self.recorded = 0
        self.seen: list[tuple[datetime, Key, str]] = []  # when which instance could be counted
        self.store = MemoryObjectStore(self.clock.now)
        self.sweeps: list[Strand] = []
        self.arrivals = [each for key in STUDIES for each in self._plan(*key)]

    def run(self) -> "Simulation":
        while self.clock.time < self.start + 8 * HOUR:
            self._tick()
        self.calm = True
        for arrival in self.arrivals:
            arrival.send(arrival.at)
        self.arrivals = []
        for _ in range(60):
            self._tick()
        return self

    def changes(self) -> dict[Key, list[StudyState]]:
        """What was declared of each study, in its order."""
        found: dict[Key, dict[str, StudyState]] = defaultdict(dict)
        for row in self.tables.rows[STUDY_CHANGES]:
            state = StudyState.from_data(row["Data"])
            found[state.facility, state.study_instance_uid][state.event_id] = state
        return {
            key: sorted(
                states.values(), key=lambda each: (each.revision, each.change != "reopened")
            )
            for key, states in found.items()
        }

    def arrived(self, key: Key, until: datetime) -> set[str]:
        """The instances of a study that could be counted at a time."""
        return {uid for when, study, uid in self.seen if study == key and when <= until}

    def _plan(self, facility: str, study: str) -> Iterator[Arrival]:
        chance = self.chance
        begin = self.start + chance.randrange(120) * MINUTE
        instances = [
            Instance(
                number,
                study,
                series=chance.randint(1, 3),
                facility=facility,
                version=number,
            )
            for number in range(1, chance.randint(3, 12))
        ]
        sending, kind = Sending(self.tables), chance.randrange(5)
        if kind == 0:
            instances = [replace(each, expected=len(instances)) for each in instances]
        if kind == 1:
            instances = [replace(each, related=len(instances)) for each in instances]
        for instance in instances:
            at = begin + chance.choice([0, 1, 2, 5, 12, 40, 70, 200]) * MINUTE
            yield self._arrival(at, partial(self._instance, sending, instance))
            if chance.random() < 0.2:
                later = at + chance.randrange(90) * MINUTE
                yield self._arrival(later, partial(sending.duplicate, instance))
            if chance.random() < 0.1:
                changed = replace(instance, version=100 + instance.version)
                later = at + chance.randrange(300) * MINUTE
                yield self._arrival(later, partial(self._instance, sending, changed))
        if facility == FACILITY:
            yield from self._manifests(kind, begin, sending, instances)

    def _manifests(
        self, kind: int, begin: datetime, sending: Sending, instances: list[Instance]
    ) -> Iterator[Arrival]:
        at = begin + self.chance.choice([-10, 0, 6, 30, 100]) * MINUTE
        study = instances[0].study
        if kind == 2:
            yield self._arrival(at, lambda at: sending.manifest((study, len(instances)), at=at))
        if kind == 3:
            named = tuple(instances)
            yield self._arrival(at, lambda at: sending.manifest((study, None), named=named, at=at))

    def _arrival(self, at: datetime, send: Callable[[datetime], None]) -> Arrival:
        late = self.chance.choice([0, 0, 0, 0, 1, 3, 30, 200]) * MINUTE
        return Arrival(at=at, visible=at + late, send=send)

    def _instance(self, sending: Sending, instance: Instance, at: datetime) -> None:
        sending.instance(instance, at)
        self.seen.append((self.clock.time, (instance.facility, instance.study), instance.uid))

    def _tick(self) -> None:
        """Some minutes pass: rows come, sweeps begin, go on and end."""
        self.clock.time += self.order.choice([1, 2, 5]) * MINUTE if not self.calm else 5 * MINUTE
        self._deliver()
        if not self.sweeps or (not self.calm and len(self.sweeps) < 3):
            self.sweeps.append(Strand("sweep", Message(data=b""), self._sweep))
        steps = self.order.randrange(40) if not self.calm else 10_000
        while self.sweeps and steps:
            steps -= 1
            self._step(self.order.choice(self.sweeps))

    def _step(self, sweep: Strand) -> None:
        is_hit = not self.calm and self.order.random() < 0.02
        number = frozenset({self.stepping.calls + 1})
        self.stepping.before = number if is_hit and self.order.random() < 0.5 else frozenset()
        self.stepping.after = number if is_hit and not self.stepping.before else frozenset()
        sweep.step()
        if sweep.ended:
            self.sweeps.remove(sweep)
            if sweep.failure and not isinstance(sweep.failure, Crash):
                raise sweep.failure

    def _deliver(self) -> None:
        due = [each for each in self.arrivals if each.visible <= self.clock.time]
        self.arrivals = [each for each in self.arrivals if each.visible > self.clock.time]
        self.order.shuffle(due)
        for arrival in due:
            for _ in range(self.order.randint(1, 2)):
                arrival.send(arrival.at)
        if self.calm or self.order.random() < 0.7:  # else `index` lags behind
            for message in self.events.messages[self.recorded :]:
                event = PublicEvent.from_message(message)
                self.tables.append("imaging.events", [rows.event(event, self.clock.time)])
            self.recorded = len(self.events.messages)

    def _sweep(self, _: Message) -> None:
        """One run, all of whose calls may be its last."""
        catalogue = MemoryCatalogue(self.tables)
        before = catalogue.progress(self.start)
        report = Report(started=self.clock.time, max_findings=1, before=before)
        self._task().run(report)
        catalogue.record(report.row(self.clock.time))

    def _task(self) -> Task:
        claims = Claims(self._faulty(self.store), "receipts")
        ledger = MemoryLedger(claims, self._faulty(self.tables))
        ledger_says: Any = Snapshots(ledger)
        completion = Completion(
            studies=self._faulty(Snapshots(MemoryStudies(self.tables))),
            ledger=ledger_says,
            facilities=FACILITIES,
            clock=self.clock,
            max_changes=3,
            budget=SLOWEST,
        )
        telling = Telling(
            ledger=ledger_says,
            objects=self.store,
            events=self._faulty(self.events),
            clock=self.clock,
            mask=UidMask(),
            bucket="receipts",
            look_back_every=HOUR,
            max_told=3,
            budget=SLOWEST,
        )
        return Together([completion, telling])

    def _faulty(self, port: Any) -> Any:
        faulty = Faulty(port, self.stepping)
        return _WithRows(faulty, port.rows) if isinstance(port, MemoryTables) else faulty


class _WithRows:
    """Tables whose rows a memory ledger reads."""

    def __init__(self, faulty: Faulty, rows: Any) -> None:
        self._faulty, self.rows = faulty, rows

    def __getattr__(self, name: str) -> Any:
        return getattr(self._faulty, name)


@cache
def simulated(seed: int) -> Simulation:
    return Simulation(seed).run()


@pytest.mark.parametrize("seed", SEEDS)
def test_revisions_follow_one_another_and_the_last_is_complete(seed: int) -> None:
    changes = simulated(seed).changes()
    assert set(changes) == set(STUDIES)
    for states in changes.values():
        expected = [(1, "completed")]
        for revision in range(2, states[-1].revision + 1):
            expected += [(revision, "reopened"), (revision, "completed")]
        assert [(state.revision, state.change.value) for state in states] == expected


@pytest.mark.parametrize("seed", SEEDS)
def test_a_change_has_one_content_in_the_table_and_in_events(seed: int) -> None:
    simulation = simulated(seed)
    declared: dict[str, Any] = {}
    for row in simulation.tables.rows[STUDY_CHANGES]:
        assert declared.setdefault(str(row["EventId"]), row) == row
    told: dict[str, Message] = {}
    for message in simulation.events.messages:
        assert told.setdefault(message.attributes["ce-id"], message) == message
    assert told.keys() == declared.keys()


@pytest.mark.parametrize("seed", SEEDS)
def test_the_last_counts_are_those_of_all_that_came(seed: int) -> None:
    simulation = simulated(seed)
    for key, states in simulation.changes().items():
        came = simulation.arrived(key, simulation.clock.time)
        assert states[-1].instances == len(came)
        assert {f"{key[1]}.{series}" for series in {uid.split(".")[3] for uid in came}} == {
            each.series_instance_uid for each in states[-1].series
        }
        assert sum(each.instances for each in states[-1].series) == len(came)


@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_is_complete_before_its_time(seed: int) -> None:
    simulation = simulated(seed)
    for key, states in simulation.changes().items():
        opened = states[0].first_arrival
        for state in states:
            at_least = simulation.arrived(key, state.declared_at)
            at_most = simulation.arrived(key, state.declared_at + SLOWEST)
            assert len(at_least) <= state.instances <= len(at_most)
            is_met = state.instances >= (state.expected_instances or 0)
            match state.cause:
                case Cause.QUIET:
                    assert is_met
                    assert state.declared_at - state.last_arrival >= QUIET
                case Cause.FORCED:
                    assert state.declared_at - opened >= FORCED
                case Cause.MANIFEST | Cause.EXPECTED_COUNT:
                    assert state.expected_instances
                    assert is_met
                case Cause.LATE_ARRIVAL:
                    opened = state.declared_at


@pytest.mark.parametrize("seed", SEEDS)
def test_in_the_end_it_is_as_if_nothing_had_gone_wrong(seed: int) -> None:
    def ends(simulation: Simulation) -> dict[Key, Any]:
        return {
            key: (states[-1].instances, states[-1].first_arrival, states[-1].last_arrival)
            for key, states in simulation.changes().items()
        }

    assert ends(simulated(seed)) == ends(Simulation(seed, calm=True).run())


def test_the_simulation_is_worth_its_name() -> None:
    causes = Counter(
        state.cause
        for seed in SEEDS
        for states in simulated(seed).changes().values()
        for state in states
    )
    assert min(causes[cause] for cause in Cause) > 0
    again = sum(
        len(simulated(seed).tables.rows[STUDY_CHANGES])
        - sum(map(len, simulated(seed).changes().values()))
        for seed in SEEDS
    )
    assert again > 0, "no two sweeps declared the same"
    told = sum(len(simulated(seed).events.messages) for seed in SEEDS)
    assert told > sum(causes.values()), "no event was told twice"
