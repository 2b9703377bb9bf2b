from collections.abc import Sequence
from datetime import timedelta

import pytest

from functions.sweep.drops import SETTLING, closed_drops
from shared.contracts.facilities import Facility
from shared.contracts.receipt import BEGINNING, Closing, Landing
from tests.outcomes import MOMENT

FACILITY = Facility(name="h", receipt_quiet_s=60, receipt_forced_s=300)
SECOND = timedelta(seconds=1)
LATER = MOMENT + timedelta(days=1)


def _landings(
    *seconds: float, manifests: Sequence[float] = (), undecided: Sequence[float] = ()
) -> list[Landing]:
    return [
        Landing(
            facility="h",
            landed_at=MOMENT + timedelta(seconds=at),
            undecided=at in undecided,
            ends_drop=at in manifests,
            covered_to=BEGINNING,
        )
        for at in seconds
    ]


def _cut(landings: Sequence[Landing], after_s: float = 86400) -> list[tuple[float, Closing]]:
    drops = list(closed_drops(FACILITY, landings, MOMENT + timedelta(seconds=after_s)))
    begins = [drop.stretch.covers_from for drop in drops]
    assert begins == [BEGINNING, *(drop.stretch.covers_to for drop in drops)][: len(drops)]
    return [((drop.stretch.covers_to - MOMENT) / SECOND, drop.closing) for drop in drops]


def test_nothing_that_landed_is_no_drop() -> None:
    assert _cut([]) == []


@pytest.mark.parametrize(
    ("landed", "expected"),
    [
        ([0], [60]),
        ([0, 60], [120]),  # within the period, to the last moment of it
        ([0, 61], [60, 121]),
        ([0, 0, 0], [60]),
        ([0, 30, 200, 230], [90, 290]),
    ],
)
def test_a_drop_ends_where_nothing_more_came(landed: list[float], expected: list[float]) -> None:
    assert _cut(_landings(*landed)) == [(end, Closing.QUIET) for end in expected]


def test_a_drop_that_goes_on_is_cut() -> None:
    landed = range(0, 700, 50)
    assert _cut(_landings(*landed)) == [
        (300, Closing.FORCED),
        (650, Closing.FORCED),
    ]


def test_a_manifest_ends_a_drop_with_what_landed_at_its_moment() -> None:
    assert _cut(_landings(0, 10, 10, 20, manifests=[10])) == [
        (10, Closing.MANIFEST),
        (80, Closing.QUIET),
    ]


def test_each_manifest_ends_one() -> None:
    assert _cut(_landings(0, 10, 20, manifests=[10, 20])) == [
        (10, Closing.MANIFEST),
        (20, Closing.MANIFEST),
    ]


@pytest.mark.parametrize(("manifests", "end"), [([], 60), ([0], 0)])
def test_a_drop_is_over_a_while_after_its_end(manifests: list[float], end: float) -> None:
    landings, settled = _landings(0, manifests=manifests), end + SETTLING / SECOND
    assert _cut(landings, settled) == []
    assert len(_cut(landings, settled + 0.001)) == 1


def test_a_drop_waits_for_the_last_of_it_that_is_undecided() -> None:
    (drop,) = closed_drops(FACILITY, _landings(0, 10, 20, undecided=[0, 10]), LATER)
    assert drop.undecided_since == MOMENT + 10 * SECOND
    patience = timedelta(minutes=15)
    due = MOMENT + 10 * SECOND + patience
    assert not drop.is_settled(due - SECOND, patience)
    assert drop.is_settled(due, patience)
    (decided,) = closed_drops(FACILITY, _landings(0, 10), LATER)
    assert decided.is_settled(MOMENT, patience)
