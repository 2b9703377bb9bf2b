"""Raw data elements: what a data set is before any value is interpreted (PS3.5 Section 7)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

UNDEFINED_LENGTH: Final = 0xFFFFFFFF
PIXEL_DATA_TAGS: Final = frozenset({0x7FE00008, 0x7FE00009, 0x7FE00010})


# What a header has by the thousand is not frozen when it runs, but for mypy: a frozen dataclass's
# constructor takes more than twice as long.


@dataclass(slots=True, unsafe_hash=True)
class Extent:
    """A run of bytes of the source: `[offset, offset + length)`."""

    offset: Final[int]
    length: Final[int]


@dataclass(slots=True, unsafe_hash=True)
class RawElement:
    """One data element as it stands in the byte stream.

    Exactly one of three holds: `value` has the bytes; `items` has the items of a sequence
    (also of a UN or implicit element that encloses items); or both are None and the bytes were
    too large to read and are found at `extent`.
    """

    tag: Final[int]  # 0xGGGGEEEE
    vr: Final[str | None]  # as written; the dictionary's when implicit; None when unknown
    extent: Final[Extent]  # of the value; the length is the real one where declared undefined
    value: Final[bytes | None] = None
    items: Final[tuple[RawItem, ...] | None] = None
    undefined_length: Final[bool] = False


@dataclass(slots=True, unsafe_hash=True)
class RawItem:
    """One item of a sequence: its elements in the order they stand."""

    elements: Final[tuple[RawElement, ...]]
    undefined_length: Final[bool] = False


@dataclass(frozen=True, slots=True)
class Encoding:
    """How the elements of a data set are written."""

    explicit_vr: bool
    little_endian: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """Everything of one object up to its pixel data, and where the pixel data stand."""

    transfer_syntax_uid: str
    encoding: Encoding
    preamble: bytes | None  # 128 bytes, or None when the object has none
    file_meta: tuple[RawElement, ...]
    dataset: tuple[RawElement, ...]  # without pixel data
    trailing: tuple[RawElement, ...]  # what stands after the pixel data, when it could be read
    pixel_data: RawElement | None  # value and items None; extent length of encapsulated data is
    # the distance to the end of its Sequence Delimitation Item when known, else to the end
    warnings: tuple[str, ...]  # stable codes of what a tolerant reader had to forgive
    object_size: int  # bytes of the whole object
    bytes_read: int  # bytes asked of the source
    deflated: bool = False  # extents of dataset and pixel_data count in the inflated stream
