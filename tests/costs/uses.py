"""What was asked of the services: by whom, what, on what, how often, and of how many bytes."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple


class Use(NamedTuple):
    """One kind of request."""

    by: str  # a function, `facility`, or `storage` for Cloud Storage itself
    what: str  # the API's method
    on: str  # a bucket, topic, subscription or table


class Amount(NamedTuple):
    """How much of it."""

    number: int
    bytes: int

    def __add__(self, more: object) -> Amount:
        assert isinstance(more, Amount)
        return Amount(self.number + more.number, self.bytes + more.bytes)


class CountError(Exception):
    """Something was asked that is not known, or that failed: the count is not one of costs."""


@dataclass(slots=True)
class Uses:
    """A record that every meter writes to."""

    _amounts: dict[Use, Amount]
    _refused: list[str]
    _lock: threading.Lock
    _latest: float

    @classmethod
    def none(cls) -> Uses:
        """Return an empty record."""
        return cls({}, [], threading.Lock(), time.monotonic())

    def add(self, use: Use, count: int = 1, size: int = 0) -> None:
        """Note that something was done."""
        with self._lock:
            known = self._amounts.get(use, Amount(0, 0))
            self._amounts[use] = known + Amount(count, size)
            self._latest = time.monotonic()

    def refuse(self, what: str) -> None:
        """Note something that makes the count worthless."""
        with self._lock:
            self._refused.append(what)
            self._latest = time.monotonic()

    def quiet_s(self) -> float:
        """Return for how long nothing was noted."""
        with self._lock:
            return time.monotonic() - self._latest

    def so_far(self) -> Mapping[Use, Amount]:
        """Return what was noted.

        Raises:
            CountError: something unknown was asked, or something failed.
        """
        with self._lock:
            if self._refused:
                raise CountError("; ".join(sorted(set(self._refused))))
            return dict(self._amounts)


def between(before: Mapping[Use, Amount], after: Mapping[Use, Amount]) -> dict[Use, Amount]:
    """Return what was added."""
    none = Amount(0, 0)
    added = {
        use: Amount(
            amount.number - before.get(use, none).number, amount.bytes - before.get(use, none).bytes
        )
        for use, amount in after.items()
    }
    return {use: amount for use, amount in added.items() if amount != none}
