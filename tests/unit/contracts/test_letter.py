from datetime import UTC, datetime

import pytest

from shared.contracts.letter import Letter
from shared.contracts.message import Message

PUBLISHED = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
ADDED = {
    "CloudPubSubDeadLetterSourceDeliveryCount": "50",
    "CloudPubSubDeadLetterSourceSubscription": "index-uploads",
    "CloudPubSubDeadLetterSourceSubscriptionProject": "a-project",
    "CloudPubSubDeadLetterSourceTopicPublishTime": "2026-01-01T00:00:00.250Z",
}


def _letter(**attributes: str) -> Letter:
    message = Message(data=b"data", attributes=attributes)
    return Letter(message=message, message_id="1", published_at=PUBLISHED, receipt="r")


def test_a_letter_says_who_gave_it_up_and_when_it_was_published_first() -> None:
    letter = _letter(outcome="archived", **ADDED)
    assert letter.subscription == "index-uploads"
    assert letter.first_published_at == datetime(2026, 1, 1, 0, 0, 0, 250_000, tzinfo=UTC)


def test_what_pubsub_added_is_no_part_of_the_original() -> None:
    original = _letter(outcome="archived", **ADDED).original
    assert original == Message(data=b"data", attributes={"outcome": "archived"})


def test_an_envelope_has_everything_but_the_data() -> None:
    letter = _letter(**ADDED)
    assert letter.envelope.message == Message(data=b"", attributes=ADDED)
    assert letter.envelope.receipt == "r"


@pytest.mark.parametrize("attributes", [{}, {f"{next(iter(ADDED))[:27]}TopicPublishTime": "soon"}])
def test_what_is_no_dead_letter_says_little(attributes: dict[str, str]) -> None:
    letter = _letter(**attributes)
    assert (letter.subscription, letter.first_published_at) == ("", PUBLISHED)
