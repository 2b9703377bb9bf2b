"""A meter misses nothing, and knows what it does not know."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator

import grpc
import pytest
import requests
from google.api_core.exceptions import GoogleAPICallError
from google.auth.credentials import AnonymousCredentials
from google.cloud.storage import Client
from google.pubsub_v1 import PublisherClient, PubsubMessage, SubscriberClient
from google.pubsub_v1.services.publisher.transports import PublisherGrpcTransport
from google.pubsub_v1.services.subscriber.transports import SubscriberGrpcTransport

from infra.local.endpoints import HOST
from shared.adapters.cloud_storage import NO_LOOK_UPS
from tests.conftest import Environment
from tests.costs.grpc_meters import grpc_meter
from tests.costs.http_meters import BigQueryNote, Exchange, HttpMeters, PushNote, StorageNote
from tests.costs.methods import storage_method
from tests.costs.uses import Amount, CountError, Use, Uses

CHUNK = 256 * 1024


def _port(address: str) -> int:
    return int(address.rpartition(":")[2])


@pytest.fixture
def uses() -> Uses:
    return Uses.none()


@pytest.fixture
def client(storage: Environment, uses: Uses, monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    with HttpMeters.running() as meters:
        behind = _port(storage["STORAGE_EMULATOR_HOST"])
        port = meters.before(behind, StorageNote(uses, "us", "metered-"))
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", f"http://{HOST}:{port}")
        monkeypatch.setenv(NO_LOOK_UPS, "true")
        plain = Client(project="p", credentials=AnonymousCredentials())
        requests.post(
            f"http://{HOST}:{behind}/storage/v1/b", json={"name": "metered-b"}, timeout=10
        )
        yield plain


def test_every_method_is_counted_where_it_counts(client: Client, uses: Uses) -> None:
    bucket = client.bucket("metered-b")
    blob = bucket.blob("a")
    blob.upload_from_string(b"some bytes")
    blob.reload()
    assert blob.download_as_bytes() == b"some bytes"
    copy = bucket.blob("c")
    copy.rewrite(blob)
    blob.metadata = {"key": "value"}
    blob.patch()
    assert {each.name for each in client.list_blobs("metered-b")} >= {"a", "c"}
    copy.compose([blob, blob])
    blob.delete()
    found = {use.what: amount.number for use, amount in uses.so_far().items() if use.on == "b"}
    assert found == {
        "storage.objects.insert": 1,
        "storage.objects.get": 2,
        "storage.objects.rewrite": 1,
        "storage.objects.patch": 1,
        "storage.objects.list": 1,
        "storage.objects.compose": 1,
        "storage.objects.delete": 1,
    }


def test_an_upload_in_pieces_is_one_operation_and_all_its_bytes(client: Client, uses: Uses) -> None:
    data = bytes(3 * CHUNK)
    blob = client.bucket("metered-b").blob("pieces", chunk_size=CHUNK)
    with blob.open("wb") as file:
        file.write(data)
    assert blob.download_as_bytes() == data
    inserted = uses.so_far()[Use("us", "storage.objects.insert", "b")]
    assert inserted.number == 1
    assert inserted.bytes >= len(data)


@pytest.mark.parametrize(
    ("verb", "path"),
    [
        ("GET", "/storage/v1/b/metered-b/iam"),
        ("POST", "/storage/v1/b/metered-b/o/a/moveTo/o/c"),
        ("GET", "/storage/v1/b/metered-b/o/nothing"),
    ],
    ids=["unknown", "new", "failed"],
)
def test_what_is_unknown_or_fails_spoils_the_count(
    client: Client, uses: Uses, verb: str, path: str
) -> None:
    address = client._connection.API_BASE_URL
    requests.request(verb, address + path, timeout=10)
    with pytest.raises(CountError, match=path):
        uses.so_far()


def test_messages_are_counted_with_all_that_is_charged(pubsub: Environment, uses: Uses) -> None:
    with grpc_meter(_port(pubsub["PUBSUB_EMULATOR_HOST"]), uses, "us") as port:
        direct = _publisher(pubsub["PUBSUB_EMULATOR_HOST"])
        topic = "projects/p/topics/metered"
        direct.create_topic(name=topic)
        publisher = _publisher(f"{HOST}:{port}")
        publisher.publish(topic=topic, messages=_messages(3000, 1))
        with pytest.raises(GoogleAPICallError):
            publisher.delete_topic(topic=topic, retry=None, timeout=5)
    with pytest.raises(CountError, match="DeleteTopic"):
        uses.so_far()
    assert uses._amounts == {Use("us", "pubsub.publish", "metered"): Amount(2, 3037 + 1000)}


def test_what_is_pulled_is_counted_by_the_answer(pubsub: Environment, uses: Uses) -> None:
    host = pubsub["PUBSUB_EMULATOR_HOST"]
    topic, name = "projects/p/topics/pulled", "projects/p/subscriptions/pulled"
    direct = _publisher(host)
    direct.create_topic(name=topic)
    _subscriber(host).create_subscription(name=name, topic=topic)
    direct.publish(topic=topic, messages=_messages(3000))
    with grpc_meter(_port(host), uses, "us") as port:
        answer = _subscriber(f"{HOST}:{port}").pull(subscription=name, max_messages=1)
    assert len(answer.received_messages) == 1
    assert uses.so_far() == {Use("us", "pubsub.pull", ""): Amount(1, 3037)}


def _messages(*sizes: int) -> list[PubsubMessage]:
    return [PubsubMessage(data=b"x" * size) for size in sizes]


def _publisher(host: str) -> PublisherClient:
    return PublisherClient(transport=PublisherGrpcTransport(channel=grpc.insecure_channel(host)))


def _subscriber(host: str) -> SubscriberClient:
    return SubscriberClient(transport=SubscriberGrpcTransport(channel=grpc.insecure_channel(host)))


def test_a_push_is_a_request_and_a_message(uses: Uses) -> None:
    message = {"data": b64encode(b"x" * 2000).decode(), "attributes": {"key": "value"}}
    body = json.dumps({"message": message, "subscription": "projects/p/subscriptions/s"}).encode()
    note = PushNote(uses, "index")
    note(Exchange("POST", "/", body, 204, 0))
    note(Exchange("POST", "/", b"", 204, 0))
    assert uses.so_far() == {
        Use("index", "run.request", ""): Amount(2, 0),
        Use("index", "pubsub.push", "s"): Amount(1, 2000 + 8 + 37),
    }
    note(Exchange("POST", "/", b"", 503, 0))
    with pytest.raises(CountError, match="index answered 503"):
        uses.so_far()


def test_a_query_is_on_every_table_that_it_names(uses: Uses) -> None:
    note = BigQueryNote(uses, "sweep")
    query = "SELECT Bucket FROM landed JOIN `p.imaging.uploads` USING (UploadId) -- Instances"
    body = json.dumps({"configuration": {"query": {"query": query}}}).encode()
    note(Exchange("POST", "/bigquery/v2/projects/p/jobs?prettyPrint=false", body, 200, 0))
    note(Exchange("GET", "/bigquery/v2/projects/p/queries/j?maxResults=0", b"", 200, 0))
    assert {use.on: amount.number for use, amount in uses.so_far().items()} == {
        "landed, uploads": 1,
        "": 1,
    }
    note(Exchange("DELETE", "/bigquery/v2/projects/p/datasets/d", b"", 204, 0))
    with pytest.raises(CountError, match="DELETE"):
        uses.so_far()


def test_a_method_is_told_by_its_whole_address() -> None:
    assert storage_method("GET", "/storage/v1/b/b/o?prefix=storage") is not None
    assert storage_method("GET", "/storage/v1/b/b/o/a/acl") is None
    assert storage_method("POST", "/storage/v1/b") is None
