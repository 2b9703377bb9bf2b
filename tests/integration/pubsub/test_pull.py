import threading
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest
from google.api_core.exceptions import GoogleAPICallError, InvalidArgument, MethodNotImplemented
from google.pubsub_v1 import SchemaServiceClient, SubscriberClient
from google.pubsub_v1.services.schema_service.transports import SchemaServiceGrpcTransport
from google.pubsub_v1.services.subscriber.transports import SubscriberGrpcTransport

from tests.integration.pubsub.workbench import PROJECT, Workbench, data_of


def test_a_published_message_is_pulled_as_it_was_published(bench: Workbench) -> None:
    subscription = bench.subscribe()
    future = bench.publisher.publish(bench.topic, b"hello", ordering_key="key", colour="red")

    (received,) = bench.pull(subscription)

    assert received.message.data == b"hello"
    assert dict(received.message.attributes) == {"colour": "red"}
    assert received.message.ordering_key == "key"
    assert received.message.message_id == future.result()
    assert received.message.publish_time
    assert received.delivery_attempt == 0


def test_a_pull_waits_for_a_message(bench: Workbench) -> None:
    subscription = bench.subscribe()
    with ThreadPoolExecutor(1) as pool:
        pulling = pool.submit(bench.pull, subscription)
        bench.publish(b"a")

        assert data_of(pulling.result()) == [b"a"]


def test_two_waiting_pulls_share_what_comes(bench: Workbench) -> None:
    subscription = bench.subscribe()
    with ThreadPoolExecutor(2) as pool:
        pulls = [pool.submit(bench.pull, subscription, 1) for _ in range(2)]
        bench.publish(b"a", b"b")

        assert sorted(data for pull in pulls for data in data_of(pull.result())) == [b"a", b"b"]


def test_a_pull_ends_empty_before_its_deadline(bench: Workbench) -> None:
    assert bench.pull(bench.subscribe(), timeout=0.6) == []


def test_a_pull_that_must_not_wait_is_empty(bench: Workbench) -> None:
    assert bench.pull_now(bench.subscribe()) == []


def test_an_acknowledged_message_does_not_come_again(bench: Workbench) -> None:
    subscription = bench.subscribe()
    bench.publish(b"a", b"b")
    first, second = bench.pull(subscription)
    bench.ack(subscription, first)
    bench.nack(subscription, second)

    assert data_of(bench.pull(subscription)) == [b"b"]


def test_an_expired_deadline_brings_a_message_back(bench: Workbench) -> None:
    subscription = bench.subscribe()
    bench.publish(b"a")
    bench.set_deadline(subscription, 1, *bench.pull(subscription))

    assert data_of(bench.pull(subscription)) == [b"a"]


def test_an_expired_ack_id_is_harmless(bench: Workbench) -> None:
    subscription = bench.subscribe()
    bench.publish(b"a")
    old = bench.pull(subscription)
    bench.nack(subscription, *old)
    (new,) = bench.pull(subscription)
    bench.ack(subscription, *old)
    bench.nack(subscription, new)

    assert data_of(bench.pull(subscription)) == [b"a"]


def test_a_pull_is_limited(bench: Workbench) -> None:
    subscription = bench.subscribe()
    bench.publish(*[b"a"] * 10)

    assert len(bench.pull(subscription, 3)) == 3
    assert len(bench.pull(subscription)) == 7


@pytest.mark.parametrize("max_messages", [0, -1])
def test_a_pull_of_nothing_is_refused(bench: Workbench, max_messages: int) -> None:
    with pytest.raises(InvalidArgument):
        bench.pull(bench.subscribe(), max_messages)


@pytest.mark.parametrize("ack_id", ["", "garbage", "projects/test/subscriptions/other:1"])
def test_an_ack_id_of_nothing_is_refused(bench: Workbench, ack_id: str) -> None:
    with pytest.raises(InvalidArgument):
        bench.subscriber.acknowledge(subscription=bench.subscribe(), ack_ids=[ack_id])


def test_a_message_of_almost_10_megabytes_goes_through(bench: Workbench, address: str) -> None:
    subscription = bench.subscribe()
    data = bytes(10 * 1024 * 1024 - 1000)
    bench.publish(data)
    channel = grpc.insecure_channel(address, [("grpc.max_receive_message_length", -1)])

    with SubscriberClient(transport=SubscriberGrpcTransport(channel=channel)) as unlimited:
        response = unlimited.pull(subscription=subscription, max_messages=1)

    assert data_of(response.received_messages) == [data]


def test_answers_stay_below_what_clients_accept(bench: Workbench) -> None:
    subscription = bench.subscribe()
    for size in (1, 3, 3, 1):
        bench.publish(bytes(size * 1024 * 1024))

    assert sum(len(bench.pull(subscription)) for _ in range(4)) == 4


def test_a_larger_one_is_refused(bench: Workbench) -> None:
    with pytest.raises(InvalidArgument, match="10485760 bytes"):
        bench.publish(bytes(10 * 1024 * 1024))


def test_a_thousand_messages_in_one_request_and_no_more(bench: Workbench) -> None:
    assert len(bench.publish(*[b"a"] * 1000)) == 1000
    with pytest.raises(InvalidArgument, match="message_count"):
        bench.publish(*[b"a"] * 1001)


def test_many_publishers_at_once_lose_nothing(bench: Workbench) -> None:
    subscription = bench.subscribe()
    threads = [
        threading.Thread(target=bench.publish, args=[f"{n}-{i}".encode() for i in range(20)])
        for n in range(10)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(set(data_of(bench.pull(subscription, 1000)))) == 200


@pytest.mark.parametrize(
    "method",
    ["Publisher/CreateTopic", "Publisher/Publish", "Subscriber/Pull", "Subscriber/Seek"],
)
def test_bytes_that_are_no_message_are_an_invalid_argument(address: str, method: str) -> None:
    with grpc.insecure_channel(address) as channel:
        call = channel.unary_unary(f"/google.pubsub.v1.{method}")
        with pytest.raises(grpc.RpcError) as caught:
            call(b"\xff\xff\xff")

    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT


def test_an_empty_request_is_an_error_and_no_accident(address: str) -> None:
    calls = {
        "Publisher": "CreateTopic GetTopic UpdateTopic ListTopics ListTopicSubscriptions"
        " ListTopicSnapshots DeleteTopic DetachSubscription Publish",
        "Subscriber": "CreateSubscription GetSubscription UpdateSubscription ListSubscriptions"
        " DeleteSubscription ModifyPushConfig ModifyAckDeadline Acknowledge Pull"
        " CreateSnapshot GetSnapshot UpdateSnapshot ListSnapshots DeleteSnapshot Seek",
    }
    with grpc.insecure_channel(address) as channel:
        for service, methods in calls.items():
            for method in methods.split():
                with pytest.raises(grpc.RpcError) as caught:
                    channel.unary_unary(f"/google.pubsub.v1.{service}/{method}")(b"")
                assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT, method


def test_schemas_are_unimplemented(address: str) -> None:
    transport = SchemaServiceGrpcTransport(channel=grpc.insecure_channel(address))
    with pytest.raises((MethodNotImplemented, GoogleAPICallError)) as caught:
        next(iter(SchemaServiceClient(transport=transport).list_schemas(parent=PROJECT)))

    assert caught.value.grpc_status_code is grpc.StatusCode.UNIMPLEMENTED
