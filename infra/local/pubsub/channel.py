"""Where a subscription meets the event loop: its timers, and the consumers that wait for it."""

import asyncio
from collections.abc import Callable

from infra.local.pubsub.times import Clock


class Alarm:
    """A timer that is always set to the earliest moment asked for."""

    def __init__(self, clock: Clock, ring: Callable[[], float | None]) -> None:
        """Call ``ring`` when due; it returns when it next wants to be called."""
        self._clock = clock
        self._ring = ring
        self._handle: asyncio.TimerHandle | None = None
        self._when = 0.0

    def set(self, when: float) -> None:
        """Ring at ``when`` at the latest."""
        if self._handle and self._when <= when:
            return
        self.cancel()
        self._when = when
        delay = max(0.0, when - self._clock())
        self._handle = asyncio.get_running_loop().call_later(delay, self._go_off)

    def cancel(self) -> None:
        """Do not ring any more."""
        if self._handle:
            self._handle.cancel()
        self._handle = None

    def _go_off(self) -> None:
        self._handle = None
        again = self._ring()
        if again is not None:
            self.set(again)


class Channel:
    """The listener of one subscription: wakes who waits for messages, keeps its alarm."""

    def __init__(self, alarm: Alarm) -> None:
        """Start without consumers."""
        self.alarm = alarm
        self._waiting: set[asyncio.Event] = set()

    def on_ready(self) -> None:
        """Wake every consumer."""
        for event in self._waiting:
            event.set()

    def on_alarm(self, when: float) -> None:
        """Have the backlog advanced at ``when``."""
        self.alarm.set(when)

    def join(self) -> asyncio.Event:
        """Return an event that is set whenever messages may be deliverable."""
        event = asyncio.Event()
        self._waiting.add(event)
        return event

    def leave(self, event: asyncio.Event) -> None:
        """Stop waking the holder of an event."""
        self._waiting.discard(event)
