"""A published message as the server keeps it: one copy, shared by every subscription."""

from dataclasses import dataclass

from infra.local.pubsub.protos import PubsubMessage
from infra.local.pubsub.times import to_timestamp


@dataclass(frozen=True, slots=True, eq=False)
class Message:
    """What was published, where it stands in the order of publication, and when (seconds)."""

    number: int
    published_at: float
    size: int
    ordering_key: str
    wire: PubsubMessage

    @classmethod
    def published(cls, number: int, published_at: float, content: PubsubMessage) -> "Message":
        """Return a message with the id and time of publication put into a copy of ``content``."""
        wire = PubsubMessage()
        wire.CopyFrom(content)
        wire.message_id = str(number)
        wire.publish_time.CopyFrom(to_timestamp(published_at))
        return cls(number, published_at, wire.ByteSize(), wire.ordering_key, wire)
