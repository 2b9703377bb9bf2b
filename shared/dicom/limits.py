"""The limits under which untrusted bytes are read: each declared once, here."""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Final, NamedTuple

KIB: Final = 1024
MIB: Final = 1024 * KIB


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much of one object a reader takes before it refuses or leaves out."""

    max_header_bytes: int = 32 * MIB
    max_inline_value_bytes: int = 64 * KIB
    max_elements: int = 200_000
    max_nesting_depth: int = 64
    max_items_per_sequence: int = 100_000
    max_private_bytes: int = 16 * MIB
    max_trailing_bytes: int = MIB
    max_inflated_bytes: int = 32 * MIB
    max_inflation_ratio: int = 250


DEFAULT_LIMITS: Final = Limits()


class Effect(StrEnum):
    """What happens to what exceeds a limit."""

    REFUSED = "refused"
    LEFT_OUT = "left out"


class Limit(NamedTuple):
    """One row of the table of limits."""

    field: str
    default: int
    reason: str
    effect: Effect
    why: str


_ROWS: Final[dict[str, tuple[str, Effect, str]]] = {
    "max_header_bytes": (
        "header-too-large",
        Effect.REFUSED,
        "a multi-frame header of 5,000 frames takes about 10 MiB; more is pixels in disguise",
    ),
    "max_inline_value_bytes": (
        "value-too-large",
        Effect.LEFT_OUT,
        "longer values are bulk data: they stay in the object, named by offset and length",
    ),
    "max_elements": (
        "too-many-elements",
        Effect.REFUSED,
        "5,000 frames with 35 attributes each are 175,000; each element costs about 300 bytes",
    ),
    "max_nesting_depth": (
        "nesting-too-deep",
        Effect.REFUSED,
        "structured reports nest about 15 deep; JSON consumers stop at some hundred",
    ),
    "max_items_per_sequence": (
        "too-many-items",
        Effect.REFUSED,
        "one item per frame, and sparse whole slide images have some ten thousand frames",
    ),
    "max_private_bytes": (
        "too-many-private-bytes",
        Effect.REFUSED,
        "private values read inline; the largest known vendor headers hold about 12 MiB",
    ),
    "max_trailing_bytes": (
        "trailing-too-large",
        Effect.LEFT_OUT,
        "what follows the pixel data is padding or a signature; more is not a data set",
    ),
    "max_inflated_bytes": (
        "inflated-too-large",
        Effect.REFUSED,
        "the header of a deflated object obeys the same bound as a plain one",
    ),
    "max_inflation_ratio": (
        "inflation-ratio-too-high",
        Effect.REFUSED,
        "headers deflate 5 to 50 times; a bomb about 1,000 times. Judged from 1 MiB on",
    ),
}

LIMITS: Final = tuple(
    Limit(field.name, getattr(DEFAULT_LIMITS, field.name), *_ROWS[field.name])
    for field in fields(Limits)
)
