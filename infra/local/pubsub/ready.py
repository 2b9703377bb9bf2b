"""Who is next: messages, and ordering keys that have one, in the order they became ready."""

from collections import deque

from infra.local.pubsub.entries import Entry, State
from infra.local.pubsub.ordering import KeyQueue

Turn = Entry | KeyQueue


class ReadyQueue:
    """Turns in order; those that have become stale are skipped when they come up."""

    def __init__(self) -> None:
        """Start empty."""
        self._turns: deque[Turn] = deque()

    def append(self, turn: Turn) -> None:
        """Let a message, or a key's next message, be delivered after all others."""
        self._turns.append(turn)

    def clear(self) -> None:
        """Forget every turn."""
        self._turns.clear()

    def has_next(self, now: float, *, one_at_a_time: bool) -> bool:
        """Return whether there is a next turn, dropping the stale ones before it."""
        while self._turns:
            turn = self._turns[0]
            if isinstance(turn, Entry):
                if turn.state is State.READY:
                    return True
            elif turn.deliverable(now, one_at_a_time=one_at_a_time):
                return True
            else:
                turn.queued = False
            self._turns.popleft()
        return False

    def next_size(self) -> int:
        """Return the size of the next message; there must be one."""
        turn = self._turns[0]
        return (turn if isinstance(turn, Entry) else turn.pending[0]).message.size

    def pop(self) -> Turn:
        """Remove and return the next turn; there must be one."""
        return self._turns.popleft()
