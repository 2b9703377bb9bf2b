"""Acknowledgement ids: ``<subscription>:<lease>``, opaque to clients."""

from collections.abc import Iterable

from infra.local.pubsub.errors import InvalidArgumentError


def ack_id(subscription: str, lease: int) -> str:
    """Return the id of a lease."""
    return f"{subscription}:{lease}"


def parse_ack_ids(subscription: str, ack_ids: Iterable[str]) -> list[int]:
    """Return the leases; all of them must be ids of this subscription, valid or expired."""
    return [_parse(subscription, ack_id) for ack_id in ack_ids]


def _parse(subscription: str, ack_id: str) -> int:
    owner, separator, lease = ack_id.rpartition(":")
    if not separator or not (lease.isascii() and lease.isdigit()):
        raise InvalidArgumentError(f"Invalid ack id (ack_id={ack_id})")
    if owner != subscription:
        raise InvalidArgumentError(
            f"Subscription {subscription} received an invalid ack ID {ack_id},"
            f" meant for subscription: {owner}"
        )
    return int(lease[:18])
