"""What is due when: a heap whose dead entries are dropped lazily and in bulk."""

import heapq
from collections.abc import Callable, Iterator
from typing import Final, Generic, TypeVar

Subject = TypeVar("Subject")

_SLACK: Final = 1024


class Timers(Generic[Subject]):
    """Subjects ordered by the second at which they are due."""

    def __init__(self, is_alive: Callable[[Subject], bool]) -> None:
        """Start empty; ``is_alive`` tells which subjects still matter when space is reclaimed."""
        self._is_alive = is_alive
        self._heap: list[tuple[float, int, Subject]] = []
        self._serial = 0
        self._compact_at = _SLACK

    def __len__(self) -> int:
        """Return how many entries are held, dead ones included."""
        return len(self._heap)

    def add(self, when: float, subject: Subject) -> bool:
        """Add a subject; true when it is now the first that is due."""
        self._serial += 1
        heapq.heappush(self._heap, (when, self._serial, subject))
        if len(self._heap) > self._compact_at:
            self._compact()
        return bool(self._heap) and self._heap[0][0] >= when

    def next_due(self) -> float | None:
        """Return when the first subject is due."""
        return self._heap[0][0] if self._heap else None

    def pop_due(self, now: float) -> Iterator[Subject]:
        """Remove and yield what is due, also what is added meanwhile."""
        while self._heap and self._heap[0][0] <= now:
            yield heapq.heappop(self._heap)[2]

    def _compact(self) -> None:
        self._heap = [entry for entry in self._heap if self._is_alive(entry[2])]
        heapq.heapify(self._heap)
        self._compact_at = 2 * len(self._heap) + _SLACK
