from pathlib import Path

import pytest

from infra.local.pubsub import filters, limits, push, subscription_rules, topics

README = Path(filters.__file__).with_name("README.md").read_text(encoding="utf-8")

LIMITS = {
    "messages in a publish request": f"{limits.MAX_PUBLISH_MESSAGES}",
    "bytes in a publish request": f"{limits.MAX_PUBLISH_BYTES}",
    "attributes of a message": f"{limits.MAX_ATTRIBUTES}",
    "bytes of an attribute key": f"{limits.MAX_KEY_BYTES}",
    "bytes of an attribute value": f"{limits.MAX_VALUE_BYTES}",
    "bytes of an ordering key": f"{limits.MAX_ORDERING_KEY_BYTES}",
    "bytes of a filter": f"{filters.MAX_FILTER_BYTES}",
    "messages in a pull response": f"{limits.MAX_PULL_MESSAGES}",
    "ack deadline, seconds": f"{limits.MIN_ACK_DEADLINE_S} to {limits.MAX_ACK_DEADLINE_S}",
    "message retention, seconds": f"{topics.MIN_RETENTION_S} to {topics.MAX_RETENTION_S}",
    "delivery attempts": (
        f"{subscription_rules.MIN_DELIVERY_ATTEMPTS} to {subscription_rules.MAX_DELIVERY_ATTEMPTS}"
    ),
    "backoff, seconds": f"0 to {subscription_rules.MAX_BACKOFF_S}",
}


@pytest.mark.parametrize(("limit", "value"), LIMITS.items())
def test_the_readme_tells_the_limits(limit: str, value: str) -> None:
    assert f"| {limit} | {value} |\n" in README


def test_the_readme_tells_how_many_pushes_are_outstanding() -> None:
    words = " ".join(README.split())

    assert f"start at {push.INITIAL_OUTSTANDING}," in words
    assert f"between {push.MIN_OUTSTANDING} and {push.MAX_OUTSTANDING}." in words
    assert f"{', '.join(str(status) for status in sorted(push.SUCCESS)[:-1])} and 204" in words
