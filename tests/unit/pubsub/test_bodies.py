import json
from base64 import b64decode
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.local.pubsub.bodies import push_request
from infra.local.pubsub.message import Message
from infra.local.pubsub.protos import PubsubMessage, Subscription
from tests.unit.pubsub.builders import OTHER_TOPIC, SUBSCRIPTION

PUBLISHED = 1614366835.749


def a_subscription_resource(**fields: object) -> Subscription:
    config = Subscription(name=SUBSCRIPTION, **fields)
    config.push_config.push_endpoint = "http://localhost/"
    return config


def a_push(
    data: bytes = b"hello", key: str = "", attributes: Mapping[str, str] | None = None
) -> Message:
    wire = PubsubMessage(data=data, ordering_key=key, attributes=attributes or {})
    return Message.published(2070443601311540, PUBLISHED, wire)


def test_a_wrapped_push_has_the_documented_body() -> None:
    request = push_request(
        a_subscription_resource(), a_push(key="key", attributes={"colour": "red"}), 1
    )

    assert json.loads(request.body) == {
        "message": {
            "attributes": {"colour": "red"},
            "data": "aGVsbG8=",
            "messageId": "2070443601311540",
            "message_id": "2070443601311540",
            "orderingKey": "key",
            "publishTime": "2021-02-26T19:13:55.749Z",
            "publish_time": "2021-02-26T19:13:55.749Z",
        },
        "subscription": SUBSCRIPTION,
    }
    assert request.headers == {
        "Content-Type": "application/json",
        "User-Agent": "CloudPubSub-Google",
    }


def test_what_a_message_does_not_have_is_left_out() -> None:
    body = json.loads(
        push_request(a_subscription_resource(), a_push(b"", attributes={"a": "b"}), 1).body
    )

    assert body["message"].keys() == {
        "attributes",
        "messageId",
        "message_id",
        "publishTime",
        "publish_time",
    }


def test_attributes_are_there_even_when_empty() -> None:
    body = json.loads(push_request(a_subscription_resource(), a_push(), 1).body)

    assert body["message"]["attributes"] == {}


def test_attempts_are_told_with_a_dead_letter_policy_only() -> None:
    counting = a_subscription_resource(dead_letter_policy={"dead_letter_topic": OTHER_TOPIC})

    assert json.loads(push_request(counting, a_push(), 3).body)["deliveryAttempt"] == 3
    assert "deliveryAttempt" not in json.loads(
        push_request(a_subscription_resource(), a_push(), 3).body
    )


def test_an_unwrapped_push_is_the_data() -> None:
    config = a_subscription_resource()
    config.push_config.no_wrapper.SetInParent()

    request = push_request(config, a_push(b"\x00\xff", attributes={"colour": "red"}), 1)

    assert request.body == b"\x00\xff"
    assert request.headers == {
        "Content-Type": "application/octet-stream",
        "User-Agent": "CloudPubSub-Google",
    }


def test_metadata_and_attributes_become_headers() -> None:
    config = a_subscription_resource()
    config.push_config.no_wrapper.write_metadata = True
    attributes = {"colour": "red", "content-type": "text/plain"}

    request = push_request(config, a_push(key="key", attributes=attributes), 1)

    assert request.headers == {
        "User-Agent": "CloudPubSub-Google",
        "colour": "red",
        "content-type": "text/plain",
        "x-goog-pubsub-subscription-name": SUBSCRIPTION,
        "x-goog-pubsub-message-id": "2070443601311540",
        "x-goog-pubsub-publish-time": "2021-02-26T19:13:55.749Z",
        "x-goog-pubsub-ordering-key": "key",
    }


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("Host", "elsewhere"),
        ("content-length", "0"),
        ("Transfer-Encoding", "chunked"),
        ("x-goog-pubsub-message-id", "1"),
        ("split", "a\r\nInjected: b"),
        ("a b", "c"),
        ("a:b", "c"),
        ("é", "c"),
        ("c", "é"),
    ],
)
def test_an_attribute_that_cannot_be_a_header_is_left_out(key: str, value: str) -> None:
    config = a_subscription_resource()
    config.push_config.no_wrapper.write_metadata = True

    headers = push_request(config, a_push(attributes={key: value}), 1).headers

    assert value not in headers.values()
    assert headers["x-goog-pubsub-message-id"] == "2070443601311540"


@given(data=st.binary(min_size=1), attributes=st.dictionaries(st.text(min_size=1), st.text()))
def test_any_message_survives_wrapping(data: bytes, attributes: dict[str, str]) -> None:
    wire = PubsubMessage(data=data)
    wire.attributes.update(attributes)
    message = Message.published(1, PUBLISHED, wire)

    content = json.loads(push_request(a_subscription_resource(), message, 1).body)["message"]

    assert b64decode(content["data"]) == data
    assert content["attributes"] == attributes
