"""The limits under which untrusted bytes are read: each declared once, here."""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Final, NamedTuple

KIB: Final = 1024
MIB: Final = 1024 * KIB
LONG_TEXT_VRS: Final = frozenset({"LT", "ST", "UC", "UT"})  # under `max_text_value_bytes`


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much of one object a reader takes before it refuses or leaves out."""

    max_header_bytes: int = 32 * MIB
    max_requests: int = 400
    max_read_s: int = 120
    max_inline_value_bytes: int = 64 * KIB
    max_text_value_bytes: int = MIB
    max_inline_bytes: int = 18 * MIB
    max_elements: int = 100_000
    max_nesting_depth: int = 64
    max_items_per_sequence: int = 50_000
    max_private_bytes: int = 16 * MIB
    max_fragment_requests: int = 6
    max_fragments: int = 20_000
    max_offset_table_bytes: int = 256 * KIB
    max_trailing_bytes: int = MIB
    max_inflated_bytes: int = 32 * MIB
    max_inflation_ratio: int = 250
    max_deflated_pixel_bytes: int = MIB
    max_metadata_memory_bytes: int = 16 * MIB
    max_dropped: int = 1_000
    max_compared_bytes: int = 32 * MIB
    max_references: int = 12_000


DEFAULT_LIMITS: Final = Limits()


class Effect(StrEnum):
    """What happens to what exceeds a limit."""

    REFUSED = "refused"
    LEFT_OUT = "left out"
    TRIED_AGAIN = "tried again"


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
    "max_requests": (
        "too-many-requests",
        Effect.REFUSED,
        "a surface segmentation of 130 surfaces jumps over 390 long values, one request each",
    ),
    "max_read_s": (
        "reading-too-slow",
        Effect.TRIED_AGAIN,
        "400 requests of 30 ms are 12 s; ten times that is a store in trouble, no bad object",
    ),
    "max_inline_value_bytes": (
        "value-too-large",
        Effect.LEFT_OUT,
        "longer values are bulk data: they stay in the object, named by offset and length",
    ),
    "max_text_value_bytes": (
        "value-too-large",
        Effect.LEFT_OUT,
        "of LT, ST, UC and UT, which hold prose to be searched: more than 600 pages of it",
    ),
    "max_inline_bytes": (
        "value-too-large",
        Effect.LEFT_OUT,
        (
            "all values in memory; beyond it those over 64 bytes stay in the object, as contours "
            "do in the largest RT structure sets, and are read when metadata are written beside it"
        ),
    ),
    "max_elements": (
        "too-many-elements",
        Effect.REFUSED,
        (
            "2,500 frames with 40 attributes each; with 250 bytes an element the worst header "
            "fits into 150 MiB beside the client libraries"
        ),
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
    "max_fragment_requests": (
        "fragments-unchecked",
        Effect.LEFT_OUT,
        (
            "item headers of the pixel data asked for one by one; where more were needed, an "
            "offset table leads to the last frame or the last 64 KiB show the end"
        ),
    ),
    "max_fragments": (
        "fragments-unchecked",
        Effect.LEFT_OUT,
        "items walked over in what is fetched already; the smallest are 8 bytes",
    ),
    "max_offset_table_bytes": (
        "fragments-unchecked",
        Effect.LEFT_OUT,
        (
            "65,536 frames in the basic table, half in the extended one; of a longer one the end "
            "is read"
        ),
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
    "max_deflated_pixel_bytes": (
        "deflated-pixels-unchecked",
        Effect.LEFT_OUT,
        (
            "compressed bytes inflated past the header, and let go, to see that the pixel data "
            "are whole; of more only the best ratio of deflation is held against their length"
        ),
    ),
    "max_metadata_memory_bytes": (
        "metadata-too-large",
        Effect.LEFT_OUT,
        (
            "the DICOM JSON as objects, about 40,000 different attributes; a message takes less. "
            "All of it is written beside the object, in pieces"
        ),
    ),
    "max_dropped": (
        "more-dropped",
        Effect.LEFT_OUT,
        ("names of values left out travel in messages, 1 KiB each at worst; the rest is counted"),
    ),
    "max_compared_bytes": (
        "not-compared",
        Effect.LEFT_OUT,
        (
            "what stands around the pixel data of each of two versions in conflict, long values "
            "included: as much as a header may have"
        ),
    ),
    "max_references": (
        "more-references",
        Effect.LEFT_OUT,
        (
            "instances that a DICOMDIR names travel in one message, 500 bytes each at worst; "
            "`max_elements` allows records of no more than these"
        ),
    ),
}

LIMITS: Final = tuple(
    Limit(field.name, getattr(DEFAULT_LIMITS, field.name), *_ROWS[field.name])
    for field in fields(Limits)
)
