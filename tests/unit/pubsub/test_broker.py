import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from infra.local.pubsub.broker import Broker
from infra.local.pubsub.errors import (
    AlreadyExistsError,
    FailedPreconditionError,
    InvalidArgumentError,
    NotFoundError,
)
from infra.local.pubsub.protos import (
    CreateSnapshotRequest,
    DeleteSnapshotRequest,
    DeleteTopicRequest,
    DetachSubscriptionRequest,
    GetSnapshotRequest,
    ListSnapshotsRequest,
    SeekRequest,
    Snapshot,
    UpdateSnapshotRequest,
)
from infra.local.pubsub.snapshots import SnapshotCalls
from infra.local.pubsub.topics import TopicCalls
from tests.unit.pubsub.builders import (
    OTHER_SUBSCRIPTION,
    OTHER_TOPIC,
    SNAPSHOT,
    SUBSCRIPTION,
    TOPIC,
    Clock,
    a_subscription,
    a_topic,
    drain,
    send,
)

TEN_MINUTES = Duration(seconds=600)


def seek_to(broker: Broker, seconds: float) -> None:
    time = Timestamp()
    time.FromNanoseconds(int(seconds * 1e9))
    SnapshotCalls(broker).seek(SeekRequest(subscription=SUBSCRIPTION, time=time))


def take_snapshot(broker: Broker, name: str = SNAPSHOT) -> Snapshot:
    request = CreateSnapshotRequest(name=name, subscription=SUBSCRIPTION)
    return SnapshotCalls(broker).create(request)


def seek_to_snapshot(broker: Broker, subscription: str = SUBSCRIPTION) -> None:
    SnapshotCalls(broker).seek(SeekRequest(subscription=subscription, snapshot=SNAPSHOT))


def test_every_subscription_gets_its_own_copy(broker: Broker) -> None:
    a_topic(broker)
    a_subscription(broker)
    a_subscription(broker, OTHER_SUBSCRIPTION)
    send(broker, "a")

    assert drain(broker) == ["a"]
    assert drain(broker, OTHER_SUBSCRIPTION) == ["a"]


def test_ids_are_unique_and_ascending(broker: Broker) -> None:
    a_topic(broker)
    ids = [*send(broker, "a", "b"), *send(broker, "c")]

    assert ids == sorted(set(ids), key=int)


def test_a_subscription_starts_with_its_creation(broker: Broker) -> None:
    a_topic(broker, message_retention_duration=TEN_MINUTES)
    send(broker, "before")
    a_subscription(broker)
    send(broker, "after")

    assert drain(broker) == ["after"]


def test_a_deleted_topic_leaves_its_subscriptions_with_their_messages(broker: Broker) -> None:
    a_topic(broker)
    state = a_subscription(broker)
    send(broker, "a")
    TopicCalls(broker).delete(DeleteTopicRequest(topic=TOPIC))

    assert state.config.topic == "_deleted-topic_"
    assert drain(broker) == ["a"]


def test_a_topic_created_again_is_another_topic(broker: Broker) -> None:
    a_topic(broker)
    a_subscription(broker)
    TopicCalls(broker).delete(DeleteTopicRequest(topic=TOPIC))
    a_topic(broker)
    send(broker, "a")

    assert drain(broker) == []


def test_a_detached_subscription_holds_and_gets_nothing(broker: Broker) -> None:
    a_topic(broker)
    state = a_subscription(broker)
    send(broker, "a")
    TopicCalls(broker).detach(DetachSubscriptionRequest(subscription=SUBSCRIPTION))
    send(broker, "b")

    assert state.config.detached
    assert drain(broker) == []


def test_a_dead_letter_says_where_it_comes_from(broker: Broker, clock: Clock) -> None:
    a_topic(broker)
    a_topic(broker, OTHER_TOPIC)
    a_subscription(broker, OTHER_SUBSCRIPTION, OTHER_TOPIC)
    state = a_subscription(broker, dead_letter_policy={"dead_letter_topic": OTHER_TOPIC})
    send(broker, "a", colour="red")
    published = clock.now
    for _ in range(5):
        clock.advance(1)
        (delivery,) = state.backlog.take(clock.now, 1)
        state.backlog.reject(delivery.lease, clock.now)

    (dead,) = broker.subscription(OTHER_SUBSCRIPTION).backlog.unacked()
    assert dead.wire.data == b"a"
    assert dead.published_at == published + 5
    assert dict(dead.wire.attributes) == {
        "colour": "red",
        "CloudPubSubDeadLetterSourceDeliveryCount": "5",
        "CloudPubSubDeadLetterSourceSubscription": "orders-sub",
        "CloudPubSubDeadLetterSourceSubscriptionProject": "test",
        "CloudPubSubDeadLetterSourceTopicPublishTime": "2023-11-14T22:13:20.000+00:00",
    }


def test_a_deleted_dead_letter_topic_takes_nothing(broker: Broker, clock: Clock) -> None:
    a_topic(broker)
    a_topic(broker, OTHER_TOPIC)
    state = a_subscription(broker, dead_letter_policy={"dead_letter_topic": OTHER_TOPIC})
    TopicCalls(broker).delete(DeleteTopicRequest(topic=OTHER_TOPIC))
    send(broker, "a")
    for _ in range(6):
        (delivery,) = state.backlog.take(clock.now, 1)
        state.backlog.reject(delivery.lease, clock.now)

    assert state.config.dead_letter_policy.dead_letter_topic == "_deleted-topic_"
    assert drain(broker) == ["a"]


def test_seeking_to_a_time_replays_what_is_retained(broker: Broker, clock: Clock) -> None:
    a_topic(broker)
    a_subscription(broker, retain_acked_messages=True)
    send(broker, "old")
    between = clock.advance(1)
    clock.advance(1)
    send(broker, "new")
    drain(broker)

    seek_to(broker, between)
    assert drain(broker) == ["new"]
    seek_to(broker, between - 100)
    assert drain(broker) == ["old", "new"]


def test_without_retention_what_is_acknowledged_is_gone(broker: Broker, clock: Clock) -> None:
    a_topic(broker)
    a_subscription(broker)
    send(broker, "a")
    drain(broker)

    seek_to(broker, clock.now - 100)

    assert drain(broker) == []


def test_seeking_into_the_future_purges_what_is_there(broker: Broker, clock: Clock) -> None:
    a_topic(broker)
    a_subscription(broker)
    send(broker, "a")

    seek_to(broker, clock.now + 1000)
    send(broker, "b")

    assert drain(broker) == ["b"]


def test_a_topics_own_retention_serves_every_subscription(broker: Broker, clock: Clock) -> None:
    a_topic(broker, message_retention_duration=TEN_MINUTES)
    send(broker, "gone")
    clock.advance(400)
    send(broker, "a", "b")
    a_subscription(broker, filter="NOT attributes:skip")
    send(broker, "skipped", skip="1")
    clock.advance(300)

    seek_to(broker, clock.now - 10_000)

    assert drain(broker) == ["a", "b"]


def test_a_topic_frees_what_is_past_its_retention(broker: Broker, clock: Clock) -> None:
    a_topic(broker, message_retention_duration=TEN_MINUTES)
    send(broker, "a")
    clock.advance(300)
    send(broker, "b")
    assert broker.next_due() == clock.now + 300

    clock.advance(300)
    broker.advance()
    assert [m.wire.data for m in broker.topic(TOPIC).retained] == [b"b"]
    clock.advance(300)
    broker.advance()
    assert not broker.topic(TOPIC).retained


def test_a_snapshot_brings_back_what_was_unacknowledged_and_what_came_later(
    broker: Broker,
) -> None:
    a_topic(broker)
    a_subscription(broker)
    send(broker, "done")
    drain(broker)
    send(broker, "open")
    take_snapshot(broker)
    send(broker, "later")
    drain(broker)

    seek_to_snapshot(broker)

    assert drain(broker) == ["open", "later"]


def test_a_snapshot_serves_other_subscriptions_of_the_topic(broker: Broker) -> None:
    a_topic(broker)
    a_subscription(broker)
    send(broker, "a")
    take_snapshot(broker)
    a_subscription(broker, OTHER_SUBSCRIPTION)

    seek_to_snapshot(broker, OTHER_SUBSCRIPTION)

    assert drain(broker, OTHER_SUBSCRIPTION) == ["a"]


def test_a_snapshot_of_another_topic_is_refused(broker: Broker) -> None:
    a_topic(broker)
    a_topic(broker, OTHER_TOPIC)
    a_subscription(broker)
    a_subscription(broker, OTHER_SUBSCRIPTION, OTHER_TOPIC)
    take_snapshot(broker)

    with pytest.raises(FailedPreconditionError):
        seek_to_snapshot(broker, OTHER_SUBSCRIPTION)


def test_a_snapshots_life_is_shortened_by_the_age_of_its_backlog(
    broker: Broker, clock: Clock
) -> None:
    a_topic(broker)
    a_subscription(broker)
    send(broker, "a")
    clock.advance(86_400)

    assert take_snapshot(broker).expire_time.seconds == clock.now + 6 * 86_400


def test_a_snapshot_that_would_expire_within_the_hour_is_refused(
    broker: Broker, clock: Clock
) -> None:
    a_topic(broker)
    a_subscription(broker, message_retention_duration=Duration(seconds=31 * 86_400))
    send(broker, "a")
    clock.advance(7 * 86_400 - 3599)

    with pytest.raises(FailedPreconditionError):
        take_snapshot(broker)


def test_a_snapshot_expires(broker: Broker, clock: Clock) -> None:
    a_topic(broker)
    a_subscription(broker)
    take_snapshot(broker)
    clock.advance(7 * 86_400)

    with pytest.raises(NotFoundError):
        SnapshotCalls(broker).get(GetSnapshotRequest(snapshot=SNAPSHOT))


def test_a_snapshot_is_updated_listed_and_deleted(broker: Broker) -> None:
    a_topic(broker)
    a_subscription(broker)
    take_snapshot(broker)
    calls = SnapshotCalls(broker)

    update = UpdateSnapshotRequest(
        snapshot={"name": SNAPSHOT, "labels": {"a": "b"}}, update_mask={"paths": ["labels"]}
    )
    assert dict(calls.update(update).labels) == {"a": "b"}
    page = calls.list_page(ListSnapshotsRequest(project="projects/test"))
    assert [snapshot.name for snapshot in page.snapshots] == [SNAPSHOT]
    calls.delete(DeleteSnapshotRequest(snapshot=SNAPSHOT))
    assert not calls.list_page(ListSnapshotsRequest(project="projects/test")).snapshots
    assert not broker.topic(TOPIC).snapshots


def test_a_snapshot_without_a_name_gets_one(broker: Broker) -> None:
    a_topic(broker)
    a_subscription(broker)

    assert take_snapshot(broker, "").name.startswith("projects/test/snapshots/")


def test_a_snapshots_name_is_taken_once(broker: Broker) -> None:
    a_topic(broker)
    a_subscription(broker)
    take_snapshot(broker)

    with pytest.raises(AlreadyExistsError):
        take_snapshot(broker)


def test_seeking_needs_a_target(broker: Broker) -> None:
    a_topic(broker)
    a_subscription(broker)

    with pytest.raises(InvalidArgumentError):
        SnapshotCalls(broker).seek(SeekRequest(subscription=SUBSCRIPTION))


@pytest.mark.parametrize("gone", ["topic", "subscription"])
def test_a_subscription_cut_off_has_no_snapshots(broker: Broker, gone: str) -> None:
    a_topic(broker)
    a_subscription(broker)
    calls = TopicCalls(broker)
    if gone == "topic":
        calls.delete(DeleteTopicRequest(topic=TOPIC))
    else:
        calls.detach(DetachSubscriptionRequest(subscription=SUBSCRIPTION))

    with pytest.raises(FailedPreconditionError):
        take_snapshot(broker)
