"""A deadline for everything that is said over one connection, however slowly the other side talks.

A timeout of a socket is for one operation, so that a byte now and then outlasts it for ever.
"""

import contextlib
import socket
import threading
import time
from types import TracebackType
from typing import Self

_LATER_S = 5.0


class Deadline:
    """Within the block, the watched connection is cut once the time is over."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds
        self._timer = threading.Timer(seconds, self._cut)
        self._timer.daemon = True
        self._lock = threading.Lock()
        self._watched: socket.socket | None = None
        self.passed = False

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._timer.cancel()
        with self._lock:
            if self._watched:
                self._watched.close()

    def left_s(self) -> float:
        """Return how much time is left.

        Raises:
            TimeoutError: none is.
        """
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left

    def watch(self, connection: socket.socket) -> None:
        """Have this connection cut; what is cut is its twin, since TLS takes the socket over.

        Its own timeout comes later, should the deadline's thread not get to it.
        """
        connection.settimeout(self.left_s() + _LATER_S)
        with self._lock:
            self._watched = connection.dup()
        if self.passed:
            self._cut()

    def _cut(self) -> None:
        self.passed = True
        with self._lock, contextlib.suppress(OSError):
            if self._watched:
                self._watched.shutdown(socket.SHUT_RDWR)
