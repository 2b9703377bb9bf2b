import threading
from collections.abc import Iterator
from queue import Queue
from typing import Any

import pytest
from google.api_core.exceptions import (
    FailedPrecondition,
    GoogleAPICallError,
    InvalidArgument,
    NotFound,
)
from google.cloud.pubsub_v1.subscriber.exceptions import AcknowledgeError, AcknowledgeStatus
from google.cloud.pubsub_v1.subscriber.message import Message
from google.cloud.pubsub_v1.types import FlowControl
from google.pubsub_v1.types import ReceivedMessage, StreamingPullRequest, StreamingPullResponse

from tests.integration.pubsub.endpoint import PATIENCE_S
from tests.integration.pubsub.workbench import Workbench


class RawStream:
    """A streaming pull without the client's own flow control and leases."""

    def __init__(self, bench: Workbench, subscription: str, **fields: Any) -> None:
        self._requests: Queue[StreamingPullRequest | None] = Queue()
        first = {"subscription": subscription, "stream_ack_deadline_seconds": 10, **fields}
        self.send(**first)
        self._call = bench.subscriber.streaming_pull(requests=iter(self._requests.get, None))
        self._responses: Iterator[StreamingPullResponse] = iter(self._call)

    def send(self, **fields: Any) -> None:
        self._requests.put(StreamingPullRequest(**fields))

    def response(self) -> StreamingPullResponse:
        return next(self._responses)

    def receive(self, count: int) -> list[ReceivedMessage]:
        received: list[ReceivedMessage] = []
        while len(received) < count:
            received.extend(self.response().received_messages)
        return received

    def half_close(self) -> None:
        self._requests.put(None)

    def close(self) -> None:
        self._call.cancel()
        self.half_close()


def collect(bench: Workbench, subscription: str, count: int, **options: Any) -> list[Message]:
    """Receive and acknowledge so many messages with the client's own subscriber."""
    got: list[Message] = []
    done = threading.Event()

    def receive(message: Message) -> None:
        got.append(message)
        message.ack()
        if len(got) >= count:
            done.set()

    pulling = bench.subscriber.subscribe(subscription, receive, **options)
    done.wait(PATIENCE_S)
    pulling.cancel()
    pulling.result()
    return got


def test_the_clients_subscriber_gets_everything_once(bench: Workbench) -> None:
    subscription = bench.subscribe()
    bench.publish(*[f"{n}".encode() for n in range(500)])

    got = collect(bench, subscription, 500)

    assert sorted(int(message.data) for message in got) == list(range(500))
    assert bench.pull_now(subscription) == []


def test_a_small_flow_control_window_still_gets_everything(bench: Workbench) -> None:
    subscription = bench.subscribe()
    bench.publish(*[b"x"] * 100)

    got = collect(bench, subscription, 100, flow_control=FlowControl(max_messages=2))

    assert len(got) == 100


def test_a_message_the_client_nacks_comes_again(bench: Workbench) -> None:
    subscription = bench.subscribe()
    bench.publish(b"a")
    attempts: list[str] = []
    done = threading.Event()

    def receive(message: Message) -> None:
        attempts.append(message.message_id)
        if len(attempts) < 3:
            message.nack()
        else:
            message.ack()
            done.set()

    pulling = bench.subscriber.subscribe(subscription, receive)
    assert done.wait(PATIENCE_S)
    pulling.cancel()
    pulling.result()
    assert len(set(attempts)) == 1


def test_keys_arrive_in_order_through_the_client(bench: Workbench) -> None:
    subscription = bench.subscribe(enable_message_ordering=True)
    for number in range(50):
        for key in ("a", "b"):
            bench.publish(f"{number}".encode(), key=key)

    got = collect(bench, subscription, 100)

    for key in ("a", "b"):
        assert [int(m.data) for m in got if m.ordering_key == key] == list(range(50))


def test_the_server_stops_at_the_limit_of_outstanding_messages(bench: Workbench) -> None:
    subscription = bench.subscribe()
    bench.publish(*[b"x"] * 5)
    stream = RawStream(bench, subscription, max_outstanding_messages=2)

    held = stream.receive(2)
    assert len(bench.pull_now(subscription, 1)) == 1  # there are more, the stream gets none
    stream.send(ack_ids=[held[0].ack_id])
    assert len(stream.receive(1)) == 1
    stream.close()


def test_the_server_stops_at_the_limit_of_outstanding_bytes(bench: Workbench) -> None:
    subscription = bench.subscribe()
    bench.publish(*[b"x" * 1000] * 3)
    stream = RawStream(bench, subscription, max_outstanding_bytes=1500)

    held = stream.receive(2)
    stream.send(modify_deadline_ack_ids=[held[0].ack_id], modify_deadline_seconds=[0])
    assert len(stream.receive(1)) == 1
    stream.close()


def test_acknowledging_and_rejecting_go_through_the_stream(bench: Workbench) -> None:
    subscription = bench.subscribe()
    bench.publish(b"a", b"b")
    stream = RawStream(bench, subscription)
    by_data = {received.message.data: received.ack_id for received in stream.receive(2)}

    stream.send(
        ack_ids=[by_data[b"a"]],
        modify_deadline_ack_ids=[by_data[b"b"]],
        modify_deadline_seconds=[0],
    )

    assert [received.message.data for received in stream.receive(1)] == [b"b"]
    stream.close()


def test_every_response_tells_the_subscriptions_properties(bench: Workbench) -> None:
    stream = RawStream(
        bench, bench.subscribe(enable_message_ordering=True, enable_exactly_once_delivery=True)
    )

    properties = stream.response().subscription_properties

    assert properties.message_ordering_enabled
    assert properties.exactly_once_delivery_enabled
    stream.close()


def test_a_heartbeat_is_accepted(bench: Workbench) -> None:
    subscription = bench.subscribe()
    stream = RawStream(bench, subscription)
    stream.send()
    stream.send(stream_ack_deadline_seconds=60)
    bench.publish(b"a")

    assert stream.receive(1)
    stream.close()


def test_a_stream_ends_when_the_client_has_no_more_to_say(bench: Workbench) -> None:
    stream = RawStream(bench, bench.subscribe())
    stream.response()
    stream.half_close()

    with pytest.raises(StopIteration):
        stream.response()


@pytest.mark.parametrize("seconds", [0, 9, 601, -1])
def test_a_stream_needs_a_deadline_within_bounds(bench: Workbench, seconds: int) -> None:
    stream = RawStream(bench, bench.subscribe(), stream_ack_deadline_seconds=seconds)

    with pytest.raises(InvalidArgument, match="between 10 and 600"):
        stream.response()
    stream.half_close()


@pytest.mark.parametrize(
    "fields",
    [
        {"subscription": "projects/test/subscriptions/other"},
        {"max_outstanding_messages": 5},
        {"client_id": "me"},
        {"stream_ack_deadline_seconds": 5},
        {"ack_ids": ["garbage"]},
        {"modify_deadline_ack_ids": ["a", "b"], "modify_deadline_seconds": [0]},
    ],
)
def test_a_later_request_that_is_wrong_ends_the_stream(
    bench: Workbench, fields: dict[str, Any]
) -> None:
    stream = RawStream(bench, bench.subscribe())
    stream.response()
    stream.send(**fields)

    with pytest.raises(InvalidArgument):
        stream.response()
    stream.half_close()


def test_an_unknown_subscription_is_not_found(bench: Workbench) -> None:
    stream = RawStream(bench, bench.subscription_name("-none"))

    with pytest.raises(NotFound, match="Subscription does not exist"):
        stream.response()
    stream.half_close()


@pytest.mark.parametrize(
    ("end", "error"),
    [
        ("delete", NotFound),
        ("detach", FailedPrecondition),
        ("push", FailedPrecondition),
    ],
)
def test_a_stream_ends_with_its_subscription(
    bench: Workbench, end: str, error: type[GoogleAPICallError]
) -> None:
    subscription = bench.subscribe()
    stream = RawStream(bench, subscription)
    stream.response()
    {
        "delete": lambda: bench.subscriber.delete_subscription(subscription=subscription),
        "detach": lambda: bench.publisher.detach_subscription({"subscription": subscription}),
        "push": lambda: bench.subscriber.modify_push_config(
            subscription=subscription, push_config={"push_endpoint": "http://127.0.0.1:9/"}
        ),
    }[end]()

    with pytest.raises(error):
        stream.response()
    stream.half_close()


def test_exactly_once_confirms_acknowledgements(bench: Workbench) -> None:
    subscription = bench.subscribe(enable_exactly_once_delivery=True)
    bench.publish(b"a")
    outcomes: Queue[AcknowledgeStatus] = Queue()

    def receive(message: Message) -> None:
        outcomes.put(message.ack_with_response())

    pulling = bench.subscriber.subscribe(subscription, receive)
    acknowledged = outcomes.get(timeout=PATIENCE_S)
    assert acknowledged.result(PATIENCE_S) is AcknowledgeStatus.SUCCESS
    pulling.cancel()
    pulling.result()


def test_exactly_once_tells_of_an_acknowledgement_that_came_too_late(bench: Workbench) -> None:
    subscription = bench.subscribe(enable_exactly_once_delivery=True)
    bench.publish(b"a")
    outcomes: Queue[Any] = Queue()

    def receive(message: Message) -> None:
        bench.subscriber.modify_ack_deadline(
            subscription=subscription, ack_ids=[message.ack_id], ack_deadline_seconds=0
        )
        outcomes.put(message.ack_with_response())

    pulling = bench.subscriber.subscribe(
        subscription, receive, flow_control=FlowControl(max_messages=1)
    )
    late = outcomes.get(timeout=PATIENCE_S)
    with pytest.raises(AcknowledgeError) as caught:
        late.result(PATIENCE_S)
    pulling.cancel()
    pulling.result()

    assert caught.value.error_code is AcknowledgeStatus.INVALID_ACK_ID


def test_exactly_once_confirms_on_the_stream_too(bench: Workbench) -> None:
    subscription = bench.subscribe(enable_exactly_once_delivery=True)
    bench.publish(b"a")
    stream = RawStream(bench, subscription)
    (received,) = stream.receive(1)
    stale = f"{subscription}:999999"

    stream.send(ack_ids=[received.ack_id, stale])

    confirmation = stream.response().acknowledge_confirmation
    assert list(confirmation.ack_ids) == [received.ack_id]
    assert list(confirmation.invalid_ack_ids) == [stale]
    stream.close()


@pytest.mark.slow
def test_the_client_keeps_its_lease_past_the_ack_deadline(bench: Workbench) -> None:
    subscription = bench.subscribe(ack_deadline_seconds=10)
    bench.publish(b"a")
    deliveries: list[str] = []
    finished = threading.Event()

    def receive(message: Message) -> None:
        deliveries.append(message.message_id)
        threading.Event().wait(15)
        message.ack_with_response().result()
        finished.set()

    pulling = bench.subscriber.subscribe(subscription, receive)
    assert finished.wait(30)
    pulling.cancel()
    pulling.result()
    assert len(deliveries) == 1
    assert bench.pull_now(subscription) == []
