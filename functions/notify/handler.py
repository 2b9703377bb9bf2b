"""Notify: an outcome becomes a public event, and the same event for one webhook.

The event is published before the webhook is tried: subscribers do not wait for a receiver that is
down. A delivery that fails after publishing publishes the same event id again.
"""

from dataclasses import dataclass

from shared.contracts.event import PublicEvent
from shared.contracts.message import to_json
from shared.contracts.outcome import Outcome
from shared.ports import Done, Publisher, Webhook


@dataclass(frozen=True, slots=True, kw_only=True)
class Notify:
    """The handler of the topic `outcomes`."""

    events: Publisher
    webhook: Webhook | None

    def __call__(self, outcome: Outcome) -> Done:
        """Return once the event is published and the receiver, if there is one, has it."""
        event = PublicEvent.of(outcome)
        self.events.publish(event.to_message())
        if self.webhook:
            self.webhook.send(event.id, to_json(event.to_structured()))
        return Done("event published", {"type": event.type, "webhook": self.webhook is not None})
