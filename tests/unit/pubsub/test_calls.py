from collections.abc import Mapping

import pytest
from google.protobuf.duration_pb2 import Duration

from infra.local.pubsub.acks import ack_id
from infra.local.pubsub.broker import Broker
from infra.local.pubsub.errors import (
    AckIdsError,
    AlreadyExistsError,
    FailedPreconditionError,
    InvalidArgumentError,
    NotFoundError,
    PubsubError,
    UnimplementedError,
)
from infra.local.pubsub.protos import (
    AcknowledgeRequest,
    DeleteSubscriptionRequest,
    DetachSubscriptionRequest,
    GetSubscriptionRequest,
    GetTopicRequest,
    ListSubscriptionsRequest,
    ListTopicsRequest,
    ListTopicSubscriptionsRequest,
    ModifyAckDeadlineRequest,
    ModifyPushConfigRequest,
    PublishRequest,
    Subscription,
    Topic,
    UpdateSubscriptionRequest,
    UpdateTopicRequest,
)
from infra.local.pubsub.subscriptions import SubscriptionCalls, pullable
from infra.local.pubsub.topics import TopicCalls
from tests.unit.pubsub.builders import (
    OTHER_SUBSCRIPTION,
    OTHER_TOPIC,
    SUBSCRIPTION,
    TOPIC,
    Clock,
    a_subscription,
    a_topic,
    drain,
    send,
)

ENDPOINT = "http://127.0.0.1:9/push"


@pytest.fixture
def topics(broker: Broker) -> TopicCalls:
    return TopicCalls(broker)


@pytest.fixture
def subscriptions(broker: Broker) -> SubscriptionCalls:
    a_topic(broker)
    return SubscriptionCalls(broker)


def update(calls: SubscriptionCalls, *paths: str, **fields: object) -> Subscription:
    request = UpdateSubscriptionRequest(
        subscription=Subscription(name=SUBSCRIPTION, **fields), update_mask={"paths": paths}
    )
    return calls.update(request)


def publish(calls: TopicCalls, *messages: Mapping[str, object]) -> list[str]:
    return list(calls.publish(PublishRequest(topic=TOPIC, messages=messages)).message_ids)


def test_a_topic_is_created_once(topics: TopicCalls) -> None:
    topic = topics.create(Topic(name=TOPIC, labels={"a": "b"}))

    assert topics.get(GetTopicRequest(topic=TOPIC)) == topic
    with pytest.raises(AlreadyExistsError, match=r"^Topic already exists$"):
        topics.create(Topic(name=TOPIC))


def test_an_unknown_topic_is_not_found(topics: TopicCalls) -> None:
    for call in (
        lambda: topics.get(GetTopicRequest(topic=TOPIC)),
        lambda: topics.update(UpdateTopicRequest(topic=Topic(name=TOPIC))),
        lambda: topics.list_subscriptions(ListTopicSubscriptionsRequest(topic=TOPIC)),
        lambda: publish(topics, {"data": b"a"}),
    ):
        with pytest.raises(NotFoundError, match=r"^Topic not found$"):
            call()


def test_a_topics_labels_and_retention_are_updated(topics: TopicCalls) -> None:
    topics.create(Topic(name=TOPIC, labels={"a": "b"}))
    changed = Topic(name=TOPIC, message_retention_duration=Duration(seconds=600))
    request = UpdateTopicRequest(
        topic=changed, update_mask={"paths": ["message_retention_duration", "labels"]}
    )

    assert topics.update(request).message_retention_duration.seconds == 600
    assert not topics.get(GetTopicRequest(topic=TOPIC)).labels


@pytest.mark.parametrize("seconds", [599, 31 * 86_400 + 1, -1])
def test_a_topics_retention_has_bounds(topics: TopicCalls, seconds: int) -> None:
    with pytest.raises(InvalidArgumentError):
        topics.create(Topic(name=TOPIC, message_retention_duration=Duration(seconds=seconds)))


def test_what_a_topic_cannot_do_here_is_refused(topics: TopicCalls) -> None:
    with pytest.raises(UnimplementedError, match="schema_settings"):
        topics.create(Topic(name=TOPIC, schema_settings={"schema": "projects/p/schemas/abc"}))


@pytest.mark.parametrize(
    ("paths", "words"),
    [
        ([], "non-empty paths list"),
        (["name"], "is not mutable"),
        (["messageRetentionDuration"], "is not a known Topic field"),
    ],
)
def test_a_mask_must_name_mutable_fields(topics: TopicCalls, paths: list[str], words: str) -> None:
    topics.create(Topic(name=TOPIC))

    with pytest.raises(InvalidArgumentError, match=words):
        topics.update(UpdateTopicRequest(topic=Topic(name=TOPIC), update_mask={"paths": paths}))


def test_lists_come_in_pages_and_per_project(topics: TopicCalls) -> None:
    names = [f"projects/test/topics/topic-{n}" for n in range(5)]
    for name in [*names, "projects/else/topics/topic-0"]:
        topics.create(Topic(name=name))
    seen, token = [], ""
    for size in (2, 2, 2):
        request = ListTopicsRequest(project="projects/test", page_size=size, page_token=token)
        page = topics.list_page(request)
        seen.append([topic.name for topic in page.topics])
        token = page.next_page_token

    assert seen == [names[:2], names[2:4], names[4:]]
    assert token == ""


@pytest.mark.parametrize("fields", [{"page_size": -1}, {"page_token": "é"}, {"page_token": "_w"}])
def test_a_page_that_cannot_be_is_refused(topics: TopicCalls, fields: dict[str, object]) -> None:
    with pytest.raises(InvalidArgumentError):
        topics.list_page(ListTopicsRequest(project="projects/test", **fields))


@pytest.mark.parametrize(
    "messages",
    [
        [],
        [{}],
        [{"ordering_key": "a"}],
        [{"data": b"a"}] * 1001,
        [{"attributes": {f"k{n}": "" for n in range(101)}}],
        [{"attributes": {"": "a"}}],
        [{"attributes": {"k" * 257: "a"}}],
        [{"attributes": {"k": "a" * 1025}}],
        [{"attributes": {"google": "a"}}],
        [{"data": b"a", "ordering_key": "k" * 1025}],
        [{"data": b"a", "ordering_key": "k"}, {"data": b"a", "ordering_key": "l"}],
        [{"data": b"a" * (10 * 1024 * 1024)}],
    ],
)
def test_a_publish_request_has_limits(
    topics: TopicCalls, messages: list[dict[str, object]]
) -> None:
    topics.create(Topic(name=TOPIC))

    with pytest.raises(InvalidArgumentError):
        publish(topics, *messages)


def test_the_limits_themselves_are_allowed(topics: TopicCalls) -> None:
    topics.create(Topic(name=TOPIC))
    attributes = {f"{n:0256d}": "a" * 1024 for n in range(100)}

    assert len(publish(topics, *[{"data": b"a"}] * 1000)) == 1000
    assert publish(topics, {"attributes": attributes})
    assert publish(topics, {"attributes": {"googclient_traceparent": "a"}})
    assert publish(topics, {"data": b"a" * (10 * 1024 * 1024 - 100)})


def test_too_many_messages_are_refused_in_the_services_words(topics: TopicCalls) -> None:
    topics.create(Topic(name=TOPIC))

    with pytest.raises(InvalidArgumentError) as caught:
        publish(topics, *[{"data": b"a"}] * 1001)

    assert str(caught.value) == (
        "The value for message_count is too large. You passed 1001 in the request,"
        " but the maximum value is 1000."
    )


def test_id_and_time_that_a_publisher_made_up_are_replaced(
    topics: TopicCalls, broker: Broker
) -> None:
    a_topic(broker)
    state = a_subscription(broker)
    publish(topics, {"data": b"a", "message_id": "x", "publish_time": {"seconds": 1}})

    (message,) = state.backlog.unacked()
    assert message.wire.message_id == "1"
    assert message.wire.publish_time.seconds == 1_700_000_000


def test_a_subscription_gets_the_services_defaults(subscriptions: SubscriptionCalls) -> None:
    config = subscriptions.create(
        Subscription(
            name=SUBSCRIPTION,
            topic=TOPIC,
            dead_letter_policy={"dead_letter_topic": TOPIC},
            retry_policy={},
        )
    )

    assert config.ack_deadline_seconds == 10
    assert config.message_retention_duration.seconds == 7 * 86_400
    assert config.expiration_policy.ttl.seconds == 31 * 86_400
    assert config.dead_letter_policy.max_delivery_attempts == 5
    assert config.retry_policy.minimum_backoff.seconds == 10
    assert config.retry_policy.maximum_backoff.seconds == 600
    assert config.state == Subscription.State.Value("ACTIVE")


def test_a_subscription_needs_an_existing_topic(broker: Broker) -> None:
    with pytest.raises(NotFoundError, match=r"^Subscription topic does not exist$"):
        a_subscription(broker)


def test_a_subscription_is_created_once(subscriptions: SubscriptionCalls, broker: Broker) -> None:
    a_subscription(broker)

    with pytest.raises(AlreadyExistsError, match=r"^Subscription already exists$"):
        subscriptions.create(Subscription(name=SUBSCRIPTION, topic=TOPIC))


def test_an_unknown_subscription_is_not_found(subscriptions: SubscriptionCalls) -> None:
    with pytest.raises(NotFoundError) as caught:
        subscriptions.get(GetSubscriptionRequest(subscription=SUBSCRIPTION))

    assert str(caught.value) == "Subscription does not exist (resource=orders-sub)"


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"ack_deadline_seconds": 9}, InvalidArgumentError),
        ({"ack_deadline_seconds": 601}, InvalidArgumentError),
        ({"ack_deadline_seconds": -1}, InvalidArgumentError),
        ({"message_retention_duration": Duration(seconds=599)}, InvalidArgumentError),
        ({"message_retention_duration": Duration(seconds=31 * 86_400 + 1)}, InvalidArgumentError),
        ({"expiration_policy": {"ttl": Duration(seconds=3600)}}, InvalidArgumentError),
        ({"filter": "nonsense"}, InvalidArgumentError),
        ({"filter": f'attributes:"{"a" * 256}"'}, InvalidArgumentError),
        ({"push_config": {"push_endpoint": "ftp://localhost/"}}, InvalidArgumentError),
        ({"push_config": {"push_endpoint": "http://"}}, InvalidArgumentError),
        ({"push_config": {"push_endpoint": "http://localhost/\r\na"}}, InvalidArgumentError),
        ({"push_config": {"push_endpoint": "http://[::1"}}, InvalidArgumentError),
        ({"push_config": {"push_endpoint": "http://localhost:99999/"}}, InvalidArgumentError),
        (
            {"push_config": {"push_endpoint": ENDPOINT, "attributes": {"x-goog-version": "v0"}}},
            InvalidArgumentError,
        ),
        ({"dead_letter_policy": {"dead_letter_topic": OTHER_TOPIC}}, NotFoundError),
        ({"dead_letter_policy": {"dead_letter_topic": "nonsense"}}, InvalidArgumentError),
        (
            {"dead_letter_policy": {"dead_letter_topic": TOPIC, "max_delivery_attempts": 4}},
            InvalidArgumentError,
        ),
        (
            {"dead_letter_policy": {"dead_letter_topic": TOPIC, "max_delivery_attempts": 101}},
            InvalidArgumentError,
        ),
        ({"retry_policy": {"minimum_backoff": Duration(seconds=-1)}}, InvalidArgumentError),
        ({"retry_policy": {"maximum_backoff": Duration(seconds=601)}}, InvalidArgumentError),
        (
            {
                "retry_policy": {
                    "minimum_backoff": Duration(seconds=20),
                    "maximum_backoff": Duration(seconds=19),
                }
            },
            InvalidArgumentError,
        ),
        ({"bigquery_config": {"table": "p.d.t"}}, UnimplementedError),
        ({"name": "projects/test/subscriptions/no"}, InvalidArgumentError),
        ({"topic": "orders"}, InvalidArgumentError),
    ],
)
def test_a_subscription_has_bounds(
    subscriptions: SubscriptionCalls, fields: dict[str, object], error: type[PubsubError]
) -> None:
    with pytest.raises(error):
        subscriptions.create(Subscription(**{"name": SUBSCRIPTION, "topic": TOPIC, **fields}))


@pytest.mark.parametrize(
    "fields",
    [
        {"ack_deadline_seconds": 600, "expiration_policy": {}},
        {"message_retention_duration": Duration(seconds=31 * 86_400)},
        {"dead_letter_policy": {"dead_letter_topic": TOPIC, "max_delivery_attempts": 100}},
        {"retry_policy": {"minimum_backoff": Duration(), "maximum_backoff": Duration()}},
    ],
)
def test_the_bounds_themselves_are_allowed(
    subscriptions: SubscriptionCalls, fields: dict[str, object]
) -> None:
    config = subscriptions.create(Subscription(name=SUBSCRIPTION, topic=TOPIC, **fields))

    assert config.name == SUBSCRIPTION


def test_masked_fields_are_replaced_and_the_others_kept(
    subscriptions: SubscriptionCalls, broker: Broker
) -> None:
    a_subscription(broker, labels={"a": "b"}, ack_deadline_seconds=20)

    changed = update(
        subscriptions, "ack_deadline_seconds", ack_deadline_seconds=30, labels={"c": "d"}
    )

    assert changed.ack_deadline_seconds == 30
    assert dict(changed.labels) == {"a": "b"}


def test_a_part_of_a_policy_can_be_updated(
    subscriptions: SubscriptionCalls, broker: Broker
) -> None:
    a_subscription(broker, dead_letter_policy={"dead_letter_topic": TOPIC})

    changed = update(
        subscriptions,
        "dead_letter_policy.max_delivery_attempts",
        dead_letter_policy={"max_delivery_attempts": 50},
    )

    assert changed.dead_letter_policy.max_delivery_attempts == 50
    assert changed.dead_letter_policy.dead_letter_topic == TOPIC


@pytest.mark.parametrize(
    "paths",
    [
        ["dead_letter_policy"],
        ["dead_letter_policy.dead_letter_topic", "dead_letter_policy.max_delivery_attempts"],
    ],
)
def test_a_policy_is_removed_as_a_whole_or_by_its_parts(
    subscriptions: SubscriptionCalls, broker: Broker, paths: list[str]
) -> None:
    a_subscription(broker, dead_letter_policy={"dead_letter_topic": TOPIC})

    assert not update(subscriptions, *paths).HasField("dead_letter_policy")


@pytest.mark.parametrize(
    "path", ["name", "topic", "filter", "enable_message_ordering", "detached", "state", "x", ""]
)
def test_other_fields_cannot_be_updated(
    subscriptions: SubscriptionCalls, broker: Broker, path: str
) -> None:
    a_subscription(broker)

    with pytest.raises(InvalidArgumentError):
        update(subscriptions, path)


def test_an_update_out_of_bounds_changes_nothing(
    subscriptions: SubscriptionCalls, broker: Broker
) -> None:
    state = a_subscription(broker)

    with pytest.raises(InvalidArgumentError):
        update(subscriptions, "ack_deadline_seconds", ack_deadline_seconds=5)
    assert state.config.ack_deadline_seconds == 10


def test_a_new_policy_takes_effect(
    subscriptions: SubscriptionCalls, broker: Broker, clock: Clock
) -> None:
    state = a_subscription(broker)
    update(
        subscriptions,
        "retry_policy",
        retry_policy={"minimum_backoff": Duration(seconds=30)},
    )
    send(broker, "a")
    (delivery,) = state.backlog.take(clock.now, 1)
    state.backlog.reject(delivery.lease, clock.now)

    assert drain(broker) == []
    state.backlog.advance(clock.advance(30))
    assert drain(broker) == ["a"]


def test_a_dead_letter_policy_set_later_is_used(
    subscriptions: SubscriptionCalls, broker: Broker, clock: Clock
) -> None:
    a_topic(broker, OTHER_TOPIC)
    a_subscription(broker, OTHER_SUBSCRIPTION, OTHER_TOPIC)
    state = a_subscription(broker)
    update(
        subscriptions, "dead_letter_policy", dead_letter_policy={"dead_letter_topic": OTHER_TOPIC}
    )
    send(broker, "a")
    for _ in range(5):
        (delivery,) = state.backlog.take(clock.now, 1)
        state.backlog.reject(delivery.lease, clock.now)

    assert drain(broker, OTHER_SUBSCRIPTION) == ["a"]


def test_a_push_subscription_cannot_be_pulled_until_it_stops_pushing(
    subscriptions: SubscriptionCalls, broker: Broker
) -> None:
    state = a_subscription(broker, push_config={"push_endpoint": ENDPOINT})
    assert state.config.push_config.attributes["x-goog-version"] == "v1"

    with pytest.raises(FailedPreconditionError):
        pullable(state)
    subscriptions.modify_push_config(ModifyPushConfigRequest(subscription=SUBSCRIPTION))
    assert pullable(state) is state


def test_a_detached_subscription_cannot_be_pulled(
    topics: TopicCalls, subscriptions: SubscriptionCalls, broker: Broker
) -> None:
    state = a_subscription(broker)
    topics.detach(DetachSubscriptionRequest(subscription=SUBSCRIPTION))

    with pytest.raises(FailedPreconditionError, match="detached"):
        pullable(state)
    listed = topics.list_subscriptions(ListTopicSubscriptionsRequest(topic=TOPIC))
    assert not listed.subscriptions
    assert subscriptions.get(GetSubscriptionRequest(subscription=SUBSCRIPTION)).detached


def test_a_subscription_tells_its_topics_retention(
    topics: TopicCalls, subscriptions: SubscriptionCalls, broker: Broker
) -> None:
    a_subscription(broker)
    request = UpdateTopicRequest(
        topic=Topic(name=TOPIC, message_retention_duration=Duration(seconds=600)),
        update_mask={"paths": ["message_retention_duration"]},
    )
    topics.update(request)

    config = subscriptions.get(GetSubscriptionRequest(subscription=SUBSCRIPTION))
    assert config.topic_message_retention_duration.seconds == 600


def test_subscriptions_are_listed_and_deleted(
    topics: TopicCalls, subscriptions: SubscriptionCalls, broker: Broker
) -> None:
    a_subscription(broker)
    listed = subscriptions.list_page(ListSubscriptionsRequest(project="projects/test"))
    assert [config.name for config in listed.subscriptions] == [SUBSCRIPTION]

    subscriptions.delete(DeleteSubscriptionRequest(subscription=SUBSCRIPTION))

    listed = subscriptions.list_page(ListSubscriptionsRequest(project="projects/test"))
    assert not listed.subscriptions
    of_topic = topics.list_subscriptions(ListTopicSubscriptionsRequest(topic=TOPIC))
    assert not of_topic.subscriptions


@pytest.mark.parametrize(
    ("ack_ids", "words"),
    [
        ([], "No ack ids"),
        (["garbage"], r"Invalid ack id \(ack_id=garbage\)"),
        ([f"{SUBSCRIPTION}:"], "Invalid ack id"),
        ([f"{SUBSCRIPTION}:-1"], "Invalid ack id"),
        ([f"{SUBSCRIPTION}:²"], "Invalid ack id"),
        ([ack_id(OTHER_SUBSCRIPTION, 1)], "meant for subscription"),
    ],
)
def test_an_ack_id_of_nothing_is_refused(
    subscriptions: SubscriptionCalls, broker: Broker, ack_ids: list[str], words: str
) -> None:
    a_subscription(broker)

    with pytest.raises(InvalidArgumentError, match=words):
        subscriptions.acknowledge(AcknowledgeRequest(subscription=SUBSCRIPTION, ack_ids=ack_ids))


def test_an_expired_ack_id_is_harmless(subscriptions: SubscriptionCalls, broker: Broker) -> None:
    a_subscription(broker)
    stale = [ack_id(SUBSCRIPTION, 77), ack_id(SUBSCRIPTION, 10**30)]

    subscriptions.acknowledge(AcknowledgeRequest(subscription=SUBSCRIPTION, ack_ids=stale))
    subscriptions.modify_ack_deadline(
        ModifyAckDeadlineRequest(subscription=SUBSCRIPTION, ack_ids=stale, ack_deadline_seconds=20)
    )


def test_an_exactly_once_subscription_names_the_ids_that_failed(
    subscriptions: SubscriptionCalls, broker: Broker
) -> None:
    state = a_subscription(broker, enable_exactly_once_delivery=True)
    send(broker, "a")
    (delivery,) = state.backlog.take(broker.clock(), 1)
    valid, stale = ack_id(SUBSCRIPTION, delivery.lease), ack_id(SUBSCRIPTION, 77)

    with pytest.raises(AckIdsError) as caught:
        subscriptions.acknowledge(
            AcknowledgeRequest(subscription=SUBSCRIPTION, ack_ids=[valid, stale])
        )

    assert caught.value.ack_ids == (stale,)
    assert state.backlog.unacked() == []


@pytest.mark.parametrize("seconds", [-1, 601])
def test_an_ack_deadline_has_bounds(
    subscriptions: SubscriptionCalls, broker: Broker, seconds: int
) -> None:
    a_subscription(broker)
    request = ModifyAckDeadlineRequest(
        subscription=SUBSCRIPTION,
        ack_ids=[ack_id(SUBSCRIPTION, 1)],
        ack_deadline_seconds=seconds,
    )

    with pytest.raises(InvalidArgumentError):
        subscriptions.modify_ack_deadline(request)


def test_a_deadline_of_zero_makes_a_message_deliverable_again(
    subscriptions: SubscriptionCalls, broker: Broker
) -> None:
    state = a_subscription(broker)
    send(broker, "a")
    (delivery,) = state.backlog.take(broker.clock(), 1)

    subscriptions.modify_ack_deadline(
        ModifyAckDeadlineRequest(
            subscription=SUBSCRIPTION, ack_ids=[ack_id(SUBSCRIPTION, delivery.lease)]
        )
    )

    assert drain(broker) == ["a"]
