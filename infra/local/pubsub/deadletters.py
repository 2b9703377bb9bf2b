"""What a message becomes when it is forwarded to a dead-letter topic."""

from datetime import UTC, datetime

from infra.local.pubsub.message import Message
from infra.local.pubsub.names import parse_name
from infra.local.pubsub.protos import PubsubMessage


def dead_letter(subscription: str, message: Message, attempts: int) -> PubsubMessage:
    """Return the message with the attributes that say where it comes from."""
    source = parse_name("subscriptions", subscription)
    published_at = datetime.fromtimestamp(message.published_at, UTC)
    content = PubsubMessage(data=message.wire.data, ordering_key=message.ordering_key)
    content.attributes.update(message.wire.attributes)
    content.attributes.update(
        {
            "CloudPubSubDeadLetterSourceDeliveryCount": str(attempts),
            "CloudPubSubDeadLetterSourceSubscription": source.id,
            "CloudPubSubDeadLetterSourceSubscriptionProject": source.project,
            "CloudPubSubDeadLetterSourceTopicPublishTime": published_at.isoformat(
                timespec="milliseconds"
            ),
        }
    )
    return content
