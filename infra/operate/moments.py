"""Moments as commands are told them."""

import argparse
from datetime import UTC, datetime


def moment(text: str) -> datetime:
    """Return a moment of ISO 8601, in UTC where it does not say; a day is its beginning."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError("it is no day and no moment of ISO 8601") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
