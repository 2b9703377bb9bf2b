"""Lists by pages: a page token is the name of the last item, so that it survives changes."""

from base64 import b64decode, urlsafe_b64encode
from bisect import bisect_right
from collections.abc import Iterable
from typing import Final, NamedTuple

from infra.local.pubsub.errors import InvalidArgumentError

DEFAULT_PAGE_SIZE: Final = 100
MAX_PAGE_SIZE: Final = 1000


class Page(NamedTuple):
    """Some names, in order, and the token of the next page or ``""``."""

    names: list[str]
    next_token: str


def page_of(names: Iterable[str], page_size: int, token: str) -> Page:
    """Return the page after ``token``; a size of 0 is the default, a large one is cut."""
    if page_size < 0:
        raise InvalidArgumentError(f"The page_size must not be negative. You passed {page_size}.")
    size = min(page_size or DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE)
    ordered = sorted(names)
    start = bisect_right(ordered, _name_in(token)) if token else 0
    chosen = ordered[start : start + size]
    more = start + size < len(ordered)
    return Page(chosen, urlsafe_b64encode(chosen[-1].encode()).decode() if more else "")


def _name_in(token: str) -> str:
    try:
        return b64decode(token.encode(), altchars=b"-_", validate=True).decode()
    except ValueError:
        raise InvalidArgumentError("Invalid page token.") from None
