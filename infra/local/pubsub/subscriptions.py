"""The calls on subscriptions, but for those that wait."""

from collections.abc import Iterable
from typing import Final

from infra.local.pubsub.acks import ack_id, parse_ack_ids
from infra.local.pubsub.broker import Broker, SubscriptionState
from infra.local.pubsub.entries import Delivery
from infra.local.pubsub.errors import (
    AckIdsError,
    AlreadyExistsError,
    FailedPreconditionError,
    InvalidArgumentError,
    NotFoundError,
)
from infra.local.pubsub.limits import MAX_ACK_DEADLINE_S
from infra.local.pubsub.masks import merge
from infra.local.pubsub.names import parse_name, parse_project
from infra.local.pubsub.paging import page_of
from infra.local.pubsub.policy import policy_of
from infra.local.pubsub.protos import (
    AcknowledgeRequest,
    DeleteSubscriptionRequest,
    GetSubscriptionRequest,
    ListSubscriptionsRequest,
    ListSubscriptionsResponse,
    ModifyAckDeadlineRequest,
    ModifyPushConfigRequest,
    ReceivedMessage,
    Subscription,
    UpdateSubscriptionRequest,
)
from infra.local.pubsub.subscription_rules import NOT_HERE, validated

_MUTABLE: Final = frozenset(
    {
        "ack_deadline_seconds",
        "dead_letter_policy",
        "enable_exactly_once_delivery",
        "expiration_policy",
        "labels",
        "message_retention_duration",
        "push_config",
        "retain_acked_messages",
        "retry_policy",
        *NOT_HERE,
    }
)


class SubscriptionCalls:
    """The Subscriber service, on a broker."""

    def __init__(self, broker: Broker) -> None:
        """Serve the subscriptions of a broker."""
        self._broker = broker

    def create(self, request: Subscription) -> Subscription:
        """Create a subscription; it receives what is published from now on."""
        parse_name("subscriptions", request.name)
        parse_name("topics", request.topic)
        if request.topic not in self._broker.topics:
            raise NotFoundError("Subscription topic does not exist")
        if request.name in self._broker.subscriptions:
            raise AlreadyExistsError("Subscription already exists")
        config = validated(request, self._broker.topics)
        config.detached = False
        return _shown(self._broker.add_subscription(config))

    def get(self, request: GetSubscriptionRequest) -> Subscription:
        """Return a subscription."""
        return _shown(self._broker.subscription(request.subscription))

    def update(self, request: UpdateSubscriptionRequest) -> Subscription:
        """Replace the masked fields of a subscription."""
        state = self._broker.subscription(request.subscription.name)
        merged = merge(state.config, request.subscription, request.update_mask, _MUTABLE)
        self._configure(state, merged)
        return _shown(state)

    def modify_push_config(self, request: ModifyPushConfigRequest) -> None:
        """Change where messages are pushed; an empty configuration turns to pulling."""
        state = self._broker.subscription(request.subscription)
        changed = Subscription()
        changed.CopyFrom(state.config)
        changed.push_config.CopyFrom(request.push_config)
        self._configure(state, changed)

    def list_page(self, request: ListSubscriptionsRequest) -> ListSubscriptionsResponse:
        """Return a page of a project's subscriptions."""
        prefix = f"projects/{parse_project(request.project)}/"
        names = (name for name in self._broker.subscriptions if name.startswith(prefix))
        page = page_of(names, request.page_size, request.page_token)
        return ListSubscriptionsResponse(
            subscriptions=[_shown(self._broker.subscriptions[name]) for name in page.names],
            next_page_token=page.next_token,
        )

    def delete(self, request: DeleteSubscriptionRequest) -> None:
        """Delete a subscription and its messages."""
        self._broker.remove_subscription(self._broker.subscription(request.subscription))

    def acknowledge(self, request: AcknowledgeRequest) -> None:
        """Acknowledge messages; ids whose deadline has passed do nothing."""
        state = self._broker.subscription(request.subscription)
        failed = acknowledge(state, _some(request.ack_ids), self._broker.clock())
        if failed and state.backlog.policy.exactly_once:
            raise AckIdsError(failed)

    def modify_ack_deadline(self, request: ModifyAckDeadlineRequest) -> None:
        """Extend the deadlines of messages, or reject them with a deadline of 0."""
        state = self._broker.subscription(request.subscription)
        seconds = [request.ack_deadline_seconds] * len(_some(request.ack_ids))
        failed = modify_deadlines(state, request.ack_ids, seconds, self._broker.clock())
        if failed and state.backlog.policy.exactly_once:
            raise AckIdsError(failed)

    def _configure(self, state: SubscriptionState, config: Subscription) -> None:
        state.config = validated(config, self._broker.topics)
        state.backlog.set_policy(policy_of(state.config), self._broker.clock())


def pullable(state: SubscriptionState) -> SubscriptionState:
    """Return the subscription if messages can be pulled from it."""
    if state.config.detached:
        raise FailedPreconditionError("Subscription is detached.")
    if state.pushes:
        raise FailedPreconditionError("This method is not supported for this subscription type.")
    return state


def received(state: SubscriptionState, deliveries: Iterable[Delivery]) -> list[ReceivedMessage]:
    """Return deliveries as a subscriber gets them."""
    counts = state.config.HasField("dead_letter_policy")
    name = state.config.name
    return [
        ReceivedMessage(
            ack_id=ack_id(name, delivery.lease),
            message=delivery.message.wire,
            delivery_attempt=delivery.attempt if counts else 0,
        )
        for delivery in deliveries
    ]


def acknowledge(state: SubscriptionState, ack_ids: Iterable[str], now: float) -> list[str]:
    """Acknowledge messages and return the ids that were no longer valid."""
    ids = list(ack_ids)
    leases = parse_ack_ids(state.config.name, ids)
    pairs = zip(ids, leases, strict=True)
    return [text for text, lease in pairs if not state.backlog.acknowledge(lease, now)]


def modify_deadlines(
    state: SubscriptionState, ack_ids: Iterable[str], seconds: Iterable[int], now: float
) -> list[str]:
    """Extend or reject messages and return the ids that were no longer valid."""
    ids, deadlines = list(ack_ids), list(seconds)
    leases = parse_ack_ids(state.config.name, ids)
    for deadline in set(deadlines):
        _check_deadline(deadline)
    failed = []
    for text, lease, deadline in zip(ids, leases, deadlines, strict=True):
        if deadline and not state.backlog.extend(lease, deadline, now):
            failed.append(text)
        if not deadline and not state.backlog.reject(lease, now):
            failed.append(text)
    return failed


def _check_deadline(seconds: int) -> None:
    if seconds < 0:
        raise InvalidArgumentError("Ack deadline cannot be negative")
    if seconds > MAX_ACK_DEADLINE_S:
        raise InvalidArgumentError(f"Ack deadline cannot be more than {MAX_ACK_DEADLINE_S} seconds")


def _some(ack_ids: Iterable[str]) -> list[str]:
    ids = list(ack_ids)
    if not ids:
        raise InvalidArgumentError("No ack ids specified.")
    return ids


def _shown(state: SubscriptionState) -> Subscription:
    if not (state.topic and state.topic.retention_s):
        return state.config
    shown = Subscription()
    shown.CopyFrom(state.config)
    shown.topic_message_retention_duration.CopyFrom(state.topic.config.message_retention_duration)
    return shown
