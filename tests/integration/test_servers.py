"""The fixtures lead Google's clients to servers that answer."""

import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud.bigquery import Client as BigQuery
from google.cloud.bigquery import Table
from google.cloud.pubsub_v1 import PublisherClient, SubscriberClient
from google.cloud.storage import Client as Storage

from tests.conftest import Environment
from tests.integration.servers import PROJECT, engine


def test_storage_keeps_what_is_uploaded(storage: Environment) -> None:
    assert storage["STORAGE_EMULATOR_HOST"].startswith("http://127.0.0.1:")
    bucket = Storage(project=PROJECT).create_bucket("fixture-bucket")
    bucket.blob("a name/with ümlaut#1").upload_from_string(b"bytes", if_generation_match=0)
    assert bucket.blob("a name/with ümlaut#1").download_as_bytes() == b"bytes"


@pytest.mark.usefixtures("pubsub")
def test_pubsub_delivers_what_is_published() -> None:
    publisher, subscriber = PublisherClient(), SubscriberClient()
    topic = publisher.create_topic(name=f"projects/{PROJECT}/topics/fixture").name
    subscription = f"projects/{PROJECT}/subscriptions/fixture"
    subscriber.create_subscription(name=subscription, topic=topic)
    publisher.publish(topic, b"data", key="value").result(10)
    pulled = subscriber.pull(subscription=subscription, max_messages=1, timeout=10)
    assert [(m.message.data, dict(m.message.attributes)) for m in pulled.received_messages] == [
        (b"data", {"key": "value"})
    ]
    subscriber.close()


@pytest.mark.usefixtures("bigquery")
def test_bigquery_answers_queries() -> None:
    client = BigQuery(project=PROJECT, credentials=AnonymousCredentials())
    client.create_dataset("fixture")
    client.create_table(Table(f"{PROJECT}.fixture.empty", []))
    assert [row["n"] for row in client.query("SELECT 1 + 1 AS n").result()] == [2]


def test_a_wish_for_embedded_servers_is_met(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INLET_TEST_SERVERS", "embedded")
    engine.cache_clear()
    assert engine() == ""
    engine.cache_clear()
