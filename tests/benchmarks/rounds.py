"""What rounds of measurements come to: medians and quartiles, of figures and of their ratios."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import Any


def quartiles(each: Sequence[float]) -> dict[str, float]:
    """Return the median and the quartiles."""
    low, middle, high = statistics.quantiles(each, n=4)
    return {"median": middle, "lower_quartile": low, "upper_quartile": high}


def medians(rounds: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, float]]:
    """Return the median of each figure of each way; a way's figures are a named tuple a round."""
    return {
        name: {
            figure: statistics.median(getattr(found[name], figure) for found in rounds)
            for figure in figures._fields
        }
        for name, figures in rounds[0].items()
    }


def ratios(
    rounds: Sequence[Mapping[str, Any]], ours: str, theirs: str, figure: str
) -> dict[str, float]:
    """Return the median and the quartiles of the rounds' ratios of a figure, ours to theirs."""
    return quartiles(
        [getattr(found[ours], figure) / getattr(found[theirs], figure) for found in rounds]
    )
