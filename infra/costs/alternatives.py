"""What others charge for as much, at their list prices: lower bounds.

Of the Cloud Healthcare API: a request per instance, a notification per instance, and with copies
the processing of each instance's bytes by its de-identification. Left out, in its favour: what
brings the files there, the processing of structured bytes, the stream to BigQuery, and every
request that follows. AWS HealthImaging imports free of charge and keeps everything for 30 days at
least; it neither tells of instances nor de-identifies.
"""

from __future__ import annotations

from typing import Final

from infra.costs.model import MILLION, Prices

LEAST_IMAGE_SET_BYTES: Final = 5 * MILLION  # what AWS HealthImaging charges for, whatever its size


def healthcare(prices: Prices, size: int, *, copies: bool) -> float:
    """Return the USD per million instances of so many bytes, de-identified or not."""
    told = prices.usd("healthcare request", MILLION) + prices.usd(
        "healthcare notification", MILLION
    )
    cleaned = prices.usd("healthcare blob processing", MILLION * size) if copies else 0.0
    return told + cleaned


def healthcare_stored(prices: Prices, size: int) -> float:
    """Return the USD a month for a million originals, their metadata left out."""
    return prices.usd("healthcare blob storage", MILLION * size)


def healthimaging(prices: Prices, size: int, set_instances: int) -> float:
    """Return the USD per million instances for the first month, in sets of so many."""
    sets = MILLION / set_instances
    return prices.usd(
        "healthimaging storage", sets * max(LEAST_IMAGE_SET_BYTES, size * set_instances)
    )
