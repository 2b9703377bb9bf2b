"""`make demo`: a local cloud of its own, real files dropped into it, and what became of them."""

import argparse
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from google.cloud.pubsub_v1.subscriber.message import Message as Received

from infra.local import lifecycle
from infra.local.clients import Clients
from infra.local.console import Console
from infra.local.demo_report import Findings, print_findings
from infra.local.drop import PATIENCE_S, Upload, drop
from infra.local.layout import Layout
from infra.local.outcomes import Outcomes, deadline, hearing_outcomes, listening
from infra.local.receipts import newest
from infra.local.receiver import Delivery, receiving
from infra.local.samples import sample_set
from infra.local.sql import query
from shared.contracts.outcome import OutcomeKind

_COUNTS = """\
SELECT (SELECT COUNT(*) FROM imaging.open_uploads) AS undecided,
       (SELECT COUNT(*) FROM imaging.uploads_current) AS decided,
       (SELECT COUNTIF(Outcome = 'archived') FROM imaging.uploads_current) AS archived,
       (SELECT COUNT(DISTINCT EventId) FROM imaging.deid_audit) AS copied"""
_DECIDED_BY_DEIDENTIFY = 'attributes.stage = "deidentify"'
_POLL_S = 0.5
_MANIFEST_NAMES = ("demo-clinic/_complete.json", "demo-hospital/_complete.json")
_MANIFESTS = [Upload(name=name, content=b"{}") for name in _MANIFEST_NAMES]  # this was all


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
        receiver = stack.enter_context(receiving(layout, subscriber.receive))
        lifecycle.start(
            layout,
            targets=receiver.targets,
            owned=True,
            progress=lambda step: console.line(f"  starting {step}"),
        )
        clients = Clients(lifecycle.running_environment(layout))
        topic = clients.environment["INLET_EVENTS_TOPIC"]
        stack.enter_context(listening(clients, topic, subscriber.pull))
        copies = stack.enter_context(hearing_outcomes(clients, _DECIDED_BY_DEIDENTIFY))
        return _drop_and_settle(console, layout, clients, subscriber, copies)


def _drop_and_settle(
    console: Console, layout: Layout, clients: Clients, subscriber: Subscriber, copies: Outcomes
) -> Findings:
    samples = sample_set()
    with console.progress("dropping", len(samples)) as progress:
        results = drop(clients, samples, progress.advance)
    results += drop(clients, _MANIFESTS)
    decided = [result.outcome for result in results if result.outcome]
    archived = [item for item in decided if item.kind is OutcomeKind.ARCHIVED and item.target]
    keys = [item.target.version.natural_key for item in archived if item.target]
    copied = copies.wait(keys, PATIENCE_S)
    console.line("  settling")
    settled = _settled(lambda: _counts(clients, subscriber))
    console.line("  waiting for receipts")
    receipts = _receipts(layout, clients)
    return Findings.gather(
        clients,
        results=results,
        copies=copied,
        events=list(subscriber.events.values()),
        webhooks=list(subscriber.webhooks.values()),
        refused_webhooks=subscriber.refused,
        receipts=receipts,
        complete=settled
        and len(receipts) == len(_MANIFESTS)
        and (len(decided), len(copied)) == (len(results), len(keys)),
    )


@dataclass(frozen=True, slots=True)
class _Counts:
    """How far everything is; the same for all of it in the end."""

    undecided: int
    decided: int
    archived: int
    copied: int
    events: int
    webhooks: int

    @property
    def agree(self) -> bool:
        told = self.decided + self.copied
        return (self.undecided, self.archived) == (0, self.copied) and {
            self.events,
            self.webhooks,
        } == {told}


def _counts(clients: Clients, subscriber: Subscriber) -> _Counts:
    (row,) = query(clients.bigquery, _COUNTS)[1]
    undecided, decided, archived, copied = (int(str(cell)) for cell in row)
    return _Counts(
        undecided=undecided,
        decided=decided,
        archived=archived,
        copied=copied,
        events=sum(_is_of_outcome(event["ce-type"]) for event in subscriber.events.values()),
        webhooks=sum(
            _is_of_outcome(str(webhook.event.get("type")))
            for webhook in subscriber.webhooks.values()
        ),
    )


def _is_of_outcome(event_type: str) -> bool:
    """Whether an event is of one outcome, and not of a study or a receipt."""
    return event_type.startswith(("dicom.instance.", "dicom.object."))


def _receipts(layout: Layout, clients: Clients) -> list[Any]:
    """The receipt of each facility, once there is one: the sweep is called as its schedule does."""
    for _ in deadline(PATIENCE_S):
        found = [newest(clients, name.partition("/")[0], 1) for name in _MANIFEST_NAMES]
        if all(found):
            return [told for ((_, told),) in found]
        lifecycle.call(layout, "sweep", PATIENCE_S)
        time.sleep(_POLL_S)
    return []


def _settled(look: Callable[[], _Counts]) -> bool:
    """Whether the counts agree, and go on doing so, before they stand still for too long."""
    seen, since = look(), time.monotonic()
    while time.monotonic() - since < PATIENCE_S:
        time.sleep(_POLL_S)
        now = look()
        if now == seen and now.agree:
            return True
        seen, since = (now, time.monotonic()) if now != seen else (seen, since)
    return False
