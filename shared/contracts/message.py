"""A Pub/Sub message, before it is published and after it is delivered."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from shared.errors import ContractError

TOPICS_KEEP: Final = timedelta(days=31)  # what was published, as infra/pipeline.yaml has it


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What is published: bytes, and attributes that subscriptions filter on.

    Messages with the same ordering key reach a subscription that wants it in their order.
    """

    data: bytes
    attributes: Mapping[str, str] = field(default_factory=dict)
    ordering_key: str = ""
    published_at: datetime | None = field(default=None, compare=False)  # known once delivered


def parsed(data: bytes, contract: str) -> object:
    """Return JSON as Python values.

    Raises:
        ContractError: the data are not JSON in UTF-8, or nest too deep to be a message.
    """
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        raise ContractError(f"invalid-{contract}", ["is not JSON"]) from None


def to_json(data: Mapping[str, object]) -> bytes:
    """Return the one JSON spelling of `data`: equal content, equal bytes."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.encode()
