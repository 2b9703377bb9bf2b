"""Watching a local cloud from outside while it works in its own time."""

import contextlib
import time
from collections.abc import Callable, Iterator
from typing import Any

from google.api_core.exceptions import DeadlineExceeded
from google.cloud.pubsub_v1.subscriber.message import Message as Received

from infra.definition import load_pipeline
from infra.local import lifecycle
from infra.local.outcomes import listening
from tests.e2e.conftest import Cloud

PATIENCE_S = 60.0
INTERVAL_S = 0.2
LOOK_S = 1.0


def until(condition: Callable[[], Any], patience_s: float = PATIENCE_S) -> Any:
    """What the condition returns once it is true of it.

    Raises:
        TimeoutError: it never was.
    """
    end = time.monotonic() + patience_s
    while not (value := condition()):
        if time.monotonic() > end:
            raise TimeoutError
        time.sleep(INTERVAL_S)
    return value


def swept_until(cloud: Cloud, condition: Callable[[], Any]) -> Any:
    """What the condition returns once it is true after a sweep, run as its schedule does.

    Raises:
        TimeoutError: it never was, or the sweep did not answer.
    """
    until(lambda: adds_up(cloud))  # a sweep decides by the tables
    return until(lambda: lifecycle.call(cloud.layout, "sweep", PATIENCE_S) and condition())


def query(cloud: Cloud, sql: str) -> list[dict[str, Any]]:
    """The rows of a query."""
    return [dict(row) for row in cloud.clients.bigquery.query(sql).result()]


def adds_up(cloud: Cloud) -> bool:
    """Whether the two counts agree: what landed and what was decided arrive by separate ways."""
    wrong = query(
        cloud,
        "SELECT * FROM imaging.daily_facility WHERE Undecided > 0 OR Uploaded != "
        "Archived + Duplicate + Conflict + Quarantined + Expanded + Ignored",
    )
    return wrong == []


def dead_letters(cloud: Cloud) -> int:
    """How many messages were given up; looking leaves them where they are."""
    subscription = cloud.clients.subscription("dead-letters")
    try:
        response = cloud.clients.subscriber.pull(
            subscription=subscription, max_messages=10, timeout=LOOK_S, retry=None
        )
    except DeadlineExceeded:
        return 0
    return len(response.received_messages)


def log_lines(cloud: Cloud) -> list[str]:
    """Every line that a function has printed."""
    files = [cloud.layout.log(stage) for stage in load_pipeline().functions]
    return [line for file in files for line in file.read_text().splitlines()]


@contextlib.contextmanager
def public_events(cloud: Cloud) -> Iterator[list[Received]]:
    """What is published on the public topic within the block."""
    received: list[Received] = []

    def take(message: Received) -> None:
        received.append(message)
        message.ack()

    with listening(cloud.clients, cloud.environment["INLET_EVENTS_TOPIC"], take):
        yield received
