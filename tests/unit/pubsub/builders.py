"""Small makers for the engine's tests: a clock that moves when told, messages, backlogs."""

from dataclasses import dataclass, field

from infra.local.pubsub.backlog import Backlog
from infra.local.pubsub.broker import Broker, SubscriptionState
from infra.local.pubsub.entries import Delivery
from infra.local.pubsub.message import Message
from infra.local.pubsub.policy import DeliveryPolicy
from infra.local.pubsub.protos import PubsubMessage, Subscription, Topic
from infra.local.pubsub.subscriptions import SubscriptionCalls
from infra.local.pubsub.topics import TopicCalls

TOPIC = "projects/test/topics/orders"
OTHER_TOPIC = "projects/test/topics/failed"
SUBSCRIPTION = "projects/test/subscriptions/orders-sub"
OTHER_SUBSCRIPTION = "projects/test/subscriptions/failed-sub"
SNAPSHOT = "projects/test/snapshots/before"


@dataclass
class Clock:
    """A clock that stands still until it is moved."""

    now: float = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> float:
        self.now += seconds
        return self.now


@dataclass
class Rig:
    """A backlog with its clock, and the dead letters it let go."""

    policy: DeliveryPolicy
    clock: Clock = field(default_factory=Clock)
    dead: list[tuple[str, int]] = field(default_factory=list)
    accepts_dead: bool = True
    count: int = 0
    backlog: Backlog = field(init=False)

    def __post_init__(self) -> None:
        self.backlog = Backlog(self.policy, self._forward)

    def _forward(self, message: Message, attempts: int) -> bool:
        if self.accepts_dead:
            self.dead.append((text(message), attempts))
        return self.accepts_dead

    def publish(self, *texts: str, key: str = "", **attributes: str) -> list[Message]:
        messages = []
        for content in texts:
            self.count += 1
            message = a_message(self.count, content, self.clock.now, key=key, **attributes)
            self.backlog.add(message, self.clock.now)
            messages.append(message)
        return messages

    def take(self, limit: int = 100) -> list[Delivery]:
        return self.backlog.take(self.clock.now, limit)

    def taken(self, limit: int = 100) -> list[str]:
        return [text(delivery.message) for delivery in self.take(limit)]

    def ack(self, *deliveries: Delivery) -> list[bool]:
        return [self.backlog.acknowledge(d.lease, self.clock.now) for d in deliveries]

    def nack(self, *deliveries: Delivery) -> list[bool]:
        return [self.backlog.reject(d.lease, self.clock.now) for d in deliveries]

    def wait(self, seconds: float) -> None:
        self.backlog.advance(self.clock.advance(seconds))

    def unacked(self) -> list[str]:
        return [text(message) for message in self.backlog.unacked()]


def a_message(
    number: int, content: str, now: float, *, key: str = "", **attributes: str
) -> Message:
    wire = PubsubMessage(data=content.encode(), ordering_key=key, attributes=attributes)
    return Message.published(number, now, wire)


def text(message: Message) -> str:
    return message.wire.data.decode()


def texts(deliveries: list[Delivery]) -> list[str]:
    return [text(delivery.message) for delivery in deliveries]


def a_topic(broker: Broker, name: str = TOPIC, **fields: object) -> None:
    TopicCalls(broker).create(Topic(name=name, **fields))


def a_subscription(
    broker: Broker, name: str = SUBSCRIPTION, topic: str = TOPIC, **fields: object
) -> SubscriptionState:
    SubscriptionCalls(broker).create(Subscription(name=name, topic=topic, **fields))
    return broker.subscriptions[name]


def send(broker: Broker, *contents: str, topic: str = TOPIC, **attributes: str) -> list[str]:
    wires = [PubsubMessage(data=c.encode(), attributes=attributes) for c in contents]
    return broker.publish(broker.topic(topic), wires)


def drain(broker: Broker, name: str = SUBSCRIPTION) -> list[str]:
    """Take and acknowledge everything that is deliverable now."""
    backlog = broker.subscription(name).backlog
    deliveries = backlog.take(broker.clock(), 1000)
    for delivery in deliveries:
        backlog.acknowledge(delivery.lease, broker.clock())
    return texts(deliveries)
