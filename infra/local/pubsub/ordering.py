"""Messages with the same ordering key: delivered in order, redelivered in order.

When a message is redelivered, so is every later one of its key, acknowledged ones included.
Source: Pub/Sub documentation, "Order messages".
"""

from collections import deque
from collections.abc import Iterator

from infra.local.pubsub.entries import Entry, State


class KeyQueue:
    """The messages of one key: ``sent`` in order of delivery, then ``pending``."""

    __slots__ = ("key", "not_before", "pending", "queued", "sent")

    def __init__(self, key: str) -> None:
        """Start empty and deliverable at once."""
        self.key = key
        self.pending: deque[Entry] = deque()
        self.sent: deque[Entry] = deque()
        self.not_before = 0.0
        self.queued = False

    def __bool__(self) -> bool:
        """Return whether any message is left."""
        return bool(self.pending or self.sent)

    def deliverable(self, now: float, *, one_at_a_time: bool) -> bool:
        """Return whether the next message may be delivered now."""
        blocked = now < self.not_before or (one_at_a_time and bool(self.sent))
        return bool(self.pending) and not blocked

    def deliver(self) -> Entry:
        """Move the next message to those that were sent, and return it."""
        entry = self.pending.popleft()
        self.sent.append(entry)
        return entry

    def settled(self) -> Iterator[Entry]:
        """Remove and yield the acknowledged messages that no redelivery can bring back."""
        while self.sent and self.sent[0].state is State.ACKED:
            yield self.sent.popleft()

    def rewind(self, entry: Entry, not_before: float) -> list[Entry]:
        """Make ``entry`` and all sent after it pending again, and return those."""
        again: list[Entry] = []
        while not again or again[-1] is not entry:
            again.append(self.sent.pop())
        self.pending.extendleft(again)
        self.not_before = not_before
        return again

    def clear(self) -> None:
        """Forget every message."""
        self.pending.clear()
        self.sent.clear()

    def discard(self, entry: Entry) -> None:
        """Forget a message wherever it stands."""
        for queue in (self.sent, self.pending):
            if entry in queue:
                queue.remove(entry)
                return
