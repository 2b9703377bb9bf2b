"""Pub/Sub topics as `Publisher`s, and pull subscriptions.

The batching client of the library holds every message back for a time, in threads of its own, in
the hope of more. The generated client underneath sends at once, and concurrent deliveries share
requests all the same (`group_commit`).
"""

import os
import threading
from collections.abc import Sequence
from datetime import datetime
from typing import Final, cast
from weakref import WeakValueDictionary

import grpc
from google.api_core.exceptions import DeadlineExceeded, GatewayTimeout
from google.api_core.retry import Retry, if_transient_error
from google.pubsub_v1 import (
    PublisherClient,
    PublishRequest,
    PubsubMessage,
    PullRequest,
    ReceivedMessage,
    SubscriberClient,
)
from google.pubsub_v1.services.publisher.transports import PublisherGrpcTransport
from google.pubsub_v1.services.subscriber.transports import SubscriberGrpcTransport

from shared.adapters.group_commit import GroupCommit
from shared.adapters.vendor_errors import translated
from shared.contracts.letter import Letter
from shared.contracts.message import Message
from shared.errors import TransientError

CONFIRMATION_TIMEOUT_S = 60.0
MAX_REQUEST_BYTES = 10_000_000
MAX_REQUEST_MESSAGES = 1000
RETRY = Retry(predicate=if_transient_error, timeout=CONFIRMATION_TIMEOUT_S)
_ENVELOPE_BYTES = 1024  # of a request with one message, around it
ANSWER_TIMEOUT_S: Final = 60.0
_ANY_SIZE: Final = (("grpc.max_receive_message_length", -1),)  # as the generated client has it


class PubSubTopic:
    """One topic, of an emulator where `PUBSUB_EMULATOR_HOST` names one.

    A request holds messages of one ordering key (google.pubsub.v1.PubsubMessage), and of each key
    one request is under way at a time: what is published after another was confirmed comes after
    it. A request that fails leaves no trace; the next one of its key goes on as ever.
    """

    def __init__(self, project: str, topic: str) -> None:
        self._client = _client()
        self._path = PublisherClient.topic_path(project, topic)
        self._commits: WeakValueDictionary[str, GroupCommit] = WeakValueDictionary()
        self._lock = threading.Lock()

    def publish(self, message: Message) -> None:
        """Return once the service has confirmed the message."""
        data = PubsubMessage.serialize(
            PubsubMessage(
                data=message.data,
                attributes=message.attributes,
                ordering_key=message.ordering_key,
            )
        )
        if len(data) + _ENVELOPE_BYTES > MAX_REQUEST_BYTES:
            raise TransientError("pubsub-refused")
        self._commit_of(message.ordering_key).append([data])

    def _commit_of(self, key: str) -> GroupCommit:
        """Return what callers with this key share, which lives for as long as one of them waits."""
        with self._lock:
            commit = self._commits.get(key)
            if commit is None:
                commit = GroupCommit(self._send, max_rows=MAX_REQUEST_MESSAGES)
                self._commits[key] = commit
            return commit

    def _send(self, messages: Sequence[bytes]) -> None:
        request = PublishRequest(
            topic=self._path, messages=[PubsubMessage.deserialize(data) for data in messages]
        )
        with translated("pubsub"):
            self._client.publish(request, retry=RETRY, timeout=CONFIRMATION_TIMEOUT_S)


class PubSubSubscription:
    """One pull subscription, of an emulator where `PUBSUB_EMULATOR_HOST` names one."""

    def __init__(self, project: str, subscription: str) -> None:
        self._client = subscriber()
        self._path = SubscriberClient.subscription_path(project, subscription)

    def pull(self, at_most: int, wait_s: float) -> Sequence[Letter]:
        """Return some of the messages that wait; none if none came in time."""
        request = PullRequest(subscription=self._path, max_messages=at_most)
        with translated("pubsub"):
            try:
                answer = self._client.pull(request, retry=None, timeout=wait_s)
            except (DeadlineExceeded, GatewayTimeout):
                return ()
        return [_letter(received) for received in answer.received_messages]

    def give_back(self, letters: Sequence[Letter]) -> None:
        """Return once these may be pulled again."""
        if letters:
            with translated("pubsub"):
                self._client.modify_ack_deadline(
                    subscription=self._path,
                    ack_ids=[letter.receipt for letter in letters],
                    ack_deadline_seconds=0,
                    timeout=ANSWER_TIMEOUT_S,
                )

    def acknowledge(self, letters: Sequence[Letter]) -> None:
        """Return once these are gone."""
        if letters:
            with translated("pubsub"):
                self._client.acknowledge(
                    subscription=self._path,
                    ack_ids=[letter.receipt for letter in letters],
                    timeout=ANSWER_TIMEOUT_S,
                )


def _letter(received: ReceivedMessage) -> Letter:
    message = received.message
    return Letter(
        message=Message(
            data=message.data,
            attributes=dict(message.attributes),
            ordering_key=message.ordering_key,
        ),
        message_id=message.message_id,
        published_at=cast("datetime", message.publish_time),  # proto-plus makes it one
        receipt=received.ack_id,
    )


def _client() -> PublisherClient:
    """Return a client; the generated one honours no emulator variable, so the channel is ours."""
    endpoint = os.environ.get("PUBSUB_EMULATOR_HOST")
    if not endpoint:
        return PublisherClient()
    channel = grpc.insecure_channel(endpoint)
    return PublisherClient(transport=PublisherGrpcTransport(channel=channel))


def subscriber() -> SubscriberClient:
    """Return a client of subscriptions; see `_client`."""
    endpoint = os.environ.get("PUBSUB_EMULATOR_HOST")
    if not endpoint:
        return SubscriberClient()
    channel = grpc.insecure_channel(endpoint, options=_ANY_SIZE)
    return SubscriberClient(transport=SubscriberGrpcTransport(channel=channel))
