"""Where one run of `sweep` looks, what it may take, and how patient it is."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from shared.contracts.message import TOPICS_KEEP

# What is open for longer than topics keep what was published was reported many times.
LOOKBACK: Final = TOPICS_KEEP
RECENT: Final = timedelta(days=2)  # longer than any drop is open and waited for


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The limits of one run; the README says why each is what it is."""

    stuck_after: timedelta = timedelta(minutes=15)
    interval: timedelta = timedelta(minutes=5)  # between two runs
    ask_every: timedelta = timedelta(hours=1)  # for open uploads
    compare_every: timedelta = timedelta(days=1)  # the whole archive
    budget: timedelta = timedelta(seconds=420)
    max_announced: int = 10_000
    max_compared: int = 500_000
    max_dead_letters: int = 100
    max_findings: int = 100
    max_study_changes: int = 1_000


DEFAULT_LIMITS: Final = Limits()


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """The buckets that are looked through, and the limits."""

    inbox: str
    archive: str
    quarantine: str
    limits: Limits = DEFAULT_LIMITS
