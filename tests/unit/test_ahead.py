import threading
from collections.abc import Iterator

import pytest

from shared.errors import TransientError
from shared.object_source import ahead


def test_chunks_come_in_their_order() -> None:
    assert list(ahead(iter([b"one", b"", b"two"]))) == [b"one", b"", b"two"]
    assert list(ahead(iter([]))) == []


def test_the_next_chunk_is_fetched_while_one_is_used() -> None:
    fetched = threading.Event()

    def chunks() -> Iterator[bytes]:
        yield b"one"
        fetched.set()
        yield b"two"

    coming = ahead(chunks())
    assert next(coming) == b"one"
    assert fetched.wait(10)
    assert list(coming) == [b"two"]


def test_no_more_than_one_chunk_waits() -> None:
    given: list[int] = []

    def chunks() -> Iterator[bytes]:
        for number in range(9):
            given.append(number)
            yield b"%d" % number

    coming = ahead(chunks())
    next(coming)
    coming.close()  # type: ignore[attr-defined]
    assert given == [0, 1]


def test_what_reading_raises_is_raised_in_its_place() -> None:
    def chunks() -> Iterator[bytes]:
        yield b"one"
        raise TransientError("short-read")

    coming = ahead(chunks())
    assert next(coming) == b"one"
    with pytest.raises(TransientError, match="short-read"):
        next(coming)
