"""What the engine tells the world around it."""

from collections.abc import Callable
from typing import Protocol

from infra.local.pubsub.message import Message

Forward = Callable[[Message, int], bool]
"""Publishes a message that failed so many times as a dead letter; false when that is impossible."""


class Listener(Protocol):
    """Who wants to know that there is something to do."""

    def on_ready(self) -> None:
        """Messages may be deliverable that were not."""

    def on_alarm(self, when: float) -> None:
        """Something is due earlier than anything before; call ``advance`` then."""


class Silence:
    """A listener that does nothing."""

    def on_ready(self) -> None:
        """Ignore it."""

    def on_alarm(self, when: float) -> None:
        """Ignore it."""
