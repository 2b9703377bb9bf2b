"""Dead letters: what waits of them, and their way back to the topics they came from."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from infra.operate.cloud import Cloud
from shared.contracts.letter import Letter
from shared.dead_letters import AT_ONCE, waiting
from shared.ports import Publisher

LIMIT = 1_000  # as many are listed
WAIT_S = 5.0  # longer than somebody who only looks has them


@dataclass(frozen=True, slots=True, kw_only=True)
class Pile:
    """The dead letters of one subscription."""

    subscription: str
    count: int
    oldest: datetime
    newest: datetime


def listed(cloud: Cloud, limit: int = LIMIT) -> list[Pile]:
    """Return what waits, by the subscription that gave it up; all of it goes on waiting."""
    by_subscription: dict[str, list[datetime]] = {}
    for letter in waiting(cloud.dead_letters, limit):
        moments = by_subscription.setdefault(letter.subscription, [])
        moments.append(letter.first_published_at)
    return [
        Pile(subscription=name, count=len(moments), oldest=min(moments), newest=max(moments))
        for name, moments in sorted(by_subscription.items())
    ]


@dataclass(slots=True)
class Redriven:
    """How many went back to which topic, and how many come from nowhere that is known."""

    by_topic: Counter[str] = field(default_factory=Counter)
    unknown: int = 0


def redrive(cloud: Cloud, topics: Mapping[str, str]) -> Redriven:
    """Return once every letter that waits is published where it came from, as it was.

    A letter is acknowledged only once it is published: what ends before that publishes it again.
    Letters of unknown origin are given back when all others are gone, so that none is met twice.

    Args:
        cloud: where they wait.
        topics: the topic that each subscription listens to.
    """
    redriven, strays = Redriven(), list[Letter]()
    publishers: dict[str, Publisher] = {}
    try:
        while letters := cloud.dead_letters.pull(AT_ONCE, WAIT_S):
            for letter in letters:
                topic = topics.get(letter.subscription)
                if topic is None:
                    strays.append(letter.envelope)
                    continue
                if topic not in publishers:
                    publishers[topic] = cloud.topic(topic)
                publishers[topic].publish(letter.original)
                cloud.dead_letters.acknowledge([letter])
                redriven.by_topic[topic] += 1
    finally:
        cloud.dead_letters.give_back(strays)
    redriven.unknown = len({letter.message_id for letter in strays})
    return redriven
