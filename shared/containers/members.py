"""The members of a container, as every format gives them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, Protocol

CHUNK_BYTES: Final = 256 * 1024


def _nothing() -> Iterator[bytes]:
    return iter(())


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One member; `chunks` is read at most once, before the next member is asked for.

    Reading raises `FormatError("member-damaged")` when the bytes are not those that the
    container says, at the latest at their end. `size` is what the container says, None where
    it does not.
    """

    index: int
    name: str
    size: int | None = 0
    refusal: str | None = None
    chunks: Callable[[], Iterator[bytes]] = _nothing


class Walk(Protocol):
    """One pass over a container. Folders are no members."""

    warnings: list[str]  # complete once the pass is
    total_bytes: int  # the members', once the pass is complete

    def __iter__(self) -> Iterator[Member]:
        """Yield the members in the order of the container.

        Raises:
            FormatError: not even the first can be read.
            LimitError: the container exceeds a limit.
        """
        ...
