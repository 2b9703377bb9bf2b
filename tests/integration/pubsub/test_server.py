import signal
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import Queue

import grpc
import pytest
from google.api_core.exceptions import Cancelled, ServiceUnavailable
from google.pubsub_v1 import PublisherClient, SubscriberClient
from google.pubsub_v1.services.publisher.transports import PublisherGrpcTransport
from google.pubsub_v1.services.subscriber.transports import SubscriberGrpcTransport
from google.pubsub_v1.types import PubsubMessage, StreamingPullRequest, Subscription

from infra.local.pubsub import PubsubServer
from infra.local.pubsub.server import AddressError
from tests.integration.pubsub.conftest import start_server

TOPIC = "projects/p/topics/abc"
SUBSCRIPTION = "projects/p/subscriptions/abc"
PATIENCE_S = 20


def publisher_at(address: str) -> PublisherClient:
    return PublisherClient(transport=PublisherGrpcTransport(channel=grpc.insecure_channel(address)))


def subscriber_at(address: str) -> SubscriberClient:
    return SubscriberClient(
        transport=SubscriberGrpcTransport(channel=grpc.insecure_channel(address))
    )


def test_a_server_runs_for_a_with_block() -> None:
    with PubsubServer() as server, publisher_at(server.address) as client:
        client.create_topic(name=TOPIC)

        assert [t.name for t in client.list_topics(project="projects/p")] == [TOPIC]


def test_two_servers_share_nothing() -> None:
    with (
        PubsubServer() as one,
        PubsubServer() as two,
        publisher_at(one.address) as first,
        publisher_at(two.address) as second,
    ):
        first.create_topic(name=TOPIC)

        assert not list(second.list_topics(project="projects/p"))


def test_a_busy_port_is_an_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(AddressError), PubsubServer(port=port):
            pass


def test_the_command_says_that_nothing_is_kept_and_stops_when_told(tmp_path: Path) -> None:
    process = start_server(tmp_path / "port")
    process.send_signal(signal.SIGTERM)
    _, log = process.communicate(timeout=PATIENCE_S)

    assert process.returncode == 0
    assert "listening on 127.0.0.1:" in log
    assert "lost when this stops" in log
    assert "are gone" in log
    assert [path.name for path in tmp_path.iterdir()] == ["port"]


def test_open_streams_and_waiting_pulls_do_not_hold_up_the_stop(tmp_path: Path) -> None:
    process = start_server(tmp_path / "port")
    address = (tmp_path / "port").read_text(encoding="utf-8")
    requests: Queue[StreamingPullRequest | None] = Queue()
    with publisher_at(address) as publisher, subscriber_at(address) as subscriber:
        publisher.create_topic(name=TOPIC)
        subscriber.create_subscription(name=SUBSCRIPTION, topic=TOPIC)
        requests.put(
            StreamingPullRequest(subscription=SUBSCRIPTION, stream_ack_deadline_seconds=10)
        )
        stream = iter(subscriber.streaming_pull(requests=iter(requests.get, None)))
        next(stream)
        with ThreadPoolExecutor(1) as pool:
            pulling = pool.submit(
                subscriber.pull, subscription=SUBSCRIPTION, max_messages=1, retry=None
            )
            process.send_signal(signal.SIGTERM)
            _, log = process.communicate(timeout=PATIENCE_S)
            with pytest.raises((ServiceUnavailable, Cancelled)):
                pulling.result()
        with pytest.raises(ServiceUnavailable):
            next(stream)
        requests.put(None)

    assert process.returncode == 0
    assert "Traceback" not in log


def test_a_push_without_an_answer_does_not_hold_up_the_stop() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        endpoint = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        with (
            PubsubServer() as server,
            publisher_at(server.address) as publisher,
            subscriber_at(server.address) as subscriber,
        ):
            publisher.create_topic(name=TOPIC)
            subscriber.create_subscription(
                request=Subscription(
                    name=SUBSCRIPTION, topic=TOPIC, push_config={"push_endpoint": endpoint}
                )
            )
            publisher.publish(topic=TOPIC, messages=[PubsubMessage(data=b"a")])
            connection, _ = silent.accept()
            assert connection.recv(4) == b"POST"
        connection.close()


def test_the_command_ends_with_an_error_when_the_port_is_taken(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        process = start_server(tmp_path / "port", "--port", str(port))
        _, log = process.communicate(timeout=PATIENCE_S)

    assert process.returncode == 1
    assert f"cannot listen on 127.0.0.1:{port}" in log
    assert "Traceback" not in log
