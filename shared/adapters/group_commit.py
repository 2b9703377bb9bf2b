"""Group commit: concurrent callers share one append, each waits for its own rows.

While one append is under way the next callers queue; when it is done, the first of them sends for
all. A lone caller never waits for others, and under load the batch grows with the latency of the
service. A batch that is refused is sent again row by row, so one bad row fails only its caller.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from shared.errors import PermanentError


@dataclass(slots=True, eq=False)
class _Entry:
    rows: Sequence[bytes]
    woken: threading.Event = field(default_factory=threading.Event)  # settled, or first in line
    settled: bool = False
    error: BaseException | None = None

    @property
    def size(self) -> int:
        return sum(map(len, self.rows))

    def settle(self, error: BaseException | None = None) -> None:
        self.error, self.settled = error, True
        self.woken.set()


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
        self._sending = False

    def append(self, rows: Sequence[bytes]) -> None:
        """Return once these rows are confirmed; raise what became of them otherwise."""
        entry = _Entry(rows)
        with self._queue_lock:
            self._queue.append(entry)
            if not self._sending:
                self._sending = True
                entry.woken.set()
        entry.woken.wait()
        if not entry.settled:
            try:
                self._send_batch(self._take())
            finally:
                self._pass_on()
        if entry.error:
            raise entry.error

    def _pass_on(self) -> None:
        """Have the oldest entry send next; nobody does until there is one."""
        with self._queue_lock:
            self._sending = bool(self._queue)
            if self._queue:
                self._queue[0].woken.set()

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
        try:
            self._send([row for entry in batch for row in entry.rows])
        except PermanentError as error:
            self._send_apart(batch, error)
        except BaseException as error:  # noqa: BLE001 - handed on to every caller that waits
            for entry in batch:
                entry.settle(error)
        else:
            for entry in batch:
                entry.settle()

    def _send_apart(self, batch: Sequence[_Entry], error: PermanentError) -> None:
        if len(batch) == 1:
            batch[0].settle(error)
            return
        for entry in batch:
            self._send_batch([entry])
