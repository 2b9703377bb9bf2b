"""Text of a data set under its Specific Character Set (PS3.5 Section 6.1)."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from pydicom.charset import convert_encodings, decode_bytes, python_encoding

from shared.dicom.elements import RawElement

SPECIFIC_CHARACTER_SET: Final = 0x00080005
_PADDING: Final = b" \x00"
_ESCAPE: Final = b"\x1b"
_DELIMITERS: Final = {ord(character) for character in "\r\n\t\f\\^="}
DEFAULT: Final = ("iso8859",)

Encodings = tuple[str, ...]


def trimmed(value: bytes) -> bytes:
    """The value without the padding of its VR and the spaces around it."""
    return value.strip(_PADDING)


def is_known_set(value: bytes) -> bool:
    """Whether every value is a defined term of Specific Character Set (PS3.3 C.12.1.1.2)."""
    terms = (term.strip() for term in trimmed(value).decode("latin-1").split("\\"))
    return all(term in python_encoding for term in terms)


def encodings_of(elements: Iterable[RawElement], inherited: Encodings = DEFAULT) -> Encodings:
    """The encodings that hold in a data set; in an item the enclosing ones unless it says."""
    for element in elements:
        if element.tag == SPECIFIC_CHARACTER_SET and element.value is not None:
            return _python_encodings(element.value)
        if element.tag > SPECIFIC_CHARACTER_SET:
            break
    return inherited


@lru_cache(maxsize=256)  # hundreds of objects, and most of their items, say the same
def _python_encodings(value: bytes) -> Encodings:
    if not is_known_set(value):
        return DEFAULT
    terms = [term.strip() for term in trimmed(value).decode("ascii").split("\\")]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return tuple(convert_encodings(terms))


def decoded(value: bytes, encodings: Encodings) -> str:
    """The text; what the encodings cannot decode is read as Latin-1, so that nothing is lost."""
    if value.isascii() and _ESCAPE not in value:
        return value.decode("ascii")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            text: str = decode_bytes(value, encodings, _DELIMITERS)
        except (UnicodeError, LookupError):
            return value.decode("latin-1")
    return value.decode("latin-1") if "�" in text else text


def encoded(text: str, encodings: Encodings) -> bytes | None:
    """The text in the encodings, None when they shift between sets or lack a character."""
    if text.isascii():
        return text.encode("ascii")
    if len(encodings) > 1:
        return None
    try:
        return text.encode(encodings[0])
    except (UnicodeError, LookupError):
        return None
