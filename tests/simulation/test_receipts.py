"""Whatever lands is in one receipt, in the end, and in no other one's latest revision.

Time is virtual. Rows come late, twice and out of order; the task crashes at any of its calls; other
sweeps run between any two of them.
"""

import json
import random
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import pytest

from functions.index import rows
from shared.adapters import memory_arrivals
from shared.contracts.outcome import OutcomeKind
from shared.contracts.receipt import BEGINNING
from tests.issuing import Issuing, a_decision, a_file, a_member, announced, names
from tests.simulation.world import Crash

MINUTE = timedelta(minutes=1)
STEP = timedelta(minutes=2)
LONG = timedelta(hours=2)
SEEDS = range(12)


@pytest.fixture(autouse=True)
def _list_every_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory_arrivals, "LISTED_NAMES", 10_000)


class Disturbed:
    """A port between whose calls other sweeps run, or the process dies."""

    def __init__(self, port: Any, disturb: Callable[[], None]) -> None:
        self._port, self._disturb = port, disturb

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self._port, name)

        def call(*args: Any, **kwargs: Any) -> Any:
            self._disturb()
            result = method(*args, **kwargs)
            self._disturb()
            return result

        return call


class Simulation:
    """A few hours of drops by two facilities."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.issuing = Issuing()
        self.start = self.issuing.clock.time
        self.late: list[tuple[datetime, str, Any]] = []
        self.sent: dict[str, list[str]] = {"demo-hospital": [], "demo-clinic": []}
        self.heard = 0
        self.nested = 0
        self.calm = False

    def run(self) -> "Simulation":
        while self.issuing.clock.time < self.start + LONG:
            self._land()
            self._tick()
        self.calm = True
        for _ in range(12):
            self.issuing.clock.time += 15 * MINUTE
            self._tick()
        return self

    def _tick(self) -> None:
        self.issuing.clock.time += STEP * self.chance.random()
        self._deliver()
        self._hear()
        if self.calm or self.chance.random() < 0.7:
            self._sweep()

    def _land(self) -> None:
        """Some files land, and perhaps a manifest; each row comes when it comes."""
        if self.chance.random() < 0.4:
            return
        facility = self.chance.choice(list(self.sent))
        for _ in range(self.chance.randrange(1, 3)):
            self._land_one(facility)
        if self.chance.random() < 0.2:
            self._land_one(facility, OutcomeKind.IGNORED, reason="manifest")

    def _land_one(self, facility: str, kind: OutcomeKind | None = None, **decided: Any) -> None:
        clock, number = self.issuing.clock, len(self.sent[facility])
        clock.time += timedelta(seconds=self.chance.randrange(20))
        stored = a_file(f"{facility}/f{number}", clock.time)
        chosen = kind or self.chance.choice(
            [OutcomeKind.ARCHIVED, OutcomeKind.DUPLICATE, OutcomeKind.EXPANDED]
        )
        self._later("imaging.landed", announced(stored))
        self._later("imaging.uploads", rows.upload(a_decision(stored, chosen, **decided)))
        self.sent[facility].append(f"f{number}")
        if chosen is OutcomeKind.EXPANDED:
            for path in ("a", "b"):
                member = a_member(stored, path)
                self._later("imaging.uploads", rows.upload(a_decision(member, root=stored)))
                self.sent[facility].append(f"f{number}!/{path}")

    def _later(self, table: str, row: Any) -> None:
        """A row comes once or twice; most in a moment, some in half an hour or more."""
        for _ in range(self.chance.choice([1, 1, 2])):
            minutes = self.chance.choice([0, 0, 0, 0, 0, 1, 30, 90])
            self.late.append((self.issuing.clock.time + minutes * MINUTE, table, row))

    def _deliver(self) -> None:
        now = self.issuing.clock.time
        self.chance.shuffle(self.late)
        for _, table, row in [each for each in self.late if each[0] <= now]:
            self.issuing.tables.append(table, [row])
        self.late = [each for each in self.late if each[0] > now]

    def _hear(self) -> None:
        told = self.issuing.told()
        upto = len(told) if self.calm else self.chance.randrange(self.heard, len(told) + 1)
        self.issuing.hear(told[self.heard : upto])
        self.heard = upto

    def _sweep(self) -> None:
        ports = {
            name: Disturbed(port, self._disturb) for name, port in self.issuing.ports().items()
        }
        self.issuing.asked_at = self.chance.choice([None, self.issuing.clock.time])
        try:
            self.issuing.run(**ports)
        except Crash:
            assert not self.calm

    def _disturb(self) -> None:
        if self.calm:
            return
        if self.chance.random() < 0.03:
            raise Crash
        if self.chance.random() < 0.05:
            self._deliver()
        if self.nested < 2 and self.chance.random() < 0.05:
            self.nested += 1
            self._sweep()
            self.nested -= 1


@cache
def simulated(seed: int) -> Simulation:
    return Simulation(seed).run()


@pytest.mark.parametrize("seed", SEEDS)
def test_every_file_is_in_one_receipt(seed: int) -> None:
    simulation = simulated(seed)
    latest = simulation.issuing.latest()
    for facility, sent in simulation.sent.items():
        of_it = [receipt for receipt in latest if receipt.stretch.facility == facility]
        found = Counter(name for receipt in of_it for name in names(receipt))
        assert found == Counter(sent)
        assert sum(receipt.contents.files for receipt in of_it) == len(sent)
        assert sum(receipt.contents.undecided for receipt in of_it) == 0
        assert len(of_it) > 2, "the simulation cuts nothing"


@pytest.mark.parametrize("seed", SEEDS)
def test_the_receipts_of_a_facility_lie_end_to_end(seed: int) -> None:
    latest = simulated(seed).issuing.latest()
    ends = {"demo-hospital": BEGINNING, "demo-clinic": BEGINNING}
    for receipt in sorted(latest, key=lambda each: each.stretch.covers_to):
        assert receipt.stretch.covers_from == ends[receipt.stretch.facility]
        ends[receipt.stretch.facility] = receipt.stretch.covers_to


@pytest.mark.parametrize("seed", SEEDS)
def test_every_revision_has_one_content_both_forms_and_an_event(seed: int) -> None:
    issuing = simulated(seed).issuing
    by_id: dict[str, Any] = {}
    for row in issuing.entries():
        assert by_id.setdefault(row["EventId"], row) == row
    revisions = {(row["ReceiptId"], row["Revision"]) for row in by_id.values()}
    assert len(revisions) == len(by_id)
    assert any(revision > 1 for _, revision in revisions), "nothing came late"
    assert {message.attributes["ce-id"] for message in issuing.events.messages} == set(by_id)
    for row in by_id.values():
        name = row["Uri"].removeprefix("gs://receipts/")
        written = json.loads(issuing.store.data("receipts", name))
        assert (written["receipt_id"], written["revision"]) == (row["ReceiptId"], row["Revision"])
        assert written["files"] == row["Files"]
        assert issuing.store.data("receipts", name.replace(".json", ".html"))


@pytest.mark.parametrize("seed", SEEDS)
def test_an_event_that_is_told_again_says_the_same(seed: int) -> None:
    said: dict[str, bytes] = {}
    for message in simulated(seed).issuing.events.messages:
        assert said.setdefault(message.attributes["ce-id"], message.data) == message.data
