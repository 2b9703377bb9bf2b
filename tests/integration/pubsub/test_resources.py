import datetime as dt
from typing import Any

import pytest
from google.api_core.exceptions import (
    AlreadyExists,
    FailedPrecondition,
    GoogleAPICallError,
    InvalidArgument,
    MethodNotImplemented,
    NotFound,
)
from google.protobuf.field_mask_pb2 import FieldMask
from google.pubsub_v1.types import Topic

from tests.integration.pubsub.workbench import PROJECT, Workbench, data_of


def test_topics_are_listed_page_by_page(bench: Workbench) -> None:
    project = f"projects/pages-{bench.unique}"
    names = [f"{project}/topics/topic-{n}" for n in range(7)]
    for name in names:
        bench.publisher.create_topic(name=name)

    listed = bench.publisher.list_topics(request={"project": project, "page_size": 3})

    assert [len(page.topics) for page in listed.pages] == [3, 3, 1]
    assert [topic.name for topic in bench.publisher.list_topics(project=project)] == names


def test_a_topic_is_updated(bench: Workbench) -> None:
    topic = Topic(name=bench.topic, labels={"a": "b"})
    mask = FieldMask(paths=["labels"])

    updated = bench.publisher.update_topic(request={"topic": topic, "update_mask": mask})

    assert dict(updated.labels) == {"a": "b"}
    assert bench.publisher.get_topic(topic=bench.topic) == updated


def test_a_topics_subscriptions_and_snapshots_are_listed(bench: Workbench) -> None:
    subscription = bench.subscribe()
    bench.subscriber.create_snapshot(name=bench.snapshot_name(), subscription=subscription)

    assert list(bench.publisher.list_topic_subscriptions(topic=bench.topic)) == [subscription]
    assert list(bench.publisher.list_topic_snapshots(topic=bench.topic)) == [bench.snapshot_name()]


def test_a_deleted_topic_leaves_its_subscription(bench: Workbench) -> None:
    subscription = bench.subscribe()
    bench.publish(b"a")
    bench.publisher.delete_topic(topic=bench.topic)

    assert bench.subscriber.get_subscription(subscription=subscription).topic == "_deleted-topic_"
    assert data_of(bench.pull(subscription)) == [b"a"]
    with pytest.raises(NotFound, match="Topic not found"):
        bench.publish(b"b")


def test_a_detached_subscription_cannot_be_pulled(bench: Workbench) -> None:
    subscription = bench.subscribe()
    bench.publisher.detach_subscription({"subscription": subscription})

    with pytest.raises(FailedPrecondition):
        bench.pull_now(subscription)
    assert bench.subscriber.get_subscription(subscription=subscription).detached


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"ack_deadline_seconds": 5}, InvalidArgument),
        ({"filter": "attributes"}, InvalidArgument),
        ({"push_config": {"push_endpoint": "nonsense"}}, InvalidArgument),
        (
            {"dead_letter_policy": {"dead_letter_topic": f"{PROJECT}/topics/missing"}},
            NotFound,
        ),
        ({"topic": f"{PROJECT}/topics/missing"}, NotFound),
        ({"topic": "nonsense"}, InvalidArgument),
        ({"bigquery_config": {"table": "p.d.t"}}, MethodNotImplemented),
    ],
)
def test_a_subscription_that_cannot_be_is_refused(
    bench: Workbench, fields: dict[str, Any], error: type[GoogleAPICallError]
) -> None:
    with pytest.raises(error):
        bench.subscribe(**fields)


def test_resources_are_created_once(bench: Workbench) -> None:
    subscription = bench.subscribe()
    bench.subscriber.create_snapshot(name=bench.snapshot_name(), subscription=subscription)

    for again in (
        lambda: bench.publisher.create_topic(name=bench.topic),
        bench.subscribe,
        lambda: bench.subscriber.create_snapshot(
            name=bench.snapshot_name(), subscription=subscription
        ),
    ):
        with pytest.raises(AlreadyExists):
            again()


def test_what_does_not_exist_is_not_found(bench: Workbench) -> None:
    subscription, topic = bench.subscription_name("-none"), bench.topic_name("-none")
    for call in (
        lambda: bench.publisher.get_topic(topic=topic),
        lambda: bench.publisher.delete_topic(topic=topic),
        lambda: bench.subscriber.get_subscription(subscription=subscription),
        lambda: bench.subscriber.delete_subscription(subscription=subscription),
        lambda: bench.subscriber.acknowledge(subscription=subscription, ack_ids=["a"]),
        lambda: bench.pull_now(subscription),
        lambda: bench.subscriber.get_snapshot(snapshot=bench.snapshot_name()),
    ):
        with pytest.raises(NotFound):
            call()


def test_a_subscription_is_updated_by_its_mask(bench: Workbench) -> None:
    subscription = bench.subscribe(labels={"a": "b"})
    request = {
        "subscription": {"name": subscription, "ack_deadline_seconds": 42},
        "update_mask": {"paths": ["ack_deadline_seconds"]},
    }

    updated = bench.subscriber.update_subscription(request=request)

    assert updated.ack_deadline_seconds == 42
    assert dict(updated.labels) == {"a": "b"}
    request["update_mask"] = {"paths": ["filter"]}
    with pytest.raises(InvalidArgument, match="not mutable"):
        bench.subscriber.update_subscription(request=request)


def test_a_filter_drops_what_does_not_match(bench: Workbench) -> None:
    subscription = bench.subscribe(filter='hasPrefix(attributes.kind, "a") AND NOT attributes:b')
    bench.publish(b"no", kind="b")
    bench.publish(b"yes", kind="ab")
    bench.publish(b"neither", kind="ab", b="1")

    assert data_of(bench.pull(subscription)) == [b"yes"]


def test_a_pulled_message_that_always_fails_becomes_a_dead_letter(bench: Workbench) -> None:
    dead_topic = bench.add_topic("-dead")
    dead = bench.subscribe("-dead", dead_topic)
    subscription = bench.subscribe(
        dead_letter_policy={"dead_letter_topic": dead_topic, "max_delivery_attempts": 5}
    )
    bench.publish(b"a")
    attempts = []
    for _ in range(5):
        (received,) = bench.pull(subscription)
        attempts.append(received.delivery_attempt)
        bench.nack(subscription, received)

    assert attempts == [1, 2, 3, 4, 5]
    assert data_of(bench.pull(dead)) == [b"a"]
    assert bench.pull_now(subscription) == []


def test_an_ordered_subscription_redelivers_from_the_rejected_message_on(
    bench: Workbench,
) -> None:
    subscription = bench.subscribe(enable_message_ordering=True)
    bench.publish(b"1", b"2", b"3", key="a")
    first, second, third = bench.pull(subscription)
    bench.ack(subscription, first, third)
    bench.nack(subscription, second)

    assert data_of(bench.pull(subscription)) == [b"2", b"3"]


def test_seeking_to_a_time_replays_and_purges(bench: Workbench) -> None:
    subscription = bench.subscribe(retain_acked_messages=True)
    start = dt.datetime.now(tz=dt.UTC)
    bench.publish(b"a", b"b")
    bench.ack(subscription, *bench.pull(subscription))

    bench.subscriber.seek(request={"subscription": subscription, "time": start})
    assert data_of(bench.pull(subscription)) == [b"a", b"b"]
    later = dt.datetime.now(tz=dt.UTC) + dt.timedelta(hours=1)
    bench.subscriber.seek(request={"subscription": subscription, "time": later})
    assert bench.pull_now(subscription) == []


def test_seeking_to_a_messages_own_time_replays_it(bench: Workbench) -> None:
    subscription = bench.subscribe(retain_acked_messages=True)
    bench.publish(b"a")
    (received,) = bench.pull(subscription)
    bench.ack(subscription, received)

    time = received.message.publish_time
    bench.subscriber.seek(request={"subscription": subscription, "time": time})

    assert data_of(bench.pull(subscription)) == [b"a"]


def test_seeking_to_a_snapshot_restores_it(bench: Workbench) -> None:
    subscription = bench.subscribe()
    bench.publish(b"done")
    bench.ack(subscription, *bench.pull(subscription))
    bench.publish(b"open")
    snapshot = bench.subscriber.create_snapshot(
        name=bench.snapshot_name(), subscription=subscription
    )
    bench.publish(b"later")
    bench.ack(subscription, *bench.pull(subscription))

    bench.subscriber.seek(request={"subscription": subscription, "snapshot": snapshot.name})

    assert snapshot.topic == bench.topic
    assert data_of(bench.pull(subscription)) == [b"open", b"later"]


def test_a_snapshot_is_updated_listed_and_deleted(bench: Workbench) -> None:
    name = bench.snapshot_name()
    bench.subscriber.create_snapshot(name=name, subscription=bench.subscribe())
    request = {
        "snapshot": {"name": name, "labels": {"a": "b"}},
        "update_mask": {"paths": ["labels"]},
    }

    assert dict(bench.subscriber.update_snapshot(request=request).labels) == {"a": "b"}
    assert name in [s.name for s in bench.subscriber.list_snapshots(project=PROJECT)]
    bench.subscriber.delete_snapshot(snapshot=name)
    with pytest.raises(NotFound):
        bench.subscriber.get_snapshot(snapshot=name)
