import pytest

from shared.adapters.pubsub import PubSubTopic
from shared.contracts.message import Message
from shared.errors import TransientError


def test_a_message_too_large_is_refused_like_any_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PUBSUB_EMULATOR_HOST", "localhost:1")
    topic = PubSubTopic("p", "t")
    with pytest.raises(TransientError) as caught:
        topic.publish(Message(data=bytes(10_000_001)))
    assert caught.value.reason == "pubsub-refused"
