"""Raw data elements: what a data set is before any value is interpreted (PS3.5 Section 7)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

UNDEFINED_LENGTH: Final = 0xFFFFFFFF
PIXEL_DATA_TAGS: Final = frozenset({0x7FE00008, 0x7FE00009, 0x7FE00010})


@dataclass(frozen=True, slots=True)
class Extent:
    """A run of bytes of the source: `[offset, offset + length)`."""

    offset: int
    length: int


@dataclass(frozen=True, slots=True)
class RawElement:
    """One data element as it stands in the byte stream.

    Exactly one of three holds: `value` has the bytes; `items` has the items of a sequence
    (also of a UN or implicit element that encloses items); or both are None and the bytes were
    too large to read and are found at `extent`.
    """

    tag: int  # 0xGGGGEEEE
    vr: str | None  # as written; the dictionary's when the syntax is implicit; None when unknown
    extent: Extent  # of the value; the length is the real one where the declared is undefined
    value: bytes | None = None
    items: tuple[RawItem, ...] | None = None
    undefined_length: bool = False


def _plain_element_maker() -> Callable[[int, str | None, int, int, bytes | None], RawElement]:
    """Build elements by their slots: half the time of a frozen dataclass's own constructor."""
    new = object.__new__
    set_offset, set_length = (vars(Extent)[name].__set__ for name in ("offset", "length"))
    names = ("tag", "vr", "extent", "value", "items", "undefined_length")
    set_tag, set_vr, set_extent, set_value, set_items, set_undefined = (
        vars(RawElement)[name].__set__ for name in names
    )

    def made(tag: int, vr: str | None, offset: int, length: int, value: bytes | None) -> RawElement:
        extent = new(Extent)
        set_offset(extent, offset)
        set_length(extent, length)
        element = new(RawElement)
        set_tag(element, tag)
        set_vr(element, vr)
        set_extent(element, extent)
        set_value(element, value)
        set_items(element, None)
        set_undefined(element, False)  # noqa: FBT003 - a slot's setter
        return element

    return made


plain_element: Final = _plain_element_maker()


@dataclass(frozen=True, slots=True)
class RawItem:
    """One item of a sequence: its elements in the order they stand."""

    elements: tuple[RawElement, ...]
    undefined_length: bool = False


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
