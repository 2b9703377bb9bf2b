import random
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from shared.adapters.group_commit import GroupCommit
from shared.errors import PermanentError, TransientError


class _Service:
    """Confirms batches; while the gate is closed, callers queue up behind the first."""

    def __init__(self) -> None:
        self.batches: list[list[bytes]] = []
        self.entered = threading.Event()
        self.gate = threading.Event()
        self.gate.set()

    def send(self, rows: Sequence[bytes]) -> None:
        self.entered.set()
        self.gate.wait(10)
        self.batches.append(list(rows))
        if b"bad" in rows:
            raise PermanentError("bigquery-row-refused")
        if b"unlucky" in rows:
            raise TransientError("bigquery-timeout")


def _queued(service: _Service, commit: GroupCommit, rows: Sequence[bytes]) -> list[object]:
    """Append every row from a thread of its own, all but the first while that one is sent."""
    service.gate.clear()
    with ThreadPoolExecutor(len(rows) + 1) as pool:
        first = pool.submit(commit.append, [b"first"])
        service.entered.wait(10)
        others = [pool.submit(commit.append, [row]) for row in rows]
        while len(commit._queue) < len(rows):
            threading.Event().wait(0.001)
        service.gate.set()
        return [future.exception(10) for future in [first, *others]]


def test_a_lone_caller_sends_at_once() -> None:
    service = _Service()
    GroupCommit(service.send).append([b"a", b"b"])
    assert service.batches == [[b"a", b"b"]]


def test_callers_that_come_meanwhile_share_the_next_request() -> None:
    service = _Service()
    rows = [b"%d" % number for number in range(20)]
    assert _queued(service, GroupCommit(service.send), rows) == [None] * 21
    assert service.batches[0] == [b"first"]
    assert sorted(service.batches[1]) == sorted(rows)
    assert len(service.batches) == 2


def test_a_request_keeps_within_its_limits() -> None:
    service = _Service()
    commit = GroupCommit(service.send, max_rows=8, max_bytes=100)
    _queued(service, commit, [b"x" * 30] * 10)
    assert [len(batch) for batch in service.batches[1:]] == [3, 3, 3, 1]
    commit.append([b"y" * 1000])
    assert service.batches[-1] == [b"y" * 1000]


def test_a_bad_row_fails_only_its_caller() -> None:
    service = _Service()
    errors = _queued(service, GroupCommit(service.send), [b"good", b"bad", b"fine"])
    assert [type(error) for error in errors] == [
        type(None),
        type(None),
        PermanentError,
        type(None),
    ]


def test_a_transient_failure_is_everybodys_to_retry() -> None:
    service = _Service()
    errors = _queued(service, GroupCommit(service.send), [b"good", b"unlucky"])
    assert [type(error) for error in errors] == [type(None), TransientError, TransientError]


def test_after_a_failure_the_next_append_is_sent() -> None:
    service = _Service()
    commit = GroupCommit(service.send)
    with pytest.raises(TransientError):
        commit.append([b"unlucky"])
    commit.append([b"good"])
    assert service.batches[-1] == [b"good"]


def test_who_sends_has_rows_of_its_own_among_them() -> None:
    """Somebody who is served already would send the first row that comes, and that one alone."""
    senders: list[tuple[bytes, Sequence[bytes]]] = []

    def send(rows: Sequence[bytes]) -> None:
        time.sleep(0.001)
        senders.append((b"%d" % threading.get_ident(), rows))

    commit = GroupCommit(send)

    def append(_number: int) -> None:
        commit.append([b"%d" % threading.get_ident()])

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(append, range(200)))
    assert sum(len(rows) for _, rows in senders) == 200
    assert [sender for sender, rows in senders if sender not in rows] == []


class _Unreliable:
    """Fails in every way, before it has stored a batch and after."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self.stored: set[bytes] = set()

    def send(self, rows: Sequence[bytes]) -> None:
        time.sleep(0.0002)
        if any(row.startswith(b"bad") for row in rows):
            raise PermanentError("bigquery-row-refused")
        chance = self._random.random()
        if chance < 0.1:
            raise TransientError("bigquery-timeout")
        if chance < 0.2:
            raise SystemExit
        self.stored.update(rows)
        if chance < 0.3:
            raise TransientError("bigquery-answer-lost")


@pytest.mark.parametrize("seed", range(5))
def test_whatever_fails_nobody_waits_for_ever_or_is_told_of_rows_that_are_not_stored(
    seed: int,
) -> None:
    service = _Unreliable(seed)
    commit = GroupCommit(service.send, max_rows=7)
    told: dict[bytes, BaseException | None] = {}

    def deliver(name: int) -> None:
        for number in range(20):
            row = b"%s %d %d" % (b"bad" if number % 9 == name else b"good", name, number)
            told[row] = None
            try:
                commit.append([row])
            except BaseException as error:  # noqa: BLE001 - kept, to be looked at
                told[row] = error

    threads = [threading.Thread(target=deliver, args=(name,), daemon=True) for name in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert not any(thread.is_alive() for thread in threads)
    assert len(told) == 12 * 20
    assert {row for row, error in told.items() if error is None} <= service.stored
    refused = {row for row, error in told.items() if isinstance(error, PermanentError)}
    assert refused == {row for row in told if row.startswith(b"bad")}
