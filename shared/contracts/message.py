"""A Pub/Sub message, before it is published and after it is delivered."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from shared.errors import ContractError


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What is published: bytes, and attributes that subscriptions filter on."""

    data: bytes
    attributes: Mapping[str, str] = field(default_factory=dict)

    def json(self, contract: str) -> object:
        """Return the data as JSON.

        Raises:
            ContractError: the data is not JSON in UTF-8.
        """
        try:
            return json.loads(self.data)
        except ValueError:
            raise ContractError(f"invalid-{contract}", ["data is not JSON"]) from None


def to_json(data: Mapping[str, object]) -> bytes:
    """Return the one JSON spelling of `data`: equal content, equal bytes."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.encode()
