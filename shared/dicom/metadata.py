"""A header as the DICOM JSON Model, straight from its raw elements (PS3.18 Annex F).

A value that does not parse is left out and named; it never makes the header unreadable.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from shared.dicom.character_sets import DEFAULT_CHARACTER_SET, CharacterSet, character_set
from shared.dicom.dictionary import dictionary_vr, private_vr, signed_by_pixel_representation
from shared.dicom.elements import Header, RawElement
from shared.dicom.limits import DEFAULT_LIMITS, LONG_TEXT_VRS, Limits
from shared.dicom.values import CONVERTERS
from shared.dicom.vrs import BULK_VRS
from shared.dicom.warnings import MOST_WARNINGS, Warning_

SPECIFIC_CHARACTER_SET: Final = 0x00080005
PIXEL_REPRESENTATION: Final = 0x00280103
TRANSFER_SYNTAX_UID_KEY: Final = "00020010"
_TRAILING_PADDING: Final = 0xFFFCFFFC
# Memory is counted in units of about one attribute with one short value.
_UNIT_BYTES: Final = 400  # also more than what a byte of any value can cost
_SHORT: Final = 64  # bytes of a value that costs one unit
_VALUE_COST: Final = 64  # bytes: one of several values
_NAME_COST: Final = 320  # one of several person names
_CHARACTER_COST: Final = 4  # one byte of text, where the text has one character beyond U+FFFF
_RESERVED: Final = 4  # of this many parts of the memory, one is kept for short values
_SIZES: Final = {"US": 2, "SS": 2, "AT": 4, "FL": 4, "SL": 4, "UL": 4, "FD": 8, "SV": 8, "UV": 8}
_MOST_SHARED: Final = 4_096
_MOST_KEYS: Final = 16_384
_TEXT_VRS: Final = frozenset({"LO", "LT", "PN", "SH", "ST", "UC", "UT"})
_UNSAID: Final = frozenset({"UN", None})
_PRIVATE_BIT: Final = 0x10000  # odd group
_CREATOR_BITS: Final = 0x10000  # odd group, element below 0100


class DropReason(StrEnum):
    """Why a value is not in the JSON."""

    BINARY_VALUE = "binary-value"
    VALUE_TOO_LARGE = "value-too-large"
    UNPARSABLE_VALUE = "unparsable-value"
    UNKNOWN_VR = "unknown-vr"
    METADATA_TOO_LARGE = "metadata-too-large"


@dataclass(frozen=True, slots=True, kw_only=True)
class DroppedTag:
    """A value that the JSON has not, or of a multi-valued one those that are null there."""

    path: str  # "00081140[0].00081155": sequence, item from 0, attribute
    vr: str
    length: int
    reason: DropReason


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    """The DICOM JSON of one header: `json.dumps(…, allow_nan=False)` takes it."""

    json: dict[str, object]
    dropped: tuple[DroppedTag, ...]
    warnings: tuple[Warning_, ...] = ()
    more_dropped: int = 0  # how many more values the JSON has not than `dropped` names
    # False where a value of no more than a value may have was left out for want of memory.
    complete: bool = True


def to_dicom_json(header: Header, limits: Limits = DEFAULT_LIMITS) -> Metadata:
    """Return the header's attributes, Transfer Syntax UID (0002,0010) among them.

    Group lengths are left out (PS3.18 Section F.2.2). Binary values, those that were not read and
    top-level attributes for which no memory is left are left out too and named in `dropped`.
    Equal attributes of items may be one object: what is returned is to be read, not changed.
    """
    writing = Writing(header, limits)
    json: dict[str, object] = {
        TRANSFER_SYNTAX_UID_KEY: {"vr": "UI", "Value": [header.transfer_syntax_uid]}
    }
    elements = header.dataset + header.trailing if header.trailing else header.dataset
    json.update(writing.data_set(Place(elements, DEFAULT_CHARACTER_SET, ""), elements))
    return Metadata(
        json=json,
        dropped=tuple(writing.dropped),
        warnings=tuple(dict.fromkeys(writing.warnings)),
        more_dropped=writing.more_dropped,
        complete=writing.complete,
    )


def is_short_enough(element: RawElement, limits: Limits) -> bool:
    """Tell whether a value may be metadata: no bulk data by its VR and not by its length."""
    is_text = element.vr in LONG_TEXT_VRS
    longest = limits.max_text_value_bytes if is_text else limits.max_inline_value_bytes
    return element.vr not in BULK_VRS and element.extent.length <= longest


class _Keys(dict[int, str]):
    """The eight hexadecimal digits that name an attribute."""

    def __missing__(self, tag: int) -> str:
        key = f"{tag:08X}"
        if len(self) < _MOST_KEYS:
            self[tag] = key
        return key


_KEYS: Final = _Keys()


class _NoMemoryError(Exception):
    """An attribute of an item has no room: the top-level attribute is left out whole."""


class Place:
    """One data set or item while it is written; `elements` are all of it."""

    __slots__ = ("_creators", "charset", "elements", "json", "prefix")

    def __init__(
        self, elements: tuple[RawElement, ...], charset: CharacterSet, prefix: str
    ) -> None:
        self.elements = elements
        self.charset = charset
        self.prefix = prefix
        self.json: dict[str, object] = {}
        self._creators: dict[int, str] | None = None

    def creator(self, tag: int) -> str:
        """Return the private creator that reserved the element's block (PS3.5 Section 7.8.1)."""
        if self._creators is None:
            private = (each for each in self.elements if each.tag & 0x1FF00 == _CREATOR_BITS)
            self._creators = {
                each.tag: each.value.strip(b"\x00 ").decode("latin-1")
                for each in private
                if each.value
            }
        return self._creators.get(tag & 0xFFFF0000 | tag >> 8 & 0xFF, "")


class Writing:
    """The state of writing one header; a data set may be written in parts."""

    def __init__(self, header: Header, limits: Limits) -> None:
        self._order = "<" if header.encoding.little_endian else ">"
        self._limits = limits
        self._signed = _signed_tags(header)
        self._room = limits.max_metadata_memory_bytes // _UNIT_BYTES
        self._reserve = self._room // _RESERVED
        self._shared: dict[tuple[int, str | None, bytes], dict[str, object]] = {}
        self._shared_charset = DEFAULT_CHARACTER_SET
        self.dropped: list[DroppedTag] = []
        self.more_dropped = 0
        self.complete = True
        self.warnings: list[Warning_] = []

    def data_set(  # noqa: C901 - the hot loop
        self, place: Place, elements: Sequence[RawElement]
    ) -> dict[str, object]:
        """Return a place with more of its elements; items inherit `charset` (PS3.5 7.5.3)."""
        prefix, charset = place.prefix, place.charset
        json, keys, converters = place.json, _KEYS, CONVERTERS.get
        order, signed, room = self._order, self._signed, self._room
        shared = self._shared if prefix and charset is self._shared_charset else None
        for element in elements:
            tag, value, vr = element.tag, element.value, element.vr
            if not tag & 0xFFFF or tag == _TRAILING_PADDING:
                continue
            if shared and value is not None and (known := shared.get((tag, vr, value))):
                json[keys[tag]] = known
                continue
            written_order, convert = order, converters(vr or "")
            if convert is None and value is not None and vr in _UNSAID:
                vr, written_order = _known_vr(tag, place), "<"  # UN: PS3.5 Section 6.2.2
                convert = converters(vr or "")
            if value is None or convert is None:
                self._room = room
                self._unusual(element, vr or "UN", place)
                room = self._room
                continue
            size = len(value)
            if size >= room and self._refuses(element, vr or "", place, room):
                continue
            if tag == SPECIFIC_CHARACTER_SET:
                place.charset = charset = self._charset(element, prefix)
                shared = None
            elif signed and tag in signed:
                vr, convert = "SS", converters("SS", convert)
            values, whole = convert(value, written_order, charset)
            room -= 1
            if size > _SHORT or len(values) > 1:
                room -= _cost(vr or "", size, len(values))
            made: dict[str, object] = {"vr": vr, "Value": values} if values else {"vr": vr}
            if not whole:
                self._note(element, vr or "", prefix)
            elif shared is not None and size <= _SHORT and element.vr not in _UNSAID:
                self._share((tag, element.vr, value), made)
            json[keys[tag]] = made
        self._room = room
        return json

    def _share(self, key: tuple[int, str | None, bytes], made: dict[str, object]) -> None:
        if len(self._shared) < _MOST_SHARED:
            self._shared[key] = made

    def _refuses(self, element: RawElement, vr: str, place: Place, room: int) -> bool:
        """Tell whether a value is left out because no memory is left for it."""
        value = element.value or b""
        least = self._reserve if place.prefix or len(value) > _SHORT else 0
        if room - _cost(vr, len(value), _count(value, vr)) > least:
            return False
        if place.prefix:
            raise _NoMemoryError
        self._drop(element, vr, place.prefix, DropReason.METADATA_TOO_LARGE)
        return True

    def _unusual(self, element: RawElement, vr: str, place: Place) -> None:
        """Write what is no plain value: sequences, bulk data, values of an unknown VR."""
        key = _KEYS[element.tag]
        if element.items is not None and not place.prefix:
            self._top_sequence(element, place)
        elif element.items is not None:
            place.json[key] = self._sequence(element, place.charset, f"{place.prefix}{key}")
        elif element.value == b"":
            place.json[key] = {"vr": vr}
        elif element.value is None:
            self._drop(element, vr, place.prefix, DropReason.VALUE_TOO_LARGE)
        else:
            reason = DropReason.BINARY_VALUE if vr in BULK_VRS else DropReason.UNKNOWN_VR
            self._drop(element, vr, place.prefix, reason)

    def _top_sequence(self, element: RawElement, place: Place) -> None:
        """Write a sequence of the data set itself, or leave it out whole."""
        room, dropped, more = self._room, len(self.dropped), self.more_dropped
        self._shared_charset = place.charset
        key = _KEYS[element.tag]
        try:
            place.json[key] = self._sequence(element, place.charset, key)
        except _NoMemoryError:
            self._room, self.more_dropped = room, more
            del self.dropped[dropped:]
            self._drop(element, "SQ", "", DropReason.METADATA_TOO_LARGE)
        self._shared.clear()

    def _sequence(self, element: RawElement, charset: CharacterSet, path: str) -> dict[str, object]:
        items: list[dict[str, object]] = []
        for index, item in enumerate(element.items or ()):
            self._room -= 1
            if self._room <= self._reserve:
                raise _NoMemoryError
            place = Place(item.elements, charset, f"{path}[{index}].")
            items.append(self.data_set(place, item.elements))
        return {"vr": "SQ", "Value": items} if items else {"vr": "SQ"}

    def _charset(self, element: RawElement, prefix: str) -> CharacterSet:
        charset = character_set(element.value or b"")
        if not charset.is_known:
            self._warn("unknown-character-set", element, prefix)
        return charset

    def _note(self, element: RawElement, vr: str, prefix: str) -> None:
        if vr in _TEXT_VRS:
            self._warn("undecodable-text", element, prefix)
        else:
            self._drop(element, vr, prefix, DropReason.UNPARSABLE_VALUE)

    def _warn(self, code: str, element: RawElement, prefix: str) -> None:
        if len(self.warnings) < MOST_WARNINGS:
            self.warnings.append(Warning_(code, f"{prefix}{_KEYS[element.tag]}"))

    def _drop(self, element: RawElement, vr: str, prefix: str, reason: DropReason) -> None:
        if reason is DropReason.METADATA_TOO_LARGE or (
            reason is DropReason.VALUE_TOO_LARGE and is_short_enough(element, self._limits)
        ):
            self.complete = False
        if len(self.dropped) >= self._limits.max_dropped:
            self.more_dropped += 1
            return
        path = f"{prefix}{_KEYS[element.tag]}"
        length = element.extent.length
        self.dropped.append(DroppedTag(path=path, vr=vr, length=length, reason=reason))


def _count(value: bytes, vr: str) -> int:
    """Return how many values there are, before they are converted."""
    if vr in LONG_TEXT_VRS - {"UC"}:
        return 1
    size = _SIZES.get(vr)
    return len(value) // size if size else value.count(b"\\") + 1


def _cost(vr: str, size: int, count: int) -> int:
    """Return how many units a value of that many bytes and values takes."""
    each = _NAME_COST if vr == "PN" else _VALUE_COST
    return 1 + (size * _CHARACTER_COST + count * each) // _UNIT_BYTES


def _known_vr(tag: int, place: Place) -> str | None:
    """Return the VR that a dictionary has for an element that does not say its own."""
    private = private_vr(tag, place.creator(tag)) if tag & _PRIVATE_BIT else None
    return private or dictionary_vr(tag)


def _signed_tags(header: Header) -> frozenset[int]:
    """Return the tags that an implicit data set with signed pixels means as SS."""
    if header.encoding.explicit_vr:
        return frozenset()
    for element in header.dataset:
        if element.tag == PIXEL_REPRESENTATION and element.value == b"\x01\x00":
            return signed_by_pixel_representation()
    return frozenset()
