"""One message's standing in one subscription, and the consumers' limits."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto

from infra.local.pubsub.message import Message


class State(Enum):
    """Where a message stands in a subscription."""

    READY = auto()
    LEASED = auto()
    DELAYED = auto()
    ACKED = auto()


@dataclass(slots=True, eq=False)
class Entry:
    """A message in a backlog; ``failures`` counts nacks and expired deadlines.

    ``due`` is when a delayed message is deliverable again (seconds).
    """

    message: Message
    state: State = State.READY
    failures: int = 0
    lease: int = 0
    due: float = 0.0


def _nothing() -> None:
    return None


@dataclass(slots=True, eq=False)
class Window:
    """What one consumer may hold unacknowledged; a limit of 0 is no limit."""

    max_messages: int = 0
    max_bytes: int = 0
    on_room: Callable[[], None] = _nothing
    messages: int = 0
    size: int = 0

    def has_room(self) -> bool:
        """Return whether one more message may be handed out."""
        return not ((0 < self.max_messages <= self.messages) or (0 < self.max_bytes <= self.size))

    def add(self, size: int) -> None:
        """Count a message as held."""
        self.messages += 1
        self.size += size

    def remove(self, size: int) -> None:
        """Count a message as no longer held, and say so if that made room."""
        was_full = not self.has_room()
        self.messages -= 1
        self.size -= size
        if was_full and self.has_room():
            self.on_room()


@dataclass(slots=True, eq=False)
class Lease:
    """A message handed to a consumer until a deadline (seconds)."""

    entry: Entry
    deadline: float
    window: Window


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message handed out: its lease, and which attempt this is, counted from 1."""

    lease: int
    message: Message
    attempt: int
