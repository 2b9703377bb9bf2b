"""The calls on snapshots, and seeking."""

import secrets
from typing import Final

from infra.local.pubsub.broker import Broker, SubscriptionState, TopicState
from infra.local.pubsub.errors import (
    AlreadyExistsError,
    FailedPreconditionError,
    InvalidArgumentError,
)
from infra.local.pubsub.masks import merge
from infra.local.pubsub.message import Message
from infra.local.pubsub.names import parse_name, parse_project
from infra.local.pubsub.paging import page_of
from infra.local.pubsub.protos import (
    CreateSnapshotRequest,
    DeleteSnapshotRequest,
    GetSnapshotRequest,
    ListSnapshotsRequest,
    ListSnapshotsResponse,
    SeekRequest,
    SeekResponse,
    Snapshot,
    UpdateSnapshotRequest,
)
from infra.local.pubsub.times import seconds_of, to_timestamp

LIFETIME_S: Final = 7 * 86_400
MIN_LIFETIME_S: Final = 3600

_MUTABLE: Final = frozenset({"labels", "expire_time"})


class SnapshotCalls:
    """The snapshot part of the Subscriber service, on a broker."""

    def __init__(self, broker: Broker) -> None:
        """Serve the snapshots of a broker."""
        self._broker = broker

    def create(self, request: CreateSnapshotRequest) -> Snapshot:
        """Keep what a subscription has not acknowledged, and what is published later."""
        state = self._broker.subscription(request.subscription)
        name = request.name or _random_name(request.subscription)
        parse_name("snapshots", name)
        if name in self._broker.snapshots:
            raise AlreadyExistsError("Snapshot already exists")
        topic = _topic_of(state)
        messages = state.backlog.unacked()
        config = Snapshot(name=name, topic=topic.config.name, labels=request.labels)
        config.expire_time.CopyFrom(to_timestamp(self._expiry(messages)))
        self._broker.add_snapshot(config, topic, messages)
        return config

    def get(self, request: GetSnapshotRequest) -> Snapshot:
        """Return a snapshot."""
        return self._broker.snapshot(request.snapshot).config

    def update(self, request: UpdateSnapshotRequest) -> Snapshot:
        """Replace the masked fields of a snapshot."""
        state = self._broker.snapshot(request.snapshot.name)
        state.config = merge(state.config, request.snapshot, request.update_mask, _MUTABLE)
        self._broker.watch(state, state.expires_at)
        return state.config

    def list_page(self, request: ListSnapshotsRequest) -> ListSnapshotsResponse:
        """Return a page of a project's snapshots."""
        self._broker.advance()
        prefix = f"projects/{parse_project(request.project)}/"
        names = (name for name in self._broker.snapshots if name.startswith(prefix))
        page = page_of(names, request.page_size, request.page_token)
        return ListSnapshotsResponse(
            snapshots=[self._broker.snapshots[name].config for name in page.names],
            next_page_token=page.next_token,
        )

    def delete(self, request: DeleteSnapshotRequest) -> None:
        """Delete a snapshot."""
        self._broker.remove_snapshot(self._broker.snapshot(request.snapshot))

    def seek(self, request: SeekRequest) -> SeekResponse:
        """Set what a subscription has acknowledged to a time's or a snapshot's state."""
        state = self._broker.subscription(request.subscription)
        topic = _topic_of(state) if state.config.detached or request.snapshot else state.topic
        target = request.WhichOneof("target")
        if target == "time":
            self._seek_to_time(state, topic, seconds_of(request.time))
        elif target == "snapshot":
            self._seek_to_snapshot(state, topic, request.snapshot)
        else:
            raise InvalidArgumentError("The seek request must have a time or a snapshot.")
        return SeekResponse()

    def _seek_to_time(
        self, state: SubscriptionState, topic: TopicState | None, time: float
    ) -> None:
        retained = list(self._broker.retained(topic)) if topic else []
        state.backlog.seek(retained, lambda m: m.published_at < time, self._broker.clock())

    def _seek_to_snapshot(
        self, state: SubscriptionState, topic: TopicState | None, name: str
    ) -> None:
        snapshot = self._broker.snapshot(name)
        if snapshot.topic is not topic:
            raise FailedPreconditionError(
                "The snapshot and the subscription are not of the same topic."
            )
        unacked = {message.number for message in snapshot.messages}
        now = self._broker.clock()
        state.backlog.seek(snapshot.messages, lambda m: m.number not in unacked, now)

    def _expiry(self, unacked: list[Message]) -> float:
        now = self._broker.clock()
        oldest = unacked[0].published_at if unacked else now
        if oldest + LIFETIME_S < now + MIN_LIFETIME_S:
            raise FailedPreconditionError("The snapshot would expire in less than an hour.")
        return oldest + LIFETIME_S


def _topic_of(state: SubscriptionState) -> TopicState:
    if state.config.detached:
        raise FailedPreconditionError("Subscription is detached.")
    if state.topic is None:
        raise FailedPreconditionError("The topic of the subscription has been deleted.")
    return state.topic


def _random_name(subscription: str) -> str:
    project = parse_name("subscriptions", subscription).project
    return f"projects/{project}/snapshots/snapshot-{secrets.token_hex(8)}"
