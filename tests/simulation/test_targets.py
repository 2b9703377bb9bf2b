"""Targets through a day on which one receiver is down: the real broker's backlogs, a clock by hand.

Every ten minutes an event is published; instances are killed, before and after each of their steps.
"""

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from functions.notify.handler import Addressed, Tell
from infra.definition import load_pipeline
from infra.local.pubsub.broker import Broker
from infra.local.pubsub.entries import Delivery
from infra.local.pubsub.protos import PubsubMessage, SeekRequest
from infra.local.pubsub.snapshots import SnapshotCalls
from infra.local.pubsub.times import to_timestamp
from shared.adapters.memory import MemoryTables
from shared.contracts.event import PublicEvent
from shared.contracts.facilities import Facilities
from shared.contracts.message import Message
from shared.contracts.targets import Failure, Targets, subscription_of
from shared.errors import TransientError
from shared.ports import Reply
from tests.events import event_of
from tests.outcomes import a_stored_object, an_outcome
from tests.simulation.world import Crash
from tests.unit.pubsub.builders import Clock, a_subscription, a_topic

PIPELINE = load_pipeline()
TERMS = PIPELINE.functions["notify"].targets
TARGETS = Targets.from_data(
    {
        "steady": {"url": "https://steady.example.org"},
        "down": {"url": "https://down.example.org"},
    },
    Facilities({}),
)
TOPIC = "projects/test/topics/events"
MINUTE, HOUR, DAY = 60.0, 3600.0, 86_400.0
DOWN = (HOUR, HOUR + DAY)  # since the beginning


@dataclass
class Receiver:
    """Takes what it is sent, but for a time, and notes when it came."""

    now: Callable[[], float]
    down: tuple[float, float] = (0, 0)
    received: dict[str, list[float]] = field(default_factory=dict)
    asked: int = 0

    def send(self, event: PublicEvent) -> Reply:
        self.asked += 1
        if self.down[0] <= self.now() < self.down[1]:
            return Reply(reason=Failure.UNREACHABLE)
        self.received.setdefault(event.event_id, []).append(self.now())
        return Reply(status=200)


class World:
    """A topic with a subscription for each target, and instances that tell them."""

    def __init__(self, kills: float = 0.0, give_up_after: timedelta = timedelta(days=3)) -> None:
        self.clock = Clock()
        self.began = self.clock.now
        self.broker = Broker(self.clock)
        retention = timedelta(seconds=PIPELINE.topics["events"].retention_s)
        a_topic(self.broker, TOPIC, message_retention_duration=retention)
        assert TERMS
        backoff = {
            "minimum_backoff": timedelta(seconds=TERMS.min_backoff_s),
            "maximum_backoff": timedelta(seconds=TERMS.max_backoff_s),
        }
        for target in TARGETS:
            a_subscription(
                self.broker,
                self.name(target.name),
                TOPIC,
                retry_policy=backoff,
                message_retention_duration=retention,
                ack_deadline_seconds=TERMS.ack_deadline_s,
            )
        self.receivers = {target.name: Receiver(self.elapsed) for target in TARGETS}
        self.tables = MemoryTables()
        self.chance = random.Random(7)
        self.kills = kills
        self.killed = 0
        self.give_up_after = give_up_after
        self.tell = self.instance()

    def name(self, target: str) -> str:
        return f"projects/test/subscriptions/{subscription_of(target)}"

    def elapsed(self) -> float:
        return self.clock.now - self.began

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.clock.now, UTC)

    def instance(self) -> Tell:
        """An instance that knows nothing yet."""
        return Tell.of(
            TARGETS,
            self._mortal_receiver,
            _Mortal(self.tables, self),
            _Now(self),
            self.give_up_after,
        )

    def _mortal_receiver(self, target: Any) -> Any:
        return _Mortal(self.receivers[target.name], self)

    def publish(self, number: int) -> str:
        source = a_stored_object(f"demo-hospital/{number}")
        event = event_of(an_outcome(source=source))
        message = event.to_message()
        wire = PubsubMessage(data=message.data, attributes=message.attributes)
        self.broker.publish(self.broker.topic(TOPIC), [wire])
        return event.event_id

    def run_until(self, elapsed: float) -> None:
        """Push what is to be pushed, and let the time pass from one thing to the next."""
        end = self.began + elapsed
        states = [self.broker.subscription(self.name(target.name)) for target in TARGETS]
        while self.clock.now < end:
            for target, state in zip(TARGETS, states, strict=True):
                state.backlog.advance(self.clock.now)
                for delivery in state.backlog.take(self.clock.now, 1000):
                    self._push(target.name, state, delivery)
            dues = [due for state in states if (due := state.backlog.next_due()) is not None]
            self.clock.now = max(self.clock.now + 0.001, min([end, *dues]))

    def _push(self, target: str, state: Any, delivery: Delivery) -> None:
        wire = delivery.message.wire
        published_at = datetime.fromtimestamp(delivery.message.published_at, UTC)
        message = Message(
            data=wire.data, attributes=dict(wire.attributes), published_at=published_at
        )
        try:
            self.tell(Addressed.read(target, message))
        except TransientError:
            state.backlog.reject(delivery.lease, self.clock.now)
        except Crash:
            self.killed += 1
            self.tell = self.instance()
            state.backlog.reject(delivery.lease, self.clock.now)
        else:
            state.backlog.acknowledge(delivery.lease, self.clock.now)

    def replay(self, target: str, since: float) -> None:
        request = SeekRequest(subscription=self.name(target), time=to_timestamp(self.began + since))
        SnapshotCalls(self.broker).seek(request)

    def results(self, target: str) -> Counter[str]:
        rows = self.tables.rows["imaging.deliveries"]
        return Counter(str(row["Result"]) for row in rows if row["Target"] == target)


@dataclass
class _Now:
    world: World

    def now(self) -> datetime:
        return self.world.now()


@dataclass
class _Mortal:
    """A port at whose calls the instance may die, before or after they took effect."""

    port: Any
    world: World

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            for step in (lambda: None, lambda: getattr(self.port, name)(*arguments)):
                if self.world.chance.random() < self.world.kills:
                    raise Crash
                result = step()
            if self.world.chance.random() < self.world.kills:
                raise Crash
            return result

        return call


@pytest.mark.parametrize("kills", [0.0, 0.02])
def test_a_receiver_that_was_down_for_a_day_gets_everything(kills: float) -> None:
    world = World(kills)
    world.receivers["down"].down = DOWN
    published: dict[str, float] = {}
    for number in range(26 * 6):
        world.run_until(number * 10 * MINUTE)
        published[world.publish(number)] = world.elapsed()
    world.run_until(DOWN[1] + 2 * HOUR)
    down, steady = world.receivers["down"], world.receivers["steady"]
    assert set(down.received) == set(steady.received) == set(published)
    late = {event: max(times) - published[event] for event, times in steady.received.items()}
    slowest = max(late.values())
    assert slowest < 1 if not kills else slowest < HOUR, "one that is down delayed another"
    missed = [min(down.received[event]) for event, at in published.items() if at < DOWN[1]]
    back = max(missed) - DOWN[1]
    assert back < HOUR, "everything is there within an hour of its return"
    assert (world.killed > 0) is (kills > 0)
    if not kills:
        assert {len(times) for times in down.received.values()} == {1}
        assert world.results("down")["delivered"] == len(published)
        assert world.results("down")["failed"] < 400, "the circuit was open"
    assert world.results("down")["given-up"] == 0


def test_what_is_replayed_comes_under_the_same_ids() -> None:
    world = World()
    events = []
    for minute in range(60):
        world.run_until(minute * MINUTE)
        events.append(world.publish(minute))
    world.run_until(9 * DAY)  # longer than anything is tried
    world.replay("steady", 30 * MINUTE)
    world.run_until(9 * DAY + HOUR)
    counts = Counter({event: len(at) for event, at in world.receivers["steady"].received.items()})
    assert {event for event, count in counts.items() if count == 2} == set(events[30:])
    assert {event for event, count in counts.items() if count == 1} == set(events[:30])
    assert set(map(len, world.receivers["down"].received.values())) == {1}


def test_what_nobody_ever_takes_is_given_up_and_can_be_replayed() -> None:
    world = World()
    world.receivers["down"].down = (0, 5 * DAY)
    event = world.publish(0)
    world.run_until(5 * DAY)
    assert world.results("down")["given-up"] == 1
    assert world.receivers["down"].received == {}
    world.replay("down", 0)
    world.run_until(5 * DAY + HOUR)
    assert set(world.receivers["down"].received) == {event}
