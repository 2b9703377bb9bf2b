from __future__ import annotations

import pytest

from shared.dicom.limits import Limits
from shared.dicom.source import BytesSource, WindowedSource
from shared.errors import LimitError, TransientError

KIB = 1024


class Recording:
    def __init__(self, data: bytes, *, lie: int = 0) -> None:
        self._data = data
        self._lie = lie
        self.size = len(data) + lie
        self.reads: list[tuple[int, int]] = []

    def read(self, offset: int, length: int) -> bytes:
        self.reads.append((offset, length))
        return self._data[offset : offset + length]


def test_an_object_within_the_first_window_is_read_once() -> None:
    source = Recording(bytes(40 * KIB))
    windows = WindowedSource(source)

    for offset in range(0, 40 * KIB, 512):
        windows.read(offset, 512)

    assert source.reads == [(0, 40 * KIB)]
    assert (windows.requests, windows.bytes_read) == (1, 40 * KIB)


def test_windows_that_continue_each_other_grow_and_fetch_nothing_twice() -> None:
    data = bytes(range(256)) * 4096
    source = Recording(data)
    windows = WindowedSource(source, first_window=KIB, largest_window=4 * KIB)

    read = b"".join(windows.read(offset, 100) for offset in range(0, 15_000, 100))

    assert data[:15_000] == read
    assert [n for _, n in source.reads] == [KIB, 2 * KIB, 4 * KIB, 4 * KIB, 4 * KIB]
    assert sorted(source.reads) == source.reads
    assert windows.bytes_read == source.reads[-1][0] + source.reads[-1][1]


def test_a_jump_reads_only_what_is_asked_for_there() -> None:
    source = Recording(bytes(10_000 * KIB))
    windows = WindowedSource(source)

    windows.read(0, 100)
    windows.read(9_000 * KIB, 100)

    assert windows.bytes_read == 128 * KIB
    assert windows.requests == 2


def test_a_short_skip_goes_on_with_growing_windows() -> None:
    source = Recording(bytes(100 * KIB))
    windows = WindowedSource(source, first_window=10 * KIB)

    windows.read(0, 100)
    windows.read(15 * KIB, 100)
    windows.read(80 * KIB, 100)

    assert [length for _, length in source.reads] == [10 * KIB, 20 * KIB, 10 * KIB]


def test_a_probe_asks_for_no_more_than_its_bytes_and_is_kept() -> None:
    source = Recording(bytes(range(256)) * 100)
    windows = WindowedSource(source, first_window=10)

    assert windows.probe(300, 4) == (300, bytes(range(44, 48)))
    assert windows.read(301, 2) == bytes([45, 46])
    assert windows.probe(25_598, 100) == (25_598, bytes([254, 255]))
    assert windows.probe(25_600, 8)[1][2:] == b""
    assert source.reads == [(300, 4), (25_598, 2)]


def test_what_is_asked_for_is_bounded_once_limits_are_set() -> None:
    windows = WindowedSource(BytesSource(bytes(1000)), first_window=10)
    windows.bound(Limits(max_requests=2, max_header_bytes=15))

    windows.read(0, 10)
    with pytest.raises(LimitError) as bytes_exceeded:
        windows.read(500, 10)
    windows.bound(Limits(max_requests=2))
    with pytest.raises(LimitError) as requests_exceeded:
        windows.read(800, 10)

    assert bytes_exceeded.value.reason == "header-too-large"
    assert requests_exceeded.value.reason == "too-many-requests"


def test_time_counts_from_when_it_was_bounded() -> None:
    now = [1000.0]
    windows = WindowedSource(BytesSource(bytes(1000)), first_window=10)
    windows.bound(Limits(max_read_s=5), lambda: now[0])

    now[0] += 5
    windows.read(0, 10)
    now[0] += 1
    with pytest.raises(TransientError) as caught:
        windows.read(500, 10)

    assert caught.value.reason == "reading-too-slow"


def test_what_ends_early_is_cut_and_what_lies_beyond_is_empty() -> None:
    windows = WindowedSource(BytesSource(b"abcdef"))

    assert windows.read(4, 10) == b"ef"
    assert windows.read(6, 1) == b""
    assert not windows.reaches(7)


def test_only_some_windows_are_kept() -> None:
    windows = WindowedSource(BytesSource(bytes(1000)), first_window=10, kept=2)

    for offset in (0, 500, 900):
        windows.read(offset, 5)

    assert [windows.holds(at, at + 5) for at in (0, 500, 900)] == [False, True, True]


def test_a_source_that_gives_less_than_it_has_is_no_proof_of_anything() -> None:
    windows = WindowedSource(Recording(bytes(100), lie=1))

    with pytest.raises(TransientError) as caught:
        windows.read(0, 10)

    assert caught.value.reason == "short-read"
