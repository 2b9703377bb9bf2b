"""Google's own client on the local server, with names of its own for every test."""

import uuid
import warnings
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from google.cloud import pubsub_v1
from google.pubsub_v1 import PublisherClient as GeneratedClient
from google.pubsub_v1.types import PullResponse, ReceivedMessage, Subscription

PROJECT = "projects/test"


@dataclass
class Workbench:
    """One test's topic and subscriptions."""

    publisher: pubsub_v1.PublisherClient
    subscriber: pubsub_v1.SubscriberClient
    unique: str = field(default_factory=lambda: uuid.uuid4().hex)

    def __post_init__(self) -> None:
        self._requests = GeneratedClient(transport=self.publisher.transport)
        self.topic = self.topic_name()
        self.publisher.create_topic(name=self.topic)

    def topic_name(self, suffix: str = "") -> str:
        return f"{PROJECT}/topics/topic-{self.unique}{suffix}"

    def subscription_name(self, suffix: str = "") -> str:
        return f"{PROJECT}/subscriptions/sub-{self.unique}{suffix}"

    def snapshot_name(self) -> str:
        return f"{PROJECT}/snapshots/snapshot-{self.unique}"

    def add_topic(self, suffix: str) -> str:
        name = self.topic_name(suffix)
        self.publisher.create_topic(name=name)
        return name

    def subscribe(self, suffix: str = "", topic: str = "", **fields: Any) -> str:
        name = self.subscription_name(suffix)
        request = Subscription(name=name, topic=topic or self.topic, **fields)
        self.subscriber.create_subscription(request=request)
        return name

    def publish(self, *contents: bytes, key: str = "", **attributes: str) -> list[str]:
        """Publish in one request, without the client's batching."""
        messages = [
            {"data": data, "ordering_key": key, "attributes": attributes} for data in contents
        ]
        request = {"topic": self.topic, "messages": messages}
        return list(self._requests.publish(request=request).message_ids)

    def pull(
        self, subscription: str, max_messages: int = 100, timeout: float = 20.0
    ) -> list[ReceivedMessage]:
        """Wait for at least one message, or for the timeout."""
        response: PullResponse = self.subscriber.pull(
            subscription=subscription, max_messages=max_messages, timeout=timeout
        )
        return list(response.received_messages)

    def pull_now(self, subscription: str, max_messages: int = 100) -> list[ReceivedMessage]:
        """Return what is deliverable now."""
        request = {
            "subscription": subscription,
            "max_messages": max_messages,
            "return_immediately": True,
        }
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            return list(self.subscriber.pull(request=request).received_messages)

    def ack(self, subscription: str, *received: ReceivedMessage) -> None:
        ids = [message.ack_id for message in received]
        self.subscriber.acknowledge(subscription=subscription, ack_ids=ids)

    def nack(self, subscription: str, *received: ReceivedMessage) -> None:
        self.set_deadline(subscription, 0, *received)

    def set_deadline(self, subscription: str, seconds: int, *received: ReceivedMessage) -> None:
        ids = [message.ack_id for message in received]
        self.subscriber.modify_ack_deadline(
            subscription=subscription, ack_ids=ids, ack_deadline_seconds=seconds
        )


def data_of(received: Iterable[ReceivedMessage]) -> list[bytes]:
    return [message.message.data for message in received]
