"""What every `Publisher` promises, on the memory twin and on a real server."""

import uuid
from collections.abc import Callable, Iterator

import pytest
from google.cloud.pubsub_v1 import PublisherClient, SubscriberClient

from shared.adapters.memory import MemoryTopic
from shared.adapters.pubsub import PubSubTopic
from shared.contracts.message import Message
from shared.errors import TransientError
from shared.ports import Publisher

MESSAGES = [
    Message(data=b'{"a": "\xc3\xbc"}', attributes={"outcome": "archived", "empty": ""}),
    Message(data=bytes(range(256)), attributes={}),
]

Topic = tuple[Publisher, Callable[[int], list[Message]]]


@pytest.fixture(params=["memory", "server"])
def topic(request: pytest.FixtureRequest) -> Iterator[Topic]:
    if request.param == "memory":
        memory = MemoryTopic()
        yield memory, lambda _: memory.messages
        return
    project = request.getfixturevalue("pubsub")["GOOGLE_CLOUD_PROJECT"]
    name = f"topic-{uuid.uuid4()}"
    path = PublisherClient().create_topic(name=f"projects/{project}/topics/{name}").name
    with SubscriberClient() as client:
        subscription = f"projects/{project}/subscriptions/{name}"
        client.create_subscription(name=subscription, topic=path)
        yield PubSubTopic(project, name), lambda count: _pull(client, subscription, count)


def test_what_is_published_arrives_as_it_was(topic: Topic) -> None:
    publisher, received = topic
    for message in MESSAGES:
        publisher.publish(message)
    assert sorted(received(2), key=lambda message: message.data) == sorted(
        MESSAGES, key=lambda message: message.data
    )


def test_a_topic_that_is_not_there_is_transient(pubsub: dict[str, str]) -> None:
    nowhere = PubSubTopic(pubsub["GOOGLE_CLOUD_PROJECT"], f"nowhere-{uuid.uuid4()}")
    with pytest.raises(TransientError) as caught:
        nowhere.publish(MESSAGES[0])
    assert caught.value.reason == "pubsub-not-found"


def _pull(client: SubscriberClient, subscription: str, count: int) -> list[Message]:
    received: list[Message] = []
    while len(received) < count:
        response = client.pull(subscription=subscription, max_messages=count, timeout=30)
        received += [
            Message(data=each.message.data, attributes=dict(each.message.attributes))
            for each in response.received_messages
        ]
    return received
