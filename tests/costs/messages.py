"""How many bytes of a message Pub/Sub charges for.

Pub/Sub pricing, "Message volume calculation": data, keys and values of the attributes, 20 bytes of
time, the id; at least 1,000 bytes a request. A message is counted as if it were alone in its
request, as it is when there is little to do.
"""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Mapping
from typing import Final

TIME_BYTES: Final = 20
ID_BYTES: Final = 17  # digits, as the service gives them out
LEAST_BYTES: Final = 1000


def charged_bytes(data: bytes, attributes: Mapping[str, str], ordering_key: str = "") -> int:
    """Return what is charged for one message, published or delivered."""
    named = sum(len(key.encode()) + len(value.encode()) for key, value in attributes.items())
    size = len(data) + named + len(ordering_key.encode()) + TIME_BYTES + ID_BYTES
    return max(LEAST_BYTES, size)


def pushed(body: bytes) -> tuple[str, int]:
    """Return the subscription of a push, and what is charged for its message."""
    told = json.loads(body)
    message = told["message"]
    data = b64decode(message.get("data", ""))
    key = message.get("orderingKey", "")
    name = told["subscription"].rpartition("/")[2]
    return name, charged_bytes(data, message.get("attributes", {}), key)
