"""Identifiers that are derived, so that a redelivery repeats them (DESIGN law 3)."""

import hashlib


def derived_id(kind: str, natural_key: str) -> str:
    """Return the id of the one event of `kind` about `natural_key`: 32 hexadecimal digits.

    The shape is that of a W3C trace id, so that the id of an upload is also the trace of
    everything that follows from it.
    """
    return hashlib.sha256(f"{kind}\n{natural_key}".encode()).hexdigest()[:32]
