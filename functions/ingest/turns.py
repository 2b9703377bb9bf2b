"""Turns: what takes much memory at worst is done by a few deliveries at once.

An instance takes dozens of deliveries, nearly all of them small; these numbers keep the few that
are not within its memory (`resources` of `ingest` in `infra/pipeline.yaml`; a test multiplies).
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from shared.errors import TransientError

BASE_MIB: Final = 80  # the process, its libraries and what small deliveries hold
HEADERS_AT_ONCE: Final = 8
HEADER_MIB: Final = 95  # the worst header within the limits, measured
EXPANSIONS_AT_ONCE: Final = 2
EXPANSION_MIB: Final = 66  # the worst container within the limits, measured
SPILLS_AT_ONCE: Final = 1
SPILL_MIB: Final = 40  # of the largest metadata, while they are written, measured
PATIENCE_S: Final = 240.0


class Turns:
    """How many blocks run at once in one process."""

    def __init__(self, at_once: int, patience_s: float = PATIENCE_S) -> None:
        self._free = threading.BoundedSemaphore(at_once)
        self._patience_s = patience_s

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Run the block when it is its turn.

        Raises:
            TransientError: the turn did not come in time.
        """
        if not self._free.acquire(timeout=self._patience_s):
            raise TransientError("busy")
        try:
            yield
        finally:
            self._free.release()
