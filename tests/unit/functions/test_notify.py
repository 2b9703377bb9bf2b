import json

import pytest

from functions.notify.handler import Notify
from shared.adapters.memory import MemoryTopic, MemoryWebhook
from shared.contracts.event import TYPES
from shared.contracts.outcome import OutcomeKind
from shared.errors import TransientError
from tests.outcomes import an_outcome


class _DeadReceiver:
    def send(self, event_id: str, body: bytes) -> None:  # noqa: ARG002 - the port's names
        raise TransientError("webhook-refused")


@pytest.mark.parametrize("kind", OutcomeKind)
def test_an_outcome_is_published_and_sent(kind: OutcomeKind) -> None:
    events, webhook = MemoryTopic(), MemoryWebhook()
    Notify(events=events, webhook=webhook)(an_outcome(kind))
    (message,) = events.messages
    ((event_id, body),) = webhook.received
    assert message.attributes["ce-type"] == TYPES[kind]
    assert event_id == message.attributes["ce-id"] == json.loads(body)["id"]


def test_a_dead_receiver_does_not_keep_the_event_from_subscribers() -> None:
    events = MemoryTopic()
    handler = Notify(events=events, webhook=_DeadReceiver())
    for _ in range(2):
        with pytest.raises(TransientError):
            handler(an_outcome())
    assert len({message.attributes["ce-id"] for message in events.messages}) == 1


def test_without_a_receiver_events_are_published_all_the_same() -> None:
    events = MemoryTopic()
    Notify(events=events, webhook=None)(an_outcome())
    assert len(events.messages) == 1
