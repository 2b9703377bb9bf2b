"""Bytes that are asked for by range: where a reader gets an object from without holding it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Final, Protocol

from shared.dicom.elements import Extent
from shared.dicom.limits import Limits
from shared.errors import LimitError, TransientError

FIRST_WINDOW_BYTES: Final = 64 * 1024
LARGEST_WINDOW_BYTES: Final = 1024 * 1024
CHUNK_BYTES: Final = 8 * 1024 * 1024


class Source(Protocol):
    """One immutable run of bytes, for instance one generation of a stored object."""

    @property
    def size(self) -> int:
        """Bytes of the whole run."""

    def read(self, offset: int, length: int) -> bytes:
        """Return exactly `length` bytes from `offset`, fewer only where the run ends."""


class Windows(Protocol):
    """What the data set reader walks over: the windows of a plain or an inflated stream."""

    @property
    def end(self) -> int | None:
        """Length of the stream, or None as long as it is not known."""

    def window(self, offset: int, length: int) -> tuple[int, bytes]:
        """Return (start, data) that hold `length` bytes from `offset`, or all up to the end."""

    def reaches(self, offset: int) -> bool:
        """Tell whether the stream is at least `offset` bytes long."""


class BytesSource:
    """A source that is already in memory."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    @property
    def size(self) -> int:
        """Bytes of the whole run."""
        return len(self._data)

    def read(self, offset: int, length: int) -> bytes:
        """Return the bytes of one range."""
        return self._data[offset : offset + length]


def extent_pieces(
    extent: Extent, source: Source, chunk_bytes: int = CHUNK_BYTES
) -> Iterator[bytes]:
    """The bytes of an extent, in pieces of up to `chunk_bytes`.

    Raises:
        TransientError: `short-read`, the source gave less than it has.
    """
    end = extent.offset + extent.length
    for offset in range(extent.offset, end, chunk_bytes):
        length = min(chunk_bytes, end - offset)
        chunk = source.read(offset, length)
        if len(chunk) != length:
            raise TransientError("short-read")
        yield chunk


class WindowedSource:
    """A source that turns many small reads into few ranged reads, and counts them.

    The first window is `first_window` bytes; a window that continues the one before, or skips no
    more than a first window, is twice as large, up to `largest_window`; a jump starts again at
    `first_window`. At most `kept` windows
    stay in memory. `bound` sets how much may be asked for, and how long it may take.
    """

    def __init__(
        self,
        source: Source,
        first_window: int = FIRST_WINDOW_BYTES,
        largest_window: int = LARGEST_WINDOW_BYTES,
        kept: int = 2,
    ) -> None:
        self._source = source
        self._first = first_window
        self._largest = largest_window
        self._kept = kept
        self._next = first_window
        self._windows: list[tuple[int, bytes]] = []
        self._latest = (0, b"")
        self._limits: Limits | None = None
        self._clock: Callable[[], float] = time.monotonic
        self._deadline = 0.0
        self.size = source.size
        self.requests = 0
        self.bytes_read = 0

    @property
    def end(self) -> int:
        """Length of the stream."""
        return self.size

    def reaches(self, offset: int) -> bool:
        """Tell whether the source is at least `offset` bytes long."""
        return offset <= self.size

    def holds(self, offset: int, until: int) -> bool:
        """Tell whether a kept window has the bytes, so that reading them costs no request."""
        return any(start <= offset and until <= start + len(data) for start, data in self._windows)

    def bound(self, limits: Limits, clock: Callable[[], float] = time.monotonic) -> None:
        """Refuse from now on what exceeds the limits on bytes, requests and seconds."""
        self._limits = limits
        self._clock = clock
        self._deadline = clock() + limits.max_read_s

    def check_time(self) -> None:
        """Do nothing as long as there is time.

        Raises:
            TransientError: `reading-too-slow`. What may be asked for is bounded otherwise: lost
                time is the fault of the store or of the machine, not of the object.
        """
        if self._limits is not None and self._clock() > self._deadline:
            raise TransientError("reading-too-slow")

    def probe(self, offset: int, length: int) -> tuple[int, bytes]:
        """Return a window like `window`, but ask for no more than these bytes."""
        until = min(offset + length, self.size)
        if until > offset and not self.holds(offset, until):
            return self._keep((offset, self._request(offset, until - offset)))
        return self.window(offset, length)

    def read(self, offset: int, length: int) -> bytes:
        """Return the bytes of one range, from a kept window where possible."""
        start, data = self._latest
        if start <= offset and offset + length <= start + len(data):
            return data[offset - start : offset - start + length]
        start, data = self.window(offset, length)
        return data[offset - start : offset - start + length]

    def window(self, offset: int, length: int) -> tuple[int, bytes]:
        """Return (start, data) that hold `length` bytes from `offset`, or all up to the end."""
        until = min(offset + length, self.size)
        for window in reversed(self._windows):
            if window[0] <= offset and until <= window[0] + len(window[1]):
                return window
        if until <= offset:
            return offset, b""
        return self._keep(self._fetched(offset, until))

    def _fetched(self, offset: int, until: int) -> tuple[int, bytes]:
        start, data = self._windows[-1] if self._windows else (0, b"")
        overlap = data[offset - start :] if start <= offset <= start + len(data) else b""
        continues = bool(self._windows) and start <= offset <= start + len(data) + self._first
        self._next = min(self._next * 2, self._largest) if continues else self._first
        begin = offset + len(overlap)
        stop = min(max(until, begin + self._next), self.size)
        return offset, overlap + self._request(begin, stop - begin)

    def _request(self, offset: int, length: int) -> bytes:
        self.check_time()
        data = self._source.read(offset, length)
        self.requests += 1
        self.bytes_read += len(data)
        if len(data) != length:
            raise TransientError("short-read")
        self._check_limits()
        return data

    def _check_limits(self) -> None:
        if self._limits is None:
            return
        if self.bytes_read > self._limits.max_header_bytes:
            raise LimitError("header-too-large")
        if self.requests > self._limits.max_requests:
            raise LimitError("too-many-requests")

    def _keep(self, window: tuple[int, bytes]) -> tuple[int, bytes]:
        self._windows = [*self._windows[1 - self._kept :], window]
        self._latest = window
        return window
