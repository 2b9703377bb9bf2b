"""What a push endpoint receives: body and headers, wrapped or not.

Source: Pub/Sub documentation, "Push subscriptions" and "Payload unwrapping".
"""

import json
import re
from base64 import b64encode
from collections.abc import Mapping
from typing import Final, NamedTuple

from infra.local.pubsub.message import Message
from infra.local.pubsub.protos import Subscription
from infra.local.pubsub.times import rfc3339

USER_AGENT: Final = "CloudPubSub-Google"

_WRAPPED_HEADERS: Final = {"Content-Type": "application/json", "User-Agent": USER_AGENT}
_UNWRAPPED_HEADERS: Final = {
    "Content-Type": "application/octet-stream",
    "User-Agent": USER_AGENT,
}
_HEADER_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_HEADER_VALUE = re.compile(r"[\x20-\x7e\t]*")
_CONNECTION_HEADERS: Final = frozenset(
    {
        "accept-encoding",
        "connection",
        "content-length",
        "expect",
        "host",
        "keep-alive",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)


class PushRequest(NamedTuple):
    """The body and the headers of one push."""

    body: bytes
    headers: Mapping[str, str]


def push_request(subscription: Subscription, message: Message, attempt: int) -> PushRequest:
    """Return what is posted for one delivery of a message."""
    if not subscription.push_config.HasField("no_wrapper"):
        counted = attempt if subscription.HasField("dead_letter_policy") else 0
        return PushRequest(_wrapped(subscription.name, message, counted), _WRAPPED_HEADERS)
    headers: Mapping[str, str] = _UNWRAPPED_HEADERS
    if subscription.push_config.no_wrapper.write_metadata:
        headers = _with_metadata(subscription.name, message)
    return PushRequest(message.wire.data, headers)


def _wrapped(subscription: str, message: Message, attempt: int) -> bytes:
    wire, published = message.wire, rfc3339(message.published_at)
    content: dict[str, object] = {"attributes": dict(wire.attributes)}
    if wire.data:
        content["data"] = b64encode(wire.data).decode()
    content["messageId"] = content["message_id"] = wire.message_id
    if wire.ordering_key:
        content["orderingKey"] = wire.ordering_key
    content["publishTime"] = content["publish_time"] = published
    body: dict[str, object] = {"message": content, "subscription": subscription}
    if attempt:
        body["deliveryAttempt"] = attempt
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def _with_metadata(subscription: str, message: Message) -> dict[str, str]:
    headers = dict(_UNWRAPPED_HEADERS)
    named = {name.lower(): name for name in headers}
    for key, value in message.wire.attributes.items():
        if _is_header(key, value):
            headers.pop(named.get(key.lower(), ""), None)
            headers[key] = value
    headers["x-goog-pubsub-subscription-name"] = subscription
    headers["x-goog-pubsub-message-id"] = message.wire.message_id
    headers["x-goog-pubsub-publish-time"] = rfc3339(message.published_at)
    key = message.ordering_key
    if key and _HEADER_VALUE.fullmatch(key):
        headers["x-goog-pubsub-ordering-key"] = key
    return headers


def _is_header(key: str, value: str) -> bool:
    name = key.lower()
    reserved = name in _CONNECTION_HEADERS or name.startswith("x-goog-pubsub-")
    valid = _HEADER_NAME.fullmatch(key) and _HEADER_VALUE.fullmatch(value)
    return bool(valid) and not reserved
