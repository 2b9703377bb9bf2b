"""When a drop is over: the files of a facility, cut where nothing more came. Pure.

A drop ends at a manifest, when nothing landed for the facility's quiet period, or when it has gone
on for as long as one receipt covers. Its stretch begins where the one before it ends, so that all
the time of a facility is covered, once.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Self

from shared.contracts.facilities import Facility
from shared.contracts.receipt import Closing, Landing, Stretch

# For rows that are still on their way to the tables when the last ones of a drop are there.
SETTLING: Final = timedelta(seconds=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Drop:
    """A drop that is over."""

    stretch: Stretch
    closing: Closing
    undecided_since: datetime | None  # when the last landed of what has no outcome

    def is_settled(self, now: datetime, patience: timedelta) -> bool:
        """Return whether all of it is decided, or has waited for too long."""
        return self.undecided_since is None or now - self.undecided_since >= patience


@dataclass(frozen=True, slots=True, kw_only=True)
class _Gathering:
    """A drop while its landings are looked at, in their order."""

    first: datetime
    last: datetime
    manifest: datetime | None
    undecided_since: datetime | None

    @classmethod
    def of(cls, landing: Landing) -> Self:
        at = landing.landed_at
        return cls(
            first=at,
            last=at,
            manifest=at if landing.ends_drop else None,
            undecided_since=at if landing.undecided else None,
        )

    def joined_by(self, landing: Landing) -> "_Gathering":
        at = landing.landed_at
        return _Gathering(
            first=self.first,
            last=at,
            manifest=self.manifest or (at if landing.ends_drop else None),
            undecided_since=at if landing.undecided else self.undecided_since,
        )

    def end(self, facility: Facility) -> tuple[datetime, Closing]:
        """Return where it ends as far as is known, and why there."""
        ends = {
            Closing.QUIET: self.last + timedelta(seconds=facility.receipt_quiet_s),
            Closing.FORCED: self.first + timedelta(seconds=facility.receipt_forced_s),
        }
        if self.manifest:
            ends[Closing.MANIFEST] = self.manifest
        closing = min(ends, key=lambda each: ends[each])
        return ends[closing], closing


def closed_drops(facility: Facility, landings: Iterable[Landing], now: datetime) -> Iterator[Drop]:
    """Yield the drops of a facility that are over, given what landed since its last receipt.

    The landings come in the order of their times.
    """
    gathering: _Gathering | None = None
    begins: datetime | None = None
    for landing in landings:
        begins = landing.covered_to if begins is None else begins
        if gathering and landing.landed_at > gathering.end(facility)[0]:
            drop = _drop(facility, gathering, begins)
            yield drop
            gathering, begins = None, drop.stretch.covers_to
        gathering = gathering.joined_by(landing) if gathering else _Gathering.of(landing)
    if gathering and begins and now - SETTLING > gathering.end(facility)[0]:
        yield _drop(facility, gathering, begins)


def _drop(facility: Facility, gathering: _Gathering, begins: datetime) -> Drop:
    end, closing = gathering.end(facility)
    stretch = Stretch(facility=facility.name, covers_from=begins, covers_to=end)
    return Drop(stretch=stretch, closing=closing, undecided_since=gathering.undecided_since)
