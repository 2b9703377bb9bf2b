"""The calls on topics."""

from typing import Final

from infra.local.pubsub.broker import Broker
from infra.local.pubsub.errors import AlreadyExistsError, UnimplementedError
from infra.local.pubsub.limits import check_publish, check_range
from infra.local.pubsub.masks import merge
from infra.local.pubsub.names import parse_name, parse_project
from infra.local.pubsub.paging import page_of
from infra.local.pubsub.protos import (
    DeleteTopicRequest,
    DetachSubscriptionRequest,
    DetachSubscriptionResponse,
    GetTopicRequest,
    ListTopicSnapshotsRequest,
    ListTopicSnapshotsResponse,
    ListTopicsRequest,
    ListTopicsResponse,
    ListTopicSubscriptionsRequest,
    ListTopicSubscriptionsResponse,
    PublishRequest,
    PublishResponse,
    Topic,
    UpdateTopicRequest,
)
from infra.local.pubsub.times import seconds_of

MIN_RETENTION_S: Final = 600
MAX_RETENTION_S: Final = 31 * 86_400

_MUTABLE: Final = frozenset(
    {"labels", "message_storage_policy", "kms_key_name", "message_retention_duration"}
)
_NOT_HERE: Final = ("schema_settings", "ingestion_data_source_settings", "message_transforms")


class TopicCalls:
    """The Publisher service, on a broker."""

    def __init__(self, broker: Broker) -> None:
        """Serve the topics of a broker."""
        self._broker = broker

    def create(self, request: Topic) -> Topic:
        """Create a topic."""
        parse_name("topics", request.name)
        if request.name in self._broker.topics:
            raise AlreadyExistsError("Topic already exists")
        return self._broker.add_topic(_validated(request)).config

    def get(self, request: GetTopicRequest) -> Topic:
        """Return a topic."""
        return self._broker.topic(request.topic).config

    def update(self, request: UpdateTopicRequest) -> Topic:
        """Replace the masked fields of a topic."""
        topic = self._broker.topic(request.topic.name)
        mutable = _MUTABLE.union(_NOT_HERE)
        topic.config = _validated(merge(topic.config, request.topic, request.update_mask, mutable))
        if not topic.retention_s:
            topic.retained.clear()
        elif topic.retained:
            self._broker.watch(topic, topic.retained[0].published_at + topic.retention_s)
        return topic.config

    def list_page(self, request: ListTopicsRequest) -> ListTopicsResponse:
        """Return a page of a project's topics."""
        prefix = f"projects/{parse_project(request.project)}/"
        names = (name for name in self._broker.topics if name.startswith(prefix))
        page = page_of(names, request.page_size, request.page_token)
        return ListTopicsResponse(
            topics=[self._broker.topics[name].config for name in page.names],
            next_page_token=page.next_token,
        )

    def list_subscriptions(
        self, request: ListTopicSubscriptionsRequest
    ) -> ListTopicSubscriptionsResponse:
        """Return a page of the names of a topic's subscriptions."""
        topic = self._broker.topic(request.topic)
        page = page_of(topic.subscriptions, request.page_size, request.page_token)
        return ListTopicSubscriptionsResponse(
            subscriptions=page.names, next_page_token=page.next_token
        )

    def list_snapshots(self, request: ListTopicSnapshotsRequest) -> ListTopicSnapshotsResponse:
        """Return a page of the names of a topic's snapshots."""
        self._broker.advance()
        topic = self._broker.topic(request.topic)
        page = page_of(topic.snapshots, request.page_size, request.page_token)
        return ListTopicSnapshotsResponse(snapshots=page.names, next_page_token=page.next_token)

    def delete(self, request: DeleteTopicRequest) -> None:
        """Delete a topic and leave its subscriptions with what they hold."""
        self._broker.remove_topic(self._broker.topic(request.topic))

    def detach(self, request: DetachSubscriptionRequest) -> DetachSubscriptionResponse:
        """Cut a subscription off its topic and drop its messages."""
        subscription = self._broker.subscription(request.subscription)
        subscription.config.detached = True
        self._broker.unsubscribe(subscription)
        return DetachSubscriptionResponse()

    def publish(self, request: PublishRequest) -> PublishResponse:
        """Publish messages and return their ids."""
        topic = self._broker.topic(request.topic)
        check_publish(request)
        return PublishResponse(message_ids=self._broker.publish(topic, request.messages))


def _validated(request: Topic) -> Topic:
    config = Topic()
    config.CopyFrom(request)
    for field in _NOT_HERE:
        if field in {descriptor.name for descriptor, _ in config.ListFields()}:
            raise UnimplementedError(
                f"The field '{field}' of a topic is not supported by this server."
            )
    if config.HasField("message_retention_duration"):
        retention_s = seconds_of(config.message_retention_duration)
        check_range(
            "message_retention_duration_seconds", retention_s, MIN_RETENTION_S, MAX_RETENTION_S
        )
    config.ClearField("tags")
    config.ClearField("satisfies_pzs")
    config.state = Topic.State.Value("ACTIVE")
    return config
