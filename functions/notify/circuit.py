"""A circuit: while a receiver is known to be down, nothing is sent to it.

After some failures in a row it opens; after a while one attempt is let through, and what becomes of
it closes the circuit or opens it for twice as long. It lives in one instance's memory: an instance
that knows nothing finds out by itself.
"""

import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from shared.ports import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """When a circuit opens, and for how long."""

    failures: int = 5  # in a row
    at_first: timedelta = timedelta(seconds=10)
    at_most: timedelta = timedelta(minutes=5)  # shorter than Pub/Sub waits at most
    at_most_when_asked: timedelta = timedelta(hours=1)
    probe: timedelta = timedelta(minutes=2)  # longer than an attempt can take


TERMS: Final = Terms()


class Circuit:
    """What one instance knows of one receiver."""

    def __init__(self, clock: Clock, terms: Terms = TERMS) -> None:
        self._clock = clock
        self._terms = terms
        self._lock = threading.Lock()
        self._failures = 0
        self._duration = terms.at_first
        self._until: datetime | None = None
        self._probing = False

    def admits(self) -> bool:
        """Return whether an attempt may be made; of an open circuit, one after a while."""
        now = self._clock.now()
        with self._lock:
            if self._until is None:
                return True
            if now < self._until:
                return False
            self._until = now + self._terms.probe  # should this one never tell, there is another
            self._probing = True
            return True

    def succeeded(self) -> None:
        """Note that the receiver answered as it should: the circuit is closed."""
        with self._lock:
            self._close()

    def failed(self, wait: timedelta | None = None) -> None:
        """Note that an attempt failed, and for how long the receiver asked to be left alone."""
        now = self._clock.now()
        with self._lock:
            self._failures += 1
            if wait is not None:
                self._open(now + min(wait, self._terms.at_most_when_asked))
            elif self._probing:
                self._duration = min(2 * self._duration, self._terms.at_most)
                self._open(now + self._duration)
            elif self._until is None and self._failures >= self._terms.failures:
                self._open(now + self._duration)

    def _open(self, until: datetime) -> None:
        self._until, self._probing = until, False

    def _close(self) -> None:
        self._failures = 0
        self._duration = self._terms.at_first
        self._until = None
        self._probing = False
