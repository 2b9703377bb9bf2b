"""Topics, subscriptions and snapshots, and how messages move between them.

Pure: the clock is an argument, nothing here waits, sends or logs.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from infra.local.pubsub.backlog import Backlog
from infra.local.pubsub.deadletters import dead_letter
from infra.local.pubsub.errors import NotFoundError
from infra.local.pubsub.listener import Listener, Silence
from infra.local.pubsub.message import Message
from infra.local.pubsub.names import DELETED_TOPIC, parse_name, short_id
from infra.local.pubsub.policy import policy_of
from infra.local.pubsub.protos import PubsubMessage, Snapshot, Subscription, Topic
from infra.local.pubsub.timers import Timers
from infra.local.pubsub.times import Clock, seconds_of


@dataclass(slots=True, eq=False)
class TopicState:
    """A topic: its resource, who receives from it, and what it retains itself."""

    config: Topic
    subscriptions: dict[str, "SubscriptionState"] = field(default_factory=dict)
    snapshots: dict[str, "SnapshotState"] = field(default_factory=dict)
    retained: deque[Message] = field(default_factory=deque)
    last_published_at: float = 0.0

    @property
    def retention_s(self) -> float:
        """How long the topic itself keeps messages; 0 when it does not."""
        return seconds_of(self.config.message_retention_duration)


@dataclass(slots=True, eq=False)
class SubscriptionState:
    """A subscription: its resource, its topic while that exists, and its messages."""

    config: Subscription
    topic: TopicState | None
    backlog: Backlog

    @property
    def pushes(self) -> bool:
        """Whether messages are pushed to an endpoint."""
        return bool(self.config.push_config.push_endpoint) and not self.config.detached


@dataclass(slots=True, eq=False)
class SnapshotState:
    """A snapshot: its resource, its topic, and what was unacknowledged or came later."""

    config: Snapshot
    topic: TopicState
    messages: list[Message]

    @property
    def expires_at(self) -> float:
        """When the snapshot ceases to exist."""
        return seconds_of(self.config.expire_time)


class Broker:
    """Everything the server knows."""

    def __init__(self, clock: Clock) -> None:
        """Start empty."""
        self.clock = clock
        self.listener: Listener = Silence()
        self.topics: dict[str, TopicState] = {}
        self.subscriptions: dict[str, SubscriptionState] = {}
        self.snapshots: dict[str, SnapshotState] = {}
        self._timers: Timers[TopicState | SnapshotState] = Timers(self._is_alive)
        self._last_number = 0

    def topic(self, name: str) -> TopicState:
        """Return an existing topic."""
        parse_name("topics", name)
        if name in self.topics:
            return self.topics[name]
        raise NotFoundError("Topic not found")

    def subscription(self, name: str) -> SubscriptionState:
        """Return an existing subscription."""
        parse_name("subscriptions", name)
        if name in self.subscriptions:
            return self.subscriptions[name]
        raise NotFoundError(f"Subscription does not exist (resource={short_id(name)})")

    def snapshot(self, name: str) -> SnapshotState:
        """Return an existing snapshot."""
        parse_name("snapshots", name)
        self.advance()
        if name in self.snapshots:
            return self.snapshots[name]
        raise NotFoundError("Snapshot not found")

    def add_topic(self, config: Topic) -> TopicState:
        """Create a topic from a validated resource."""
        topic = self.topics[config.name] = TopicState(config)
        return topic

    def add_subscription(self, config: Subscription) -> SubscriptionState:
        """Create a subscription, from a validated resource, to an existing topic."""
        topic = self.topics[config.topic]

        def forward(message: Message, attempts: int) -> bool:
            return self._forward(subscription.config, message, attempts)

        subscription = SubscriptionState(config, topic, Backlog(policy_of(config), forward))
        self.subscriptions[config.name] = topic.subscriptions[config.name] = subscription
        return subscription

    def add_snapshot(self, config: Snapshot, topic: TopicState, messages: list[Message]) -> None:
        """Keep ``messages``, and what is published from now on, until the snapshot expires."""
        snapshot = SnapshotState(config, topic, messages)
        self.snapshots[config.name] = topic.snapshots[config.name] = snapshot
        self.watch(snapshot, snapshot.expires_at)

    def remove_topic(self, topic: TopicState) -> None:
        """Delete a topic; its subscriptions keep their messages and receive no more."""
        del self.topics[topic.config.name]
        for subscription in topic.subscriptions.values():
            subscription.config.topic = DELETED_TOPIC
            subscription.topic = None
        for subscription in self.subscriptions.values():
            policy = subscription.config.dead_letter_policy
            if policy.dead_letter_topic == topic.config.name:
                policy.dead_letter_topic = DELETED_TOPIC
        topic.subscriptions.clear()

    def remove_subscription(self, subscription: SubscriptionState) -> None:
        """Delete a subscription and its messages."""
        del self.subscriptions[subscription.config.name]
        self.unsubscribe(subscription)

    def unsubscribe(self, subscription: SubscriptionState) -> None:
        """Drop a subscription's messages and send it no more."""
        if subscription.topic:
            subscription.topic.subscriptions.pop(subscription.config.name, None)
        subscription.backlog.clear()

    def remove_snapshot(self, snapshot: SnapshotState) -> None:
        """Delete a snapshot."""
        self.snapshots.pop(snapshot.config.name, None)
        snapshot.topic.snapshots.pop(snapshot.config.name, None)

    def publish(self, topic: TopicState, contents: Iterable[PubsubMessage]) -> list[str]:
        """Give every subscription of the topic the messages, and return their ids."""
        now = topic.last_published_at = max(self.clock(), topic.last_published_at)
        return [self._publish(topic, content, now) for content in contents]

    def retained(self, topic: TopicState) -> Iterator[Message]:
        """Yield what the topic itself retains, oldest first."""
        self._trim(topic)
        yield from topic.retained

    def watch(self, subject: TopicState | SnapshotState, when: float) -> None:
        """Look at the subject again when something of it expires."""
        if self._timers.add(when, subject):
            self.listener.on_alarm(when)

    def next_due(self) -> float | None:
        """Return when ``advance`` next has something to do."""
        return self._timers.next_due()

    def advance(self) -> None:
        """Let what is past its retention go."""
        now = self.clock()
        for subject in self._timers.pop_due(now):
            if isinstance(subject, TopicState):
                self._trim(subject)
                if subject.retained:
                    self.watch(subject, subject.retained[0].published_at + subject.retention_s)
            elif subject.expires_at <= now:
                self.remove_snapshot(subject)
            else:
                self.watch(subject, subject.expires_at)

    def _publish(self, topic: TopicState, content: PubsubMessage, now: float) -> str:
        self._last_number += 1
        message = Message.published(self._last_number, now, content)
        if topic.config.HasField("message_retention_duration"):
            if not topic.retained:
                self.watch(topic, now + topic.retention_s)
            topic.retained.append(message)
        for snapshot in topic.snapshots.values():
            snapshot.messages.append(message)
        for subscription in topic.subscriptions.values():
            subscription.backlog.add(message, now)
        return str(self._last_number)

    def _forward(self, source: Subscription, message: Message, attempts: int) -> bool:
        topic = self.topics.get(source.dead_letter_policy.dead_letter_topic)
        if topic is None:
            return False
        self.publish(topic, [dead_letter(source.name, message, attempts)])
        return True

    def _trim(self, topic: TopicState) -> None:
        oldest = self.clock() - topic.retention_s
        while topic.retained and topic.retained[0].published_at <= oldest:
            topic.retained.popleft()

    def _is_alive(self, subject: TopicState | SnapshotState) -> bool:
        if isinstance(subject, TopicState):
            return bool(subject.retained)
        return subject.config.name in self.snapshots
