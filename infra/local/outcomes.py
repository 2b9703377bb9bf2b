"""Hearing the outcomes of a local cloud as they are decided."""

import contextlib
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError
from datetime import timedelta

from google.cloud.pubsub_v1.subscriber.message import Message as Received
from google.protobuf.duration_pb2 import Duration
from google.pubsub_v1 import types as pubsub

from infra.local.clients import Clients
from shared.contracts.message import Message
from shared.contracts.outcome import Outcome

_EXPIRES = timedelta(days=1)


class Outcomes:
    """The outcomes heard so far, by the natural key of what they decided."""

    def __init__(self, heard: Callable[[Outcome], None] = lambda _: None) -> None:
        self._known: dict[str, Outcome] = {}
        self._news = threading.Condition()
        self._heard = heard

    def take(self, outcome: Outcome) -> None:
        """Note an outcome; a repeated one changes nothing."""
        key = outcome.source.version.natural_key
        with self._news:
            if key not in self._known:
                self._known[key] = outcome
                self._heard(outcome)
                self._news.notify_all()

    def get(self, key: str) -> Outcome | None:
        """The outcome of one object generation."""
        with self._news:
            return self._known.get(key)

    def wait(self, keys: Iterable[str], patience_s: float) -> dict[str, Outcome]:
        """The outcomes of these, as soon as all are known or none was heard for a while."""
        wanted = set(keys)
        with self._news:
            while wanted - self._known.keys() and self._news.wait(patience_s):
                pass
            return {key: self._known[key] for key in wanted & self._known.keys()}


@contextlib.contextmanager
def listening(
    clients: Clients, topic: str, take: Callable[[Received], None], condition: str = ""
) -> Iterator[None]:
    """Everything published on a topic within the block is taken, over a subscription of its own."""
    name = clients.subscription(f"listener-{uuid.uuid4().hex}")
    clients.subscriber.create_subscription(
        request=pubsub.Subscription(
            name=name,
            topic=clients.topic(topic),
            filter=condition,
            expiration_policy=pubsub.ExpirationPolicy(
                ttl=Duration(seconds=int(_EXPIRES.total_seconds()))
            ),
        )
    )
    stream = clients.subscriber.subscribe(name, callback=take)
    try:
        yield
    finally:
        stream.cancel()
        with contextlib.suppress(CancelledError):
            stream.result()
        clients.subscriber.delete_subscription(subscription=name)


@contextlib.contextmanager
def hearing_outcomes(
    clients: Clients, condition: str, heard: Callable[[Outcome], None] = lambda _: None
) -> Iterator[Outcomes]:
    """The outcomes decided within the block that satisfy a filter."""
    outcomes = Outcomes(heard)

    def take(received: Received) -> None:
        message = Message(data=received.data, attributes=dict(received.attributes))
        outcomes.take(Outcome.from_message(message))
        received.ack()

    with listening(clients, clients.environment["INLET_OUTCOMES_TOPIC"], take, condition):
        yield outcomes


def deadline(seconds: float) -> Iterator[float]:
    """The seconds left, until none are."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        yield left
