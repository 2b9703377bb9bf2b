"""Group commit: concurrent callers share one append, each waits for its own rows.

While one append is under way the next callers queue; whoever comes to send next takes them all.
A lone caller never waits for others, and under load the batch grows with the latency of the
service. A batch that is refused is sent again row by row, so one bad row fails only its caller.
"""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

from shared.errors import PermanentError


@dataclass(frozen=True, slots=True)
class _Entry:
    rows: Sequence[bytes]
    done: "Future[None]" = field(default_factory=Future)

    @property
    def size(self) -> int:
        return sum(map(len, self.rows))


class GroupCommit:
    """Batches of serialized rows, or messages, for one `send` that returns once it is confirmed.

    `send` raises a `PermanentError` for rows that can never be stored.
    """

    def __init__(
        self, send: Callable[[Sequence[bytes]], None], max_rows: int = 500, max_bytes: int = 8 << 20
    ) -> None:
        self._send = send
        self._max_rows = max_rows
        self._max_bytes = max_bytes
        self._queue: list[_Entry] = []
        self._queue_lock = threading.Lock()
        self._sending = threading.Lock()

    def append(self, rows: Sequence[bytes]) -> None:
        """Return once these rows are confirmed; raise what became of them otherwise."""
        entry = _Entry(rows)
        with self._queue_lock:
            self._queue.append(entry)
        while not entry.done.done():
            with self._sending:
                self._send_batch(self._take())
        entry.done.result()

    def _take(self) -> list[_Entry]:
        """Return the oldest entries within the limits of one request, at least one."""
        with self._queue_lock:
            count = rows = size = 0
            for entry in self._queue:
                rows, size = rows + len(entry.rows), size + entry.size
                if count and (rows > self._max_rows or size > self._max_bytes):
                    break
                count += 1
            batch, self._queue = self._queue[:count], self._queue[count:]
            return batch

    def _send_batch(self, batch: Sequence[_Entry]) -> None:
        if not batch:
            return
        try:
            self._send([row for entry in batch for row in entry.rows])
        except PermanentError as error:
            self._send_apart(batch, error)
        except BaseException as error:  # noqa: BLE001 - handed on to every caller that waits
            for entry in batch:
                entry.done.set_exception(error)
        else:
            for entry in batch:
                entry.done.set_result(None)

    def _send_apart(self, batch: Sequence[_Entry], error: PermanentError) -> None:
        if len(batch) == 1:
            batch[0].done.set_exception(error)
            return
        for entry in batch:
            self._send_batch([entry])
