"""What a request may hold. Source: Pub/Sub documentation, "Quotas and limits"."""

from collections.abc import Sequence
from typing import Final

from infra.local.pubsub.errors import InvalidArgumentError
from infra.local.pubsub.protos import PublishRequest, PubsubMessage

MAX_PUBLISH_BYTES: Final = 10 * 1024 * 1024
MAX_PUBLISH_MESSAGES: Final = 1000
MAX_PULL_MESSAGES: Final = 1000
MAX_ATTRIBUTES: Final = 100
MAX_KEY_BYTES: Final = 256
MAX_VALUE_BYTES: Final = 1024
MAX_ORDERING_KEY_BYTES: Final = 1024
MAX_ACK_DEADLINE_S: Final = 600
MIN_ACK_DEADLINE_S: Final = 10

_EMPTY: Final = (
    "One or more messages in the publish request is empty. Each message must contain either"
    " non-empty data, or at least one attribute."
)


def check_range(what: str, value: float, minimum: float, maximum: float) -> None:
    """Refuse a value outside ``minimum`` and ``maximum``, both allowed, in the service's words."""
    if value < minimum:
        raise InvalidArgumentError(_out_of_range(what, "small", value, "minimum", minimum))
    if value > maximum:
        raise InvalidArgumentError(_out_of_range(what, "large", value, "maximum", maximum))


def _out_of_range(what: str, how: str, value: float, bound: str, limit: float) -> str:
    return (
        f"The value for {what} is too {how}. You passed {value:g} in the request,"
        f" but the {bound} value is {limit:g}."
    )


def check_publish(request: PublishRequest) -> None:
    """Refuse a publish request that holds too much, or a message that is not one."""
    check_range("message_count", len(request.messages), 1, MAX_PUBLISH_MESSAGES)
    if request.ByteSize() > MAX_PUBLISH_BYTES:
        raise InvalidArgumentError(
            f"Request payload size exceeds the limit: {MAX_PUBLISH_BYTES} bytes."
        )
    _check_ordering_key(request.messages)
    for content in request.messages:
        _check_message(content)


def _check_ordering_key(messages: Sequence[PubsubMessage]) -> None:
    key = messages[0].ordering_key
    if any(content.ordering_key != key for content in messages):
        raise InvalidArgumentError(
            "All messages in a publish request must have the same ordering key."
        )
    if len(key.encode()) > MAX_ORDERING_KEY_BYTES:
        raise InvalidArgumentError(
            f"The ordering key is longer than {MAX_ORDERING_KEY_BYTES} bytes."
        )


def _check_message(content: PubsubMessage) -> None:
    if not content.data and not content.attributes:
        raise InvalidArgumentError(_EMPTY)
    if content.attributes:
        check_range("attribute_count", len(content.attributes), 0, MAX_ATTRIBUTES)
        for key, value in content.attributes.items():
            _check_attribute(key, value)


def _check_attribute(key: str, value: str) -> None:
    check_range("attribute_key_size", len(key.encode()), 1, MAX_KEY_BYTES)
    check_range("attribute_value_size", len(value.encode()), 0, MAX_VALUE_BYTES)
    if key.startswith("goog") and not key.startswith("googclient_"):
        raise InvalidArgumentError(f"Attribute keys must not start with 'goog' (key={key}).")
