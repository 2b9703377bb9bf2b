import json

import pytest

from functions.notify.handler import Notify, read
from shared.adapters.memory import MemoryTopic, MemoryWebhook
from shared.contracts.event import TYPES, PublicEvent
from shared.contracts.outcome import OutcomeKind
from shared.errors import TransientError
from tests.outcomes import an_outcome


class _DeadReceiver:
    def send(self, event_id: str, body: bytes) -> None:  # noqa: ARG002 - the port's names
        raise TransientError("webhook-refused")


@pytest.mark.parametrize("kind", OutcomeKind)
def test_an_outcome_is_published_and_its_event_is_sent(kind: OutcomeKind) -> None:
    events, webhook = MemoryTopic(), MemoryWebhook()
    notify = Notify(events=events, webhook=webhook)
    notify(read(an_outcome(kind).to_message()))
    (message,) = events.messages
    assert message.attributes["ce-type"] == TYPES[kind]
    assert webhook.received == []
    notify(read(message))
    ((event_id, body),) = webhook.received
    assert event_id == message.attributes["ce-id"] == json.loads(body)["id"]
    assert json.loads(body)["data"] == json.loads(message.data)
    assert len(events.messages) == 1


def test_a_dead_receiver_has_nothing_published_again() -> None:
    events = MemoryTopic()
    notify = Notify(events=events, webhook=_DeadReceiver())
    notify(an_outcome())
    for _ in range(2):
        with pytest.raises(TransientError):
            notify(PublicEvent.of(an_outcome()))
    assert len(events.messages) == 1


def test_without_a_receiver_an_event_is_done_with() -> None:
    events = MemoryTopic()
    Notify(events=events, webhook=None)(PublicEvent.of(an_outcome()))
    assert events.messages == []
