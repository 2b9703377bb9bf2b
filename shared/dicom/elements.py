"""Raw data elements: what a data set is before any value is interpreted (PS3.5 Section 7)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

UNDEFINED_LENGTH: Final = 0xFFFFFFFF
PIXEL_DATA_TAGS: Final = frozenset({0x7FE00008, 0x7FE00009, 0x7FE00010})


@dataclass(frozen=True, slots=True)
class Extent:
    """A run of bytes of the source: `[offset, offset + length)`."""

    offset: int
    length: int

    def __init__(self, offset: int, length: int) -> None:
        _set_offset(self, offset)
        _set_length(self, length)


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

    def __init__(  # noqa: PLR0917 - its fields
        self,
        tag: int,
        vr: str | None,
        extent: Extent,
        value: bytes | None = None,
        items: tuple[RawItem, ...] | None = None,
        undefined_length: bool = False,  # noqa: FBT001, FBT002 - a field
    ) -> None:
        _set_tag(self, tag)
        _set_vr(self, vr)
        _set_extent(self, extent)
        _set_value(self, value)
        _set_items(self, items)
        _set_undefined_length(self, undefined_length)


@dataclass(frozen=True, slots=True)
class RawItem:
    """One item of a sequence: its elements in the order they stand."""

    elements: tuple[RawElement, ...]
    undefined_length: bool = False

    def __init__(
        self,
        elements: tuple[RawElement, ...],
        undefined_length: bool = False,  # noqa: FBT001, FBT002 - a field
    ) -> None:
        _set_elements(self, elements)
        _set_undefined_length_of_item(self, undefined_length)


# The setters of the slots: a third of the time of a frozen dataclass's own constructor.
_set_offset, _set_length = (vars(Extent)[name].__set__ for name in ("offset", "length"))
_set_tag, _set_vr, _set_extent, _set_value, _set_items, _set_undefined_length = (
    vars(RawElement)[name].__set__
    for name in ("tag", "vr", "extent", "value", "items", "undefined_length")
)
_set_elements, _set_undefined_length_of_item = (
    vars(RawItem)[name].__set__ for name in ("elements", "undefined_length")
)


_new: Final = object.__new__


def plain_element(
    tag: int, vr: str | None, offset: int, length: int, value: bytes | None
) -> RawElement:
    """Build what the reader makes by the thousand, without a call of either constructor."""
    extent = _new(Extent)
    _set_offset(extent, offset)
    _set_length(extent, length)
    element = _new(RawElement)
    _set_tag(element, tag)
    _set_vr(element, vr)
    _set_extent(element, extent)
    _set_value(element, value)
    _set_items(element, None)
    _set_undefined_length(element, False)  # noqa: FBT003 - a slot's setter
    return element


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
