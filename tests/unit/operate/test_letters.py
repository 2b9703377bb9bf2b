"""Dead letters go back to where they came from, and none is lost on the way."""

from datetime import timedelta

import pytest

from infra.operate.cloud import Cloud, topics_by_subscription
from infra.operate.letters import listed, redrive
from shared.adapters.memory import (
    ManualClock,
    MemoryObjectStore,
    MemorySubscription,
    MemoryTables,
    MemoryTopic,
)
from shared.contracts.message import Message
from shared.errors import TransientError
from shared.ports import Publisher
from tests.operating import a_cloud

TOPICS = topics_by_subscription()


class _World:
    def __init__(self) -> None:
        self.clock = ManualClock()
        self.letters = MemorySubscription()
        self.uploads, self.outcomes = MemoryTopic(), MemoryTopic()

    def cloud(self, outcomes: Publisher | None = None) -> Cloud:
        store = MemoryObjectStore(self.clock.now)
        topics = {"uploads": self.uploads, "outcomes": outcomes or self.outcomes}
        return a_cloud(store, self.clock, MemoryTables(), topics, self.letters)

    def give_up(self, subscription: str, number: int = 0) -> None:
        """A message that nobody took, given up nine hours after it was published."""
        attributes = {
            "number": str(number),
            "CloudPubSubDeadLetterSourceSubscription": subscription,
            "CloudPubSubDeadLetterSourceTopicPublishTime": self.clock.time.isoformat(),
            "CloudPubSubDeadLetterSourceDeliveryCount": "50",
        }
        message = Message(data=b"PLANTED", attributes=attributes)
        self.letters.put(message, self.clock.time + timedelta(hours=9))


@pytest.fixture
def world() -> _World:
    return _World()


def test_every_push_subscription_has_its_topic() -> None:
    assert TOPICS == {
        "ingest": "uploads",
        "index": "outcomes",
        "index-uploads": "uploads",
        "index-events": "events",
        "deidentify": "outcomes",
        "notify": "outcomes",
    }


def test_they_are_counted_by_who_gave_them_up_and_go_on_waiting(world: _World) -> None:
    first = world.clock.time
    for subscription in ("index", "ingest", "index"):
        world.give_up(subscription)
        world.clock.time += timedelta(hours=1)
    for _ in range(2):
        piles = listed(world.cloud())
        assert [(pile.subscription, pile.count) for pile in piles] == [("index", 2), ("ingest", 1)]
        assert (piles[0].oldest, piles[0].newest) == (first, first + timedelta(hours=2))
    assert len(world.letters.waiting) == 3


def test_they_go_back_as_they_were(world: _World) -> None:
    for number in range(25):
        world.give_up("index" if number % 5 else "index-uploads", number)
    redriven = redrive(world.cloud(), TOPICS)
    assert (dict(redriven.by_topic), redriven.unknown) == ({"outcomes": 20, "uploads": 5}, 0)
    back = [*world.uploads.messages, *world.outcomes.messages]
    assert sorted(int(message.attributes["number"]) for message in back) == list(range(25))
    assert {(message.data, *message.attributes) for message in back} == {(b"PLANTED", "number")}
    assert (world.letters.waiting, world.letters.lent) == ([], [])


def test_what_comes_from_nowhere_known_waits_on(world: _World) -> None:
    for subscription in ("index", "of-somebody-else", "index", ""):
        world.give_up(subscription)
    redriven = redrive(world.cloud(), TOPICS)
    assert (redriven.by_topic.total(), redriven.unknown) == (2, 2)
    assert {letter.subscription for letter in world.letters.waiting} == {"of-somebody-else", ""}


class _Breaking:
    """A topic that refuses from the n-th message on."""

    def __init__(self, topic: MemoryTopic, number: int) -> None:
        self._topic, self._number = topic, number

    def publish(self, message: Message) -> None:
        if len(self._topic.messages) >= self._number:
            raise TransientError("pubsub-unavailable")
        self._topic.publish(message)


@pytest.mark.parametrize("number", [0, 1, 7, 14])
def test_what_ends_half_way_loses_nothing(world: _World, number: int) -> None:
    for letter in range(15):
        world.give_up("index", letter)
    with pytest.raises(TransientError):
        redrive(world.cloud(_Breaking(world.outcomes, number)), TOPICS)
    world.letters.give_back(list(world.letters.lent))  # as happens when their time is over
    redrive(world.cloud(), TOPICS)
    numbers = [int(message.attributes["number"]) for message in world.outcomes.messages]
    assert sorted(numbers) == list(range(15))
