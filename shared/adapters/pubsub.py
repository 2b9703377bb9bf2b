"""Pub/Sub topics as `Publisher`s."""

from google.cloud.pubsub_v1 import PublisherClient
from google.cloud.pubsub_v1.publisher.exceptions import MessageTooLargeError
from google.cloud.pubsub_v1.types import BatchSettings

from shared.adapters.vendor_errors import translated
from shared.contracts.message import Message
from shared.errors import TransientError

CONFIRMATION_TIMEOUT_S = 60.0
# Concurrent deliveries share a request; a lone one waits no longer than this.
BATCH = BatchSettings(max_messages=100, max_latency=0.005)


class PubSubTopic:
    """One topic; the client honours `PUBSUB_EMULATOR_HOST` by itself."""

    def __init__(self, project: str, topic: str) -> None:
        self._client = PublisherClient(batch_settings=BATCH)
        self._path = self._client.topic_path(project, topic)

    def publish(self, message: Message) -> None:
        """Return once the service has confirmed the message."""
        try:
            with translated("pubsub"):
                future = self._client.publish(self._path, message.data, **message.attributes)
                future.result(timeout=CONFIRMATION_TIMEOUT_S)
        except MessageTooLargeError as error:
            raise TransientError("pubsub-refused") from error
