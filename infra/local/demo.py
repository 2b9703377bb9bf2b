"""`make demo`: a local cloud of its own, real files dropped into it, and what became of them."""

import argparse
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack

from google.cloud.pubsub_v1.subscriber.message import Message as Received

from infra.local import lifecycle
from infra.local.clients import Clients
from infra.local.console import Console
from infra.local.demo_report import Findings, print_findings
from infra.local.drop import PATIENCE_S, drop
from infra.local.layout import Layout
from infra.local.outcomes import Outcomes, hearing_outcomes, listening
from infra.local.receiver import Delivery, receiving
from infra.local.samples import sample_set
from infra.local.sql import query
from shared.contracts.outcome import OutcomeKind

_COUNT = """\
SELECT (SELECT COUNT(*) FROM imaging.uploads_current)
     + (SELECT COUNT(*) FROM research.instances_current) AS n"""
_DECIDED_BY_DEIDENTIFY = 'attributes.stage = "deidentify"'
_POLL_S = 0.2


class Subscriber:
    """Somebody else's system: pulls the public events and receives the webhooks."""

    def __init__(self) -> None:
        self.events: dict[str, dict[str, str]] = {}
        self.webhooks: dict[str, Delivery] = {}
        self.refused = 0
        self._lock = threading.Lock()

    def pull(self, message: Received) -> None:
        """Note an event of the topic."""
        attributes = dict(message.attributes)
        with self._lock:
            self.events[attributes["ce-id"]] = attributes
        message.ack()

    def receive(self, delivery: Delivery) -> None:
        """Note a webhook."""
        with self._lock:
            if delivery.verified:
                self.webhooks[delivery.id] = delivery
            else:
                self.refused += 1


def run(_options: argparse.Namespace, layout: Layout) -> int:
    """Run the demo in a state folder of its own and leave nothing behind."""
    own = Layout(layout.root.with_name(f"{layout.root.name}-demo"))
    console, began = Console(), time.monotonic()
    console.line(
        console.styled("bold", "Inlet") + " on this machine: a cloud of its own, then files."
    )
    try:
        findings = _play(console, own)
    finally:
        lifecycle.stop(own)
    print_findings(console, findings)
    console.line()
    console.line(
        console.styled("dim", f"Done in {time.monotonic() - began:.0f} s; nothing is left running.")
    )
    return 0 if findings.complete else 1


def _play(console: Console, layout: Layout) -> Findings:
    subscriber = Subscriber()
    with ExitStack() as stack:
        receiver = stack.enter_context(
            receiving(layout.secrets / "webhook-secret", subscriber.receive)
        )
        lifecycle.start(
            layout,
            settings={"webhook_url": receiver.url},
            owned=True,
            progress=lambda step: console.line(f"  starting {step}"),
        )
        clients = Clients(lifecycle.running_environment(layout))
        topic = clients.environment["INLET_EVENTS_TOPIC"]
        stack.enter_context(listening(clients, topic, subscriber.pull))
        copies = stack.enter_context(hearing_outcomes(clients, _DECIDED_BY_DEIDENTIFY))
        return _drop_and_settle(console, clients, subscriber, copies)


def _drop_and_settle(
    console: Console, clients: Clients, subscriber: Subscriber, copies: Outcomes
) -> Findings:
    samples = sample_set()
    with console.progress("dropping", len(samples)) as progress:
        results = drop(clients, samples, progress.advance)
    decided = [result.outcome for result in results if result.outcome]
    archived = [item for item in decided if item.kind is OutcomeKind.ARCHIVED and item.target]
    keys = [item.target.version.natural_key for item in archived if item.target]
    copied = copies.wait(keys, PATIENCE_S)
    expected = len(decided) + len(copied)
    rows = len(decided) + sum(item.kind is OutcomeKind.DEIDENTIFIED for item in copied.values())
    with console.progress("settling", expected) as progress:
        settled = all(
            (
                _reached(lambda: len(subscriber.events), expected, progress.reach),
                _reached(lambda: len(subscriber.webhooks), expected, progress.reach),
                _reached(lambda: _indexed(clients), rows, lambda _: None),
            )
        )
    return Findings.gather(
        clients,
        results=results,
        copies=copied,
        events=list(subscriber.events.values()),
        webhooks=list(subscriber.webhooks.values()),
        refused_webhooks=subscriber.refused,
        complete=settled and len(decided) == len(samples) and len(copied) == len(keys),
    )


def _indexed(clients: Clients) -> int:
    return int(str(query(clients.bigquery, _COUNT)[1][0][0]))


def _reached(count: Callable[[], int], expected: int, show: Callable[[int], None]) -> bool:
    """Whether a count reached what was expected before it stood still for too long."""
    seen, since = count(), time.monotonic()
    while seen < expected and time.monotonic() - since < PATIENCE_S:
        show(seen)
        time.sleep(_POLL_S)
        now = count()
        seen, since = (now, time.monotonic()) if now != seen else (seen, since)
    show(seen)
    return seen >= expected
