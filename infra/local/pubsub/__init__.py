"""A Pub/Sub server for one machine, spoken to by Google's own clients."""

from infra.local.pubsub.server import PubsubServer

__all__ = ["PubsubServer"]
