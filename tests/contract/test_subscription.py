"""What every `Subscription` promises, on the memory twin and on a real server."""

import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest
from google.cloud.pubsub_v1 import PublisherClient, SubscriberClient

from shared.adapters.memory import MemorySubscription
from shared.adapters.pubsub import PubSubSubscription
from shared.contracts.letter import Letter
from shared.contracts.message import Message
from shared.dead_letters import waiting
from shared.errors import TransientError
from shared.ports import Subscription

WAIT_S = 2.0
Queue = tuple[Subscription, Callable[[Message], object]]


@pytest.fixture(params=["memory", "server"])
def queue(request: pytest.FixtureRequest) -> Iterator[Queue]:
    """A subscription, and how a message comes to it."""
    if request.param == "memory":
        memory = MemorySubscription()
        yield memory, lambda message: memory.put(message, datetime.now(UTC))
        return
    project = request.getfixturevalue("pubsub")["GOOGLE_CLOUD_PROJECT"]
    name, publisher = f"queue-{uuid.uuid4()}", PublisherClient()
    topic = publisher.create_topic(name=f"projects/{project}/topics/{name}").name
    with SubscriberClient() as client:
        client.create_subscription(
            name=f"projects/{project}/subscriptions/{name}", topic=topic, ack_deadline_seconds=60
        )
    yield (
        PubSubSubscription(project, name),
        lambda message: publisher.publish(topic, message.data, **message.attributes).result(),
    )


def _pull(subscription: Subscription) -> list[Letter]:
    """Everything that waits."""
    letters: list[Letter] = []
    while pulled := subscription.pull(10, WAIT_S):
        letters += pulled
    return letters


def _message(number: int) -> Message:
    return Message(data=bytes([number]) * 10, attributes={"number": str(number)})


def _numbers(letters: list[Letter]) -> list[int]:
    return sorted(int(letter.message.attributes["number"]) for letter in letters)


def test_what_waits_is_pulled_whole_and_lent_once(queue: Queue) -> None:
    subscription, put = queue
    put(_message(1))
    (letter,) = _pull(subscription)
    assert letter.message == _message(1)
    assert letter.published_at.tzinfo is not None
    assert _pull(subscription) == []


def test_no_more_is_pulled_than_was_asked_for(queue: Queue) -> None:
    subscription, put = queue
    for number in range(3):
        put(_message(number))
    assert len(subscription.pull(2, WAIT_S)) <= 2


def test_what_is_given_back_waits_again_and_what_is_acknowledged_does_not(queue: Queue) -> None:
    subscription, put = queue
    for number in range(4):
        put(_message(number))
    letters = _pull(subscription)
    even = [letter for letter in letters if int(letter.message.attributes["number"]) % 2 == 0]
    subscription.acknowledge(even)
    subscription.give_back([letter for letter in letters if letter not in even])
    assert _numbers(_pull(subscription)) == [1, 3]


def test_looking_takes_nothing(queue: Queue) -> None:
    subscription, put = queue
    for number in range(23):
        put(_message(number))
    for _ in range(2):
        letters = waiting(subscription, 100)
        assert _numbers(letters) == list(range(23))
        assert {letter.message.data for letter in letters} == {b""}
    assert len(waiting(subscription, 5)) == 5
    assert _numbers(_pull(subscription)) == list(range(23))


def test_a_large_letter_can_be_pulled(queue: Queue) -> None:
    subscription, put = queue
    put(Message(data=bytes(8_000_000), attributes={}))
    (letter,) = _pull(subscription)
    assert len(letter.message.data) == 8_000_000


def test_a_subscription_that_is_not_there_is_transient(pubsub: dict[str, str]) -> None:
    nowhere = PubSubSubscription(pubsub["GOOGLE_CLOUD_PROJECT"], f"nowhere-{uuid.uuid4()}")
    with pytest.raises(TransientError) as caught:
        nowhere.pull(1, WAIT_S)
    assert caught.value.reason == "pubsub-not-found"
