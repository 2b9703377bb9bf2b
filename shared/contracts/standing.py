"""How far a target has been told, in numbers."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What became of the events that one target was to be told of, as far as it was tried."""

    target: str
    delivered: int
    failed: int  # and tried again
    refused: int
    given_up: int
    attempted_at: datetime  # last
    oldest: datetime | None  # when the oldest was published that it has not got
