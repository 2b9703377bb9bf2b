"""Dates move by whole days, and what is no date does not."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.dicom.deidentification.dates import capped_age, is_temporal, moved
from shared.dicom.deidentification.pseudonyms import LARGEST_DAY_OFFSET
from tests.unit.deidentification.samples import KEY


@pytest.mark.parametrize(
    ("vr", "value", "expected"),
    [
        ("DA", b"20210301", b"20210228"),
        ("DA", b"20200301", b"20200229"),
        ("DA", b"20210101 ", b"20201231"),
        ("DA", b"2021.01.01", b"2020.12.31"),
        ("DA", b"20210301\\20210303", b"20210228\\20210302"),
        ("DT", b"20210301101112.123456+0100", b"20210228101112.123456+0100"),
        ("DT", b"2021030110", b"2021022810"),
        ("DT", b"202103", b"202102"),
        ("DT", b"2021", b"2020"),
        ("TM", b"101112.5", b"101112.5"),
        ("TM", b"10:11:12", b"10:11:12"),
    ],
)
def test_a_day_back(vr: str, value: bytes, expected: bytes) -> None:
    assert moved(value, vr, -1) == expected


@pytest.mark.parametrize(
    ("vr", "value"),
    [
        ("DA", b"20210230"),
        ("DA", b"2021"),
        ("DA", b"20210101-20210102"),
        ("DA", b"Zyxel"),
        ("DA", b"20210101\\x"),
        ("DA", b"00010101"),
        ("DT", b"20211301"),
        ("DT", b"20210301Zyxel"),
        ("TM", b"Zyxel"),
        ("TM", b"1"),
    ],
)
def test_what_is_no_date_or_leaves_the_calendar_is_not_moved(vr: str, value: bytes) -> None:
    assert moved(value, vr, -1) is None


days = st.dates(date(1900, 1, 1), date(2100, 12, 31))


@given(days, days, st.integers(-LARGEST_DAY_OFFSET, -1))
def test_intervals_are_preserved(one: date, other: date, offset: int) -> None:
    def after(day: date) -> date:
        value = moved(f"{day:%Y%m%d}".encode(), "DA", offset)
        assert value is not None
        return date.fromisoformat(value.decode())

    assert after(one) - after(other) == one - other
    assert (after(one) - one).days == offset


@pytest.mark.parametrize(
    ("age", "capped"),
    [
        (b"045Y", b"045Y"),
        (b"089Y", b"089Y"),
        (b"090Y", b"090Y"),
        (b"091Y", b"090Y"),
        (b"999Y", b"090Y"),
        (b"012M", b"012M"),
        (b"999M", b"999M"),
        (b"100D\\099Y", b"100D\\090Y"),
        (b"", b""),
    ],
)
def test_ages_above_89_are_capped(age: bytes, capped: bytes) -> None:
    assert capped_age(age) == capped


@pytest.mark.parametrize(
    ("vr", "value", "expected"),
    [
        ("AS", b"045Y", True),
        ("AS", b"45", False),
        ("DA", b"20210301\\", True),
        ("DA", b"Zyxel", False),
        ("TM", b"1011 ", True),
        ("TM", b"name", False),
        ("DT", b"2021", True),
        ("DT", b"+0100", False),
    ],
)
def test_forms(vr: str, value: bytes, *, expected: bool) -> None:
    assert is_temporal(value, vr) is expected


def test_offsets_are_of_a_patient_and_never_nothing() -> None:
    offsets = {KEY.day_offset(f"patient {number}") for number in range(500)}
    assert min(offsets) >= -LARGEST_DAY_OFFSET
    assert max(offsets) <= -1
    assert len(offsets) > 400
    assert KEY.day_offset("one") == KEY.day_offset("one")
