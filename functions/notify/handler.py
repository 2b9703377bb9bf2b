"""Notify: an outcome becomes a public event, and a public event goes to one webhook.

The two are deliveries of their own, from two topics: subscribers do not wait for a receiver that
is down, and a receiver that is down has nothing published twice.
"""

from dataclasses import dataclass

from shared.contracts.event import PublicEvent
from shared.contracts.message import Message, to_json
from shared.contracts.outcome import Outcome
from shared.ports import Done, Publisher, Webhook


def read(message: Message) -> Outcome | PublicEvent:
    """Return what a message of either topic is about."""
    of_events = "ce-id" in message.attributes
    return PublicEvent.from_message(message) if of_events else Outcome.from_message(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Notify:
    """The handler of the topics `outcomes` and `events`."""

    events: Publisher
    webhook: Webhook | None

    def __call__(self, told: Outcome | PublicEvent) -> Done:
        """Return once the event is published, or the receiver, if there is one, has it."""
        if isinstance(told, Outcome):
            event = PublicEvent.of(told)
            self.events.publish(event.to_message())
            return Done("event published", {"type": event.type})
        if self.webhook is None:
            return Done("no webhook to send to", {"type": told.type})
        self.webhook.send(told.event_id, to_json(told.to_structured()))
        return Done("webhook sent", {"type": told.type})
