"""Seconds as numbers inside, protobuf timestamps and RFC 3339 text outside."""

import time
from collections.abc import Callable
from datetime import UTC, datetime

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

Clock = Callable[[], float]

_NANOS = 1_000_000_000


def steady_clock() -> Clock:
    """Return a clock of seconds since 1970 that a change of the system time does not move."""
    offset = time.time() - time.monotonic()
    return lambda: offset + time.monotonic()


def to_timestamp(seconds: float) -> Timestamp:
    """Return a Timestamp cut to milliseconds, as the service assigns them."""
    millis = int(seconds * 1000)
    return Timestamp(seconds=millis // 1000, nanos=millis % 1000 * 1_000_000)


def seconds_of(value: Timestamp | Duration) -> float:
    """Return a Timestamp or a Duration as seconds."""
    return float(value.seconds) + float(value.nanos) / _NANOS


def rfc3339(seconds: float) -> str:
    """Return ``2021-02-26T19:13:55.749Z``: milliseconds, left out when they are zero."""
    millis = int(seconds * 1000)
    text = datetime.fromtimestamp(millis // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{text}.{millis % 1000:03d}Z" if millis % 1000 else f"{text}Z"
