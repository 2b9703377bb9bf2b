"""Pub/Sub topics as `Publisher`s.

The batching client of the library holds every message back for a time, in threads of its own, in
the hope of more. The generated client underneath sends at once, and concurrent deliveries share
requests all the same (`group_commit`).
"""

import os
from collections.abc import Sequence

import grpc
from google.api_core.retry import Retry, if_transient_error
from google.pubsub_v1 import PublisherClient, PublishRequest, PubsubMessage
from google.pubsub_v1.services.publisher.transports import PublisherGrpcTransport

from shared.adapters.group_commit import GroupCommit
from shared.adapters.vendor_errors import translated
from shared.contracts.message import Message
from shared.errors import TransientError

CONFIRMATION_TIMEOUT_S = 60.0
MAX_REQUEST_BYTES = 10_000_000
MAX_REQUEST_MESSAGES = 1000
RETRY = Retry(predicate=if_transient_error, timeout=CONFIRMATION_TIMEOUT_S)
_ENVELOPE_BYTES = 1024  # of a request with one message, around it


class PubSubTopic:
    """One topic, of an emulator where `PUBSUB_EMULATOR_HOST` names one."""

    def __init__(self, project: str, topic: str) -> None:
        self._client = _client()
        self._path = PublisherClient.topic_path(project, topic)
        self._commit = GroupCommit(self._send, max_rows=MAX_REQUEST_MESSAGES)

    def publish(self, message: Message) -> None:
        """Return once the service has confirmed the message."""
        data = PubsubMessage.serialize(
            PubsubMessage(data=message.data, attributes=message.attributes)
        )
        if len(data) + _ENVELOPE_BYTES > MAX_REQUEST_BYTES:
            raise TransientError("pubsub-refused")
        self._commit.append([data])

    def _send(self, messages: Sequence[bytes]) -> None:
        request = PublishRequest(
            topic=self._path, messages=[PubsubMessage.deserialize(data) for data in messages]
        )
        with translated("pubsub"):
            self._client.publish(request, retry=RETRY, timeout=CONFIRMATION_TIMEOUT_S)


def _client() -> PublisherClient:
    """Return a client; the generated one honours no emulator variable, so the channel is ours."""
    endpoint = os.environ.get("PUBSUB_EMULATOR_HOST")
    if not endpoint:
        return PublisherClient()
    channel = grpc.insecure_channel(endpoint)
    return PublisherClient(transport=PublisherGrpcTransport(channel=channel))
