"""Keyed digests: what only the holder of a secret can make of an original.

HMAC-SHA-256 under the secret, over the project, the kind of identifier, its namespace and the
original, each preceded by its length so that no two inputs run together.
"""

from __future__ import annotations

import hmac
from functools import lru_cache
from typing import Final

_UUID_VERSION_8: Final = (0xF << 76, 0x8 << 76)  # RFC 9562 section 5.8: contents of our making
_UUID_VARIANT: Final = (0x3 << 62, 0x2 << 62)
MINIMUM_SECRET_BYTES: Final = 16


def keyed_digest(
    secret: bytes, project: str, kind: str, original: str, namespace: str = ""
) -> bytes:
    """Return the 32 bytes of an original of a kind."""
    digest = _before(secret, project, kind, namespace).copy()
    digest.update(_preceded_by_length(original))
    return digest.digest()


def uid_from(digest: bytes) -> str:
    """Return the UID under `2.25.` that a digest gives (PS3.5 B.2)."""
    number = int.from_bytes(digest[:16], "big")
    for mask, bits in (_UUID_VERSION_8, _UUID_VARIANT):
        number = number & ~mask | bits
    return f"2.25.{number}"


@lru_cache(maxsize=1024)
def _before(secret: bytes, project: str, kind: str, namespace: str) -> hmac.HMAC:
    """The digest of all that stands before the original, to be copied and gone on with."""
    parts = b"".join(map(_preceded_by_length, (project, kind, namespace)))
    return hmac.new(secret, parts, "sha256")


def _preceded_by_length(part: str) -> bytes:
    encoded = part.encode("utf-8", "surrogateescape")
    return len(encoded).to_bytes(4, "big") + encoded
