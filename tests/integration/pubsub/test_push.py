import time
from collections.abc import Callable

import pytest
from google.protobuf.duration_pb2 import Duration

from tests.integration.pubsub.endpoint import Endpoint, Push
from tests.integration.pubsub.workbench import Workbench, data_of

QUICK_RETRIES = {
    "minimum_backoff": Duration(nanos=10_000_000),
    "maximum_backoff": Duration(nanos=50_000_000),
}


def failing(times: int, status: int) -> Callable[[Push], int]:
    """Return an answer that fails so many times and then succeeds."""
    left = iter([status] * times)
    return lambda _: next(left, 204)


def test_a_push_is_wrapped_as_documented(bench: Workbench) -> None:
    with Endpoint() as endpoint:
        subscription = bench.subscribe(push_config={"push_endpoint": endpoint.url})
        (message_id,) = bench.publish(b"hello", colour="red")
        push = endpoint.get()

    published = push.envelope["message"]["publishTime"]
    assert push.envelope == {
        "message": {
            "attributes": {"colour": "red"},
            "data": "aGVsbG8=",
            "messageId": message_id,
            "message_id": message_id,
            "publishTime": published,
            "publish_time": published,
        },
        "subscription": subscription,
    }
    assert push.path == "/push?token=t"
    assert push.headers["Content-Type"] == "application/json"
    assert push.headers["User-Agent"] == "CloudPubSub-Google"
    assert "Authorization" not in push.headers


def test_an_unwrapped_push_is_the_data(bench: Workbench) -> None:
    with Endpoint() as endpoint:
        bench.subscribe(push_config={"push_endpoint": endpoint.url, "no_wrapper": {}})
        bench.publish(b"\x00\x01", colour="red")
        push = endpoint.get()

    assert push.body == b"\x00\x01"
    assert "colour" not in push.headers
    assert not [name for name in push.headers if name.lower().startswith("x-goog-")]


def test_metadata_is_written_to_headers(bench: Workbench) -> None:
    config = {"no_wrapper": {"write_metadata": True}}
    with Endpoint() as endpoint:
        subscription = bench.subscribe(push_config={"push_endpoint": endpoint.url, **config})
        (message_id,) = bench.publish(b"hello", key="key", colour="red")
        push = endpoint.get()

    assert push.body == b"hello"
    assert push.headers["colour"] == "red"
    assert push.headers["x-goog-pubsub-subscription-name"] == subscription
    assert push.headers["x-goog-pubsub-message-id"] == message_id
    assert push.headers["x-goog-pubsub-ordering-key"] == "key"
    assert push.headers["x-goog-pubsub-publish-time"].endswith("Z")


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_a_success_acknowledges(bench: Workbench, status: int) -> None:
    with Endpoint(lambda _: status) as endpoint:
        subscription = bench.subscribe(
            push_config={"push_endpoint": endpoint.url}, retry_policy=QUICK_RETRIES
        )
        first, second = bench.publish(b"a", b"b")
        seen = {endpoint.get().envelope["message"]["messageId"] for _ in range(2)}
    bench.subscriber.modify_push_config(subscription=subscription, push_config={})

    assert seen == {first, second}
    assert endpoint.pushes.empty()
    assert bench.pull_now(subscription) == []


@pytest.mark.parametrize("status", [203, 206, 301, 302, 400, 401, 404, 429, 500, 503])
def test_anything_else_is_retried(bench: Workbench, status: int) -> None:
    with Endpoint(failing(2, status)) as endpoint:
        bench.subscribe(push_config={"push_endpoint": endpoint.url}, retry_policy=QUICK_RETRIES)
        bench.publish(b"a")

        assert len({endpoint.get().envelope["message"]["messageId"] for _ in range(3)}) == 1
        assert {push.path for push in endpoint.pushes.queue} <= {"/push?token=t"}


def test_retries_need_no_policy(bench: Workbench) -> None:
    with Endpoint(failing(3, 503)) as endpoint:
        bench.subscribe(push_config={"push_endpoint": endpoint.url})
        bench.publish(b"a")

        assert len({endpoint.get().envelope["message"]["messageId"] for _ in range(4)}) == 1


def test_an_endpoint_that_is_down_gets_its_messages_when_it_is_up(bench: Workbench) -> None:
    with Endpoint() as endpoint:
        pass
    bench.subscribe(push_config={"push_endpoint": endpoint.url}, retry_policy=QUICK_RETRIES)
    bench.publish(b"a")
    with Endpoint(port=endpoint.port) as again:
        assert again.get().envelope["message"]["data"] == "YQ=="


def test_one_failing_message_does_not_hold_up_the_others(bench: Workbench) -> None:
    def answer(push: Push) -> int:
        return 500 if push.envelope["message"]["data"] == "YmFk" else 204

    with Endpoint(answer) as endpoint:
        bench.subscribe(push_config={"push_endpoint": endpoint.url}, retry_policy=QUICK_RETRIES)
        bench.publish(b"bad", *[b"good"] * 50)
        good = 0
        while good < 50:
            good += endpoint.get().envelope["message"]["data"] != "YmFk"


def test_a_message_that_always_fails_becomes_a_dead_letter(bench: Workbench) -> None:
    dead_topic = bench.add_topic("-dead")
    dead = bench.subscribe("-dead", dead_topic)
    with Endpoint(lambda _: 500) as endpoint:
        subscription = bench.subscribe(
            push_config={"push_endpoint": endpoint.url},
            retry_policy=QUICK_RETRIES,
            dead_letter_policy={"dead_letter_topic": dead_topic, "max_delivery_attempts": 5},
        )
        bench.publish(b"a", colour="red")
        (letter,) = bench.pull(dead)
        attempts = [endpoint.get().envelope["deliveryAttempt"] for _ in range(5)]

    assert attempts == [1, 2, 3, 4, 5]
    assert endpoint.pushes.empty()
    attributes = dict(letter.message.attributes)
    assert attributes.pop("CloudPubSubDeadLetterSourceTopicPublishTime").endswith("+00:00")
    assert attributes == {
        "colour": "red",
        "CloudPubSubDeadLetterSourceDeliveryCount": "5",
        "CloudPubSubDeadLetterSourceSubscription": subscription.rpartition("/")[2],
        "CloudPubSubDeadLetterSourceSubscriptionProject": "test",
    }


def test_a_key_is_pushed_one_message_at_a_time_and_in_order(bench: Workbench) -> None:
    outcomes = iter([204, 500, 500])
    with Endpoint(lambda _: next(outcomes, 204)) as endpoint:
        bench.subscribe(
            push_config={"push_endpoint": endpoint.url},
            retry_policy=QUICK_RETRIES,
            enable_message_ordering=True,
        )
        bench.publish(b"1", b"2", b"3", key="a")
        got = [endpoint.get().envelope["message"]["data"] for _ in range(5)]

    assert got == ["MQ==", "Mg==", "Mg==", "Mg==", "Mw=="]


def test_a_filter_decides_what_is_pushed(bench: Workbench) -> None:
    with Endpoint() as endpoint:
        bench.subscribe(
            push_config={"push_endpoint": endpoint.url}, filter='attributes.outcome = "archived"'
        )
        bench.publish(b"no", outcome="duplicate")
        bench.publish(b"yes", outcome="archived")

        assert endpoint.get().envelope["message"]["attributes"] == {"outcome": "archived"}
    assert endpoint.pushes.empty()


def test_a_subscription_turns_from_pushing_to_pulling_and_back(bench: Workbench) -> None:
    with Endpoint() as endpoint:
        subscription = bench.subscribe()
        bench.publish(b"a")
        bench.subscriber.modify_push_config(
            subscription=subscription, push_config={"push_endpoint": endpoint.url}
        )
        assert endpoint.get().envelope["message"]["data"] == "YQ=="
        bench.subscriber.modify_push_config(subscription=subscription, push_config={})
        bench.publish(b"b")

        assert data_of(bench.pull(subscription)) == [b"b"]
    assert endpoint.pushes.empty()


def test_a_deleted_subscription_pushes_no_more(bench: Workbench) -> None:
    with Endpoint() as endpoint, Endpoint() as other:
        subscription = bench.subscribe(push_config={"push_endpoint": endpoint.url})
        bench.subscribe("-other", push_config={"push_endpoint": other.url})
        bench.subscriber.delete_subscription(subscription=subscription)
        bench.publish(b"a")
        other.get()

    assert endpoint.pushes.empty()


def test_many_messages_reach_a_slow_endpoint(bench: Workbench) -> None:
    def answer(_: Push) -> int:
        time.sleep(0.01)
        return 200

    with Endpoint(answer) as endpoint:
        bench.subscribe(push_config={"push_endpoint": endpoint.url})
        ids = set(bench.publish(*[b"x"] * 300))

        assert {endpoint.get().envelope["message"]["messageId"] for _ in range(300)} == ids
