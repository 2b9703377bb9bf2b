"""When something that waits is announced again.

So that a backlog is not multiplied while the cause lasts, it is announced once when it has waited
for the limit, then for twice as long, four times, and so on.
"""

from datetime import timedelta


def is_due(age: timedelta, patience: timedelta, interval: timedelta) -> bool:
    """Return whether a doubling of the patience was passed lately.

    Lately is twice the interval between two looks, so that one that comes late misses nothing.
    """
    before = max(age - 2 * interval, timedelta())
    return (age // patience).bit_length() > (before // patience).bit_length()


def passed(age: timedelta, patience: timedelta) -> timedelta:
    """Return the last doubling of the patience that was passed: something is due at each."""
    return patience * (1 << ((age // patience).bit_length() - 1))
