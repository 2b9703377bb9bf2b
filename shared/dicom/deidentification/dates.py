"""Dates moved by whole days: intervals and times of day stay as they were (PS3.5 Section 6.2)."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Final

from shared.dicom.deidentification.characters import trimmed

_DATE: Final = re.compile(r"(\d{4})(\.?)(\d{2})\2(\d{2})")  # with dots in objects of before 1993
_DATE_TIME: Final = re.compile(
    r"(\d{4})(\d{2})?(\d{2})?((?:\d{2}){0,3}(?:\.\d{1,6})?(?:[+-]\d{4})?)"
)
_TIME: Final = re.compile(r"\d{2}(:?\d{2}(:?\d{2}(\.\d{1,6})?)?)?")
_AGE: Final = re.compile(r"(\d{3})([DWMY])")
_OLDEST: Final = {"D": 32_850, "W": 4_693, "M": 1_080, "Y": 90}  # ninety years
_CAPPED: Final = "090Y"


def moved(value: bytes, vr: str, days: int) -> bytes | None:
    """A DA, DT or TM with each of its dates moved; None when one is no date or leaves the calendar.

    A DT without a day, or without a month, is moved as the first of them and stays as short. The
    time of a DT, and a TM, stay: whole days change neither.
    """
    text = trimmed(value).decode("latin-1")
    parts = [_moved(part.strip(), vr, days) if part.strip() else "" for part in text.split("\\")]
    return None if None in parts else "\\".join(part or "" for part in parts).encode("ascii")


def is_temporal(value: bytes, vr: str) -> bool:
    """Whether each value of an AS, DA, DT or TM has the form of its VR."""
    text = trimmed(value).decode("latin-1")
    form = _FORMS[vr]
    return all(form.fullmatch(part.strip()) for part in text.split("\\") if part.strip())


def capped_age(value: bytes) -> bytes:
    """An AS in which nobody is older than ninety: the few who are could be told apart."""
    text = trimmed(value).decode("latin-1")
    return "\\".join(_capped(part.strip()) for part in text.split("\\")).encode("latin-1")


def _capped(age: str) -> str:
    found = _AGE.fullmatch(age)
    return _CAPPED if found and int(found[1]) >= _OLDEST[found[2]] else age


def _moved(text: str, vr: str, days: int) -> str | None:
    found = _FORMS[vr].fullmatch(text)
    if found is None or vr == "TM":
        return text if found else None
    if vr == "DA":
        year, dot, month, day = found.groups()
        digits = _moved_day(f"{year}{month}{day}", days)
        return digits and f"{digits[:4]}{dot}{digits[4:6]}{dot}{digits[6:]}"
    year, month, day, rest = found.groups()
    given = f"{year}{month or ''}{day or ''}"
    digits = _moved_day(given.ljust(6, "0").ljust(8, "0"), days)
    return digits and digits[: len(given)] + rest


def _moved_day(digits: str, days: int) -> str | None:
    year, month, day = int(digits[:4]), int(digits[4:6]) or 1, int(digits[6:]) or 1
    try:
        day_moved = date(year, month, day) + timedelta(days=days)
    except (ValueError, OverflowError):
        return None
    return f"{day_moved.year:04}{day_moved.month:02}{day_moved.day:02}"


_FORMS: Final = {"AS": _AGE, "DA": _DATE, "DT": _DATE_TIME, "TM": _TIME}
