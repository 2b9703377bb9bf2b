"""Search for values in a written object: in its bytes, and in pydicom's reading of every value."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Collection, Iterable, Iterator
from typing import Final, NamedTuple, TypeAlias

import pydicom
from pydicom.charset import encode_string, python_encoding
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.sequence import Sequence

_BYTES_VRS: Final = frozenset({"OB", "OW", "UN", "OD", "OF", "OL", "OV"})
PIXELS: Final = frozenset({0x7FE00008, 0x7FE00009, 0x7FE00010})
_SHORTEST_IN_BYTES: Final = 6
_BINARY_ENCODINGS: Final = ("utf-8", "utf-16-le", "utf-16-be")


def read(data: bytes) -> Dataset:
    """pydicom's reading of the object."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pydicom.dcmread(io.BytesIO(data), force=True)


class Value(NamedTuple):
    """One value of a data set; what pydicom cannot convert is a UN without a keyword."""

    path: str
    keyword: str
    vr: str
    text: str


def texts(dataset: Dataset) -> Iterator[tuple[str, str]]:
    """Path and text of every value."""
    return ((value.path, value.text) for value in values(dataset))


def values(dataset: Dataset, without: Collection[int] = PIXELS) -> Iterator[Value]:
    """Every value at any depth, the file meta's included, except of some tags."""
    yield from _values(getattr(dataset, "file_meta", Dataset()), "", without)
    yield from _values(dataset, "", without)


def _values(dataset: Dataset, prefix: str, without: Collection[int]) -> Iterator[Value]:
    for tag in list(dataset.keys()):
        path = f"{prefix}{int(tag):08X}"
        try:
            element = dataset[tag]
        except Exception:  # noqa: BLE001 - whatever pydicom cannot convert is looked at as bytes
            yield Value(path, "", "UN", text_of(dataset.get_item(tag).value))
            continue
        if isinstance(element.value, Sequence):
            for number, item in enumerate(element.value):
                yield from _values(item, f"{path}[{number}].", without)
        elif int(tag) not in without:
            yield Value(path, element.keyword, element.VR, text_of(element.value))


def text_of(value: object) -> str:
    """A value as text: several joined by backslashes, bytes as Latin-1."""
    if value is None:
        return ""
    if isinstance(value, bytes):
        return value.decode("latin-1")
    if isinstance(value, MultiValue | list | tuple):
        return "\\".join(text_of(single) for single in value)
    return str(value)


def character_sets(dataset: Dataset) -> tuple[str, ...]:
    """The Python encodings of the object's Specific Character Set."""
    declared = dataset.get("SpecificCharacterSet") or ""
    single = [declared] if isinstance(declared, str) else list(declared)
    return tuple(python_encoding[each] for each in single if each in python_encoding)


def byte_forms(needle: str, encodings: Iterable[str]) -> set[bytes]:
    """The needle in every encoding in which it may have been written, lower case if it is ASCII."""
    if needle.isascii():
        return {needle.lower().encode(encoding) for encoding in _BINARY_ENCODINGS}
    forms = set()
    for encoding in {*_BINARY_ENCODINGS, *encodings}:
        try:
            forms.add(
                encode_string(needle, [encoding])
                if encoding in _ISO_2022
                else needle.encode(encoding)
            )
        except (UnicodeError, LookupError):
            continue
    return {form for form in forms if len(form) >= _SHORTEST_IN_BYTES}


_ISO_2022: Final = frozenset({"iso2022_jp", "iso2022_jp_2", "shift_jis", "euc_kr"})


def found_in(
    data: bytes, needles: Iterable[str], encodings: Iterable[str] = ()
) -> dict[str, set[str]]:
    """Needles that the object holds, with the paths of the values that hold them.

    A needle is found inside longer words, too, in any case of letters and in every encoding.
    Numbers are found when no further digit touches them. `bytes` stands for the paths of what is
    found outside of all values, or in pixels. Of needles at one place the longest is told.
    """
    encodings = tuple(encodings)
    values = [(path, text.casefold()) for path, text in texts(read(data))]
    whole = "\n".join(text for _, text in values)
    lowered = data.lower()
    found: dict[str, set[str]] = {}
    for needle in sorted(needles, key=len, reverse=True):
        places = _places(_pattern(needle), whole, values)
        if not places:
            places = _places_of_bytes(needle, encodings, data, lowered, values)
        if any(needle in longer and places <= found[longer] for longer in found):
            continue
        if places:
            found[needle] = places
    return found


_Values: TypeAlias = list[tuple[str, str]]


def _places(pattern: re.Pattern[str], whole: str, values: _Values) -> set[str]:
    if not pattern.search(whole):
        return set()
    return {path for path, text in values if pattern.search(text)}


def _places_of_bytes(
    needle: str, encodings: tuple[str, ...], data: bytes, lowered: bytes, values: _Values
) -> set[str]:
    """Where a needle is in bytes that nobody has decoded."""
    places = set()
    for form in byte_forms(needle, encodings):
        if _occurs(form, lowered if needle.isascii() else data, numeric=needle.isdigit()):
            as_text = form.decode("latin-1").casefold()
            places |= {path for path, text in values if as_text in text} or {"bytes"}
    return places


def _pattern(needle: str) -> re.Pattern[str]:
    escaped = re.escape(needle.casefold())
    if needle[0].isdigit() and needle[-1].isdigit():
        return re.compile(f"(?<![0-9]){escaped}(?![0-9])")
    return re.compile(escaped)


def _occurs(form: bytes, data: bytes, *, numeric: bool) -> bool:
    if not numeric:
        return form in data
    return re.search(rb"(?<![0-9])" + re.escape(form) + rb"(?![0-9])", data) is not None
