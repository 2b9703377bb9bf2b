"""The data of a message, compressed: a message costs by its bytes, on each way that it takes.

The form is zlib's (RFC 1950), which HTTP calls `deflate` (RFC 9110, 8.4.1.2). What has no such
attribute is as it is: so were the messages of older releases.
"""

import zlib
from collections.abc import Mapping
from typing import Final

from shared.contracts.message import Message
from shared.errors import ContractError

DEFLATE: Final[Mapping[str, str]] = {"content_encoding": "deflate"}
MAX_DECODED_BYTES: Final = 10_000_000  # as many as a message of Pub/Sub has at most


def deflated(data: bytes) -> bytes:
    """Return data as they are in a message with the attribute `DEFLATE`."""
    return zlib.compress(data)


def decoded(message: Message, contract: str) -> bytes:
    """Return the data of a message, decompressed if it says that they are compressed.

    Raises:
        ContractError: they are not in the form that it says, or more than a message may hold.
    """
    match message.attributes.get("content_encoding"):
        case None:
            return message.data
        case "deflate":
            return _inflated(message.data, contract)
    raise ContractError(f"invalid-{contract}", ["content_encoding is not known"])


def _inflated(data: bytes, contract: str) -> bytes:
    reading = zlib.decompressobj()
    try:
        content = reading.decompress(data, MAX_DECODED_BYTES + 1)
    except zlib.error:
        raise ContractError(f"invalid-{contract}", ["is not compressed as it says"]) from None
    if len(content) > MAX_DECODED_BYTES:
        raise ContractError(f"invalid-{contract}", ["is larger than a message may be"])
    if not reading.eof or reading.unused_data:
        raise ContractError(f"invalid-{contract}", ["is not compressed as it says"])
    return content
