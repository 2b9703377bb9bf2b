"""A header as the DICOM JSON Model, straight from its raw elements (PS3.18 Annex F).

A value that does not parse is left out and named; it never makes the header unreadable.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Final

from shared.dicom.character_sets import DEFAULT_CHARACTER_SET, CharacterSet, character_set
from shared.dicom.dictionary import dictionary_vr, private_vr, signed_by_pixel_representation
from shared.dicom.elements import Header, RawElement
from shared.dicom.limits import DEFAULT_LIMITS
from shared.dicom.values import CONVERTERS
from shared.dicom.vrs import BULK_VRS
from shared.dicom.warnings import Warning_

SPECIFIC_CHARACTER_SET: Final = 0x00080005
PIXEL_REPRESENTATION: Final = 0x00280103
TRANSFER_SYNTAX_UID_KEY: Final = "00020010"
MOST_WARNINGS: Final = 100  # of one header: they travel in messages
_TRAILING_PADDING: Final = 0xFFFCFFFC
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


def to_dicom_json(
    header: Header, max_inline_value_bytes: int = DEFAULT_LIMITS.max_inline_value_bytes
) -> Metadata:
    """Return the header's attributes, Transfer Syntax UID (0002,0010) among them.

    Group lengths are left out (PS3.18 Section F.2.2), binary values and those longer than
    `max_inline_value_bytes` are left out and named in `dropped`.
    """
    writing = _Writing(header, max_inline_value_bytes)
    json: dict[str, object] = {
        TRANSFER_SYNTAX_UID_KEY: {"vr": "UI", "Value": [header.transfer_syntax_uid]}
    }
    elements = header.dataset + header.trailing if header.trailing else header.dataset
    json.update(writing.data_set(elements, DEFAULT_CHARACTER_SET, ""))
    return Metadata(
        json=json, dropped=tuple(writing.dropped), warnings=tuple(dict.fromkeys(writing.warnings))
    )


@lru_cache(maxsize=16_384)
def json_key(tag: int) -> str:
    """Return the eight hexadecimal digits that name an attribute."""
    return f"{tag:08X}"


class _Place:
    """One data set or item while it is written."""

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


class _Writing:
    """The state of writing one header."""

    def __init__(self, header: Header, max_inline_value_bytes: int) -> None:
        self._order = "<" if header.encoding.little_endian else ">"
        self._longest = max_inline_value_bytes
        self._signed = _signed_tags(header)
        self.dropped: list[DroppedTag] = []
        self.warnings: list[Warning_] = []

    def data_set(
        self, elements: tuple[RawElement, ...], charset: CharacterSet, prefix: str
    ) -> dict[str, object]:
        """Return one data set or item; its items inherit `charset` (PS3.5 Section 7.5.3)."""
        place = _Place(elements, charset, prefix)
        json, key_of, converters = place.json, json_key, CONVERTERS.get
        longest, order, signed = self._longest, self._order, self._signed
        for element in elements:
            tag, value, vr = element.tag, element.value, element.vr
            if not tag & 0xFFFF or tag == _TRAILING_PADDING:
                continue
            written_order = order
            if vr in _UNSAID and value is not None:
                vr, written_order = _known_vr(tag, place), "<"  # UN: PS3.5 Section 6.2.2
            convert = converters(vr or "")
            if value is None or convert is None or len(value) > longest:
                self._unusual(element, vr or "UN", place)
                continue
            if tag == SPECIFIC_CHARACTER_SET:
                place.charset = charset = self._charset(element, prefix)
            elif signed and tag in signed:
                vr, convert = "SS", converters("SS", convert)
            values, whole = convert(value, written_order, charset)
            if not whole:
                self._note(element, vr or "", prefix)
            json[key_of(tag)] = {"vr": vr, "Value": values} if values else {"vr": vr}
        return json

    def _unusual(self, element: RawElement, vr: str, place: _Place) -> None:
        """Write what is no plain value: sequences, bulk data, values of an unknown VR."""
        key = json_key(element.tag)
        if element.items is not None:
            place.json[key] = self._sequence(element, place.charset, f"{place.prefix}{key}")
        elif element.value == b"":
            place.json[key] = {"vr": vr}
        elif element.value is None or len(element.value) > self._longest:
            self._drop(element, vr, place.prefix, DropReason.VALUE_TOO_LARGE)
        else:
            reason = DropReason.BINARY_VALUE if vr in BULK_VRS else DropReason.UNKNOWN_VR
            self._drop(element, vr, place.prefix, reason)

    def _sequence(self, element: RawElement, charset: CharacterSet, path: str) -> dict[str, object]:
        items = [
            self.data_set(item.elements, charset, f"{path}[{index}].")
            for index, item in enumerate(element.items or ())
        ]
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
            self.warnings.append(Warning_(code, f"{prefix}{json_key(element.tag)}"))

    def _drop(self, element: RawElement, vr: str, prefix: str, reason: DropReason) -> None:
        path = f"{prefix}{json_key(element.tag)}"
        length = element.extent.length
        self.dropped.append(DroppedTag(path=path, vr=vr, length=length, reason=reason))


def _known_vr(tag: int, place: _Place) -> str | None:
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
