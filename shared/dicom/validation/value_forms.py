"""The form of values per value representation (PS3.5 Table 6.2-1).

`accepts` gives a quick test that most values pass; `faults` says what is wrong with one that did
not, and may find nothing: the quick test knows no character sets.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from datetime import date
from functools import cache
from typing import Final, TypeAlias

from shared.dicom.character_sets import CharacterSet

Accept: TypeAlias = Callable[[bytes], object]

FORM, CHARACTERS, LENGTH = "value-form", "value-characters", "value-length"
UID_FORM, PADDING = "uid-form", "value-padding"

# One value of a VR, without its trailing padding. Possessive, so that matching is linear.
_ONE: Final = {
    "AE": r"[\x20-\x5b\x5d-\x7e]{0,16}+",
    "AS": r"(?:[0-9]{3}[DWMY])?+",
    "CS": r"[A-Z0-9_ ]{0,16}+",
    "DA": r"(?:[0-9]{4}(?:0[1-9]|1[0-2])(?:0[1-9]|1[0-9]|2[0-8]))?+",
    "DS": r"(?=[^\\]{0,16}+(?:\\|\Z)) *+(?:[+-]?(?:[0-9]++(?:\.[0-9]*+)?+|\.[0-9]++)"
    r"(?:[eE][+-]?[0-9]++)?+)?+",
    "DT": r"(?:[0-9]{4}(?:(?:0[1-9]|1[0-2])(?:(?:0[1-9]|[12][0-9]|3[01])(?:(?:[01][0-9]|2[0-3])"
    r"(?:[0-5][0-9](?:(?:[0-5][0-9]|60)(?:\.[0-9]{1,6})?+)?+)?+)?+)?+)?+(?:[+-][0-9]{4})?+)?+",
    "IS": r"(?=[^\\]{0,12}+(?:\\|\Z)) *+(?:[+-]?[0-9]{1,9}+)?+",
    "LO": r"[\x20-\x5b\x5d-\x7e]{0,64}+",
    "PN": r"(?=[^\\]{0,64}+(?:\\|\Z))[\x20-\x3c\x3e-\x5b\x5d_-\x7e]*+"
    r"(?:\^[\x20-\x3c\x3e-\x5b\x5d_-\x7e]*+){0,4}+",
    "SH": r"[\x20-\x5b\x5d-\x7e]{0,16}+",
    "TM": r"(?:(?:[01][0-9]|2[0-3])(?:[0-5][0-9](?:(?:[0-5][0-9]|60)(?:\.[0-9]{1,6})?+)?+)?+)?+",
    "UC": r"[\x20-\x5b\x5d-\x7e]*+",
    # The arcs 0 and 1 have 40 below them, 2 any number (ITU-T X.660).
    "UI": r"(?=[^\\]{0,64}+(?:\\|\Z))(?:(?:[01]\.(?:[1-3][0-9]|[0-9])|2\.(?:0|[1-9][0-9]*+))"
    r"(?:\.(?:0|[1-9][0-9]*+))*+)?+",
}
# Values that are one whatever they hold: a backslash is a character of theirs.
_WHOLE: Final = {
    "LT": r"[\t\n\x0c\r\x20-\x7e]{0,10240}+",
    "ST": r"[\t\n\x0c\r\x20-\x7e]{0,1024}+",
    "UR": r"[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]*+ *+",
    "UT": r"[\t\n\x0c\r\x20-\x7e]*+",
}
_PADDED_BY: Final = {"UI": r"\x00?+", **dict.fromkeys(("DA", "TM", "DT", "DS", "IS", "AS"), " *+")}
BYTES_PER_VALUE: Final = {
    "AT": 4, "FD": 8, "FL": 4, "SL": 4, "SS": 2, "SV": 8, "UL": 4, "US": 2, "UV": 8,
    "OD": 8, "OF": 4, "OL": 4, "OV": 8, "OW": 2,
}  # fmt: skip
MOST_EXPLAINED: Final = 1000  # values of one attribute that are looked at one by one
STRINGS: Final = frozenset({*_ONE, *_WHOLE})
COUNTED: Final = frozenset({*_ONE, "AT", "FD", "FL", "SL", "SS", "SV", "UL", "US", "UV"})
_MOST_CHARACTERS: Final = {
    "LO": 64, "LT": 10240, "SH": 16, "ST": 1024, "AE": 16, "CS": 16, "DS": 16,
    "IS": 12,
}  # fmt: skip
TEXTS: Final = frozenset({"LO", "LT", "PN", "SH", "ST", "UC", "UT"})
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_CONTROL_IN_TEXT: Final = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f]")
_MOST_GROUPS, _MOST_COMPONENTS, _MOST_IN_GROUP = 3, 5, 64
_MOST_IS: Final = 2**31
_CODED_CHARACTERS: Final = {
    "DS": re.compile(r"[0-9+\-eE. ]*"),
    "IS": re.compile(r"[0-9+\- ]*"),
    "CS": re.compile(r"[A-Z0-9_ ]*"),
    "AE": re.compile(r"[\x20-\x5b\x5d-\x7e]*"),
}
_NO_FORM: Final = frozenset({"AE", "CS"})
_ODD_DATE: Final = re.compile(r"[0-9]{8}", re.ASCII)
_BIG_INTEGER: Final = re.compile(r"[+-]?[0-9]{10,11}", re.ASCII)


@cache
def accepts(vr: str, least: int, most: int | None) -> Accept:
    """Return a test that is true for values that need no closer look.

    `least` and `most` bound their number, for representations that can have several.
    """
    if vr in _WHOLE:
        return re.compile(_WHOLE[vr].encode("ascii")).fullmatch
    if vr in _ONE:
        further = f"{max(least - 1, 0)},{'' if most is None else most - 1}"
        several = "" if most == 1 else rf"(?:\\{_ONE[vr]}){{{further}}}+"
        return re.compile(f"{_ONE[vr]}{several}{_PADDED_BY.get(vr, '')}".encode("ascii")).fullmatch
    size = BYTES_PER_VALUE.get(vr)
    if size is None:
        return _anything
    if vr not in COUNTED:
        return _of_lengths(size, 1, None)
    return _of_length(size) if least == most == 1 else _of_lengths(size, least, most)


def faults(value: bytes, vr: str, charset: CharacterSet) -> Iterator[str]:
    """Yield the codes of what is wrong with the form of a value, perhaps of none."""
    if vr in BYTES_PER_VALUE:
        if len(value) % BYTES_PER_VALUE[vr]:
            yield LENGTH
        return
    if vr not in _ONE and vr not in _WHOLE:
        return
    text = decoded(value, vr, charset)
    stripped = text.rstrip("\x00 ") if vr == "UI" else text.rstrip("\x00")
    if _is_padded_wrongly(text, vr):
        yield PADDING
    parts = [stripped] if vr in _WHOLE else stripped.split("\\", MOST_EXPLAINED)
    found = {code for part in parts[:MOST_EXPLAINED] for code in _part_faults(part, vr)}
    yield from sorted(found)


def decoded(value: bytes, vr: str, charset: CharacterSet) -> str:
    """Return the value as text; only texts know character sets."""
    if vr in TEXTS:
        return charset.decode(value, is_name=vr == "PN")[0]
    return value.decode("latin-1")


def count(value: bytes, vr: str, charset: CharacterSet) -> int:
    """Return the multiplicity of a value: the number of its values (PS3.5 Section 6.4)."""
    size = BYTES_PER_VALUE.get(vr)
    if size is not None:
        return len(value) // size
    text = decoded(value, vr, charset).strip("\x00 ")
    return text.count("\\") + 1 if text else 0


def _of_length(size: int) -> Accept:
    return lambda value: len(value) == size


def _of_lengths(size: int, least: int, most: int | None) -> Accept:
    longest = sys.maxsize if most is None else most * size
    return lambda value: least * size <= len(value) <= longest and len(value) % size == 0


def _anything(_value: bytes) -> bool:
    return True


def _is_padded_wrongly(text: str, vr: str) -> bool:
    if vr == "UI":
        return text.endswith((" ", "\x00\x00"))
    return text.endswith("\x00")


def _part_faults(part: str, vr: str) -> Iterator[str]:
    text = part.strip(" ")
    if not text:
        return
    if vr == "UI":
        if re.fullmatch(_ONE["UI"], text) is None:
            yield UID_FORM
    elif vr == "PN":
        yield from _name_faults(part)
    elif vr in TEXTS:
        yield from _text_faults(part, vr)
    else:
        yield from _coded_faults(part, text, vr)


def _text_faults(part: str, vr: str) -> Iterator[str]:
    most = _MOST_CHARACTERS.get(vr)
    if most is not None and len(part) > most and len(part.rstrip(" ")) > most:
        yield LENGTH
    if (_CONTROL_IN_TEXT if vr in _WHOLE else _CONTROL).search(part):
        yield CHARACTERS


def _name_faults(name: str) -> Iterator[str]:
    groups = name.split("=")
    if len(groups) > _MOST_GROUPS or any(group.count("^") >= _MOST_COMPONENTS for group in groups):
        yield FORM
    if any(len(group.rstrip(" ")) > _MOST_IN_GROUP for group in groups):
        yield LENGTH
    if _CONTROL.search(name):
        yield CHARACTERS


def _coded_faults(part: str, text: str, vr: str) -> Iterator[str]:
    longest = _MOST_CHARACTERS.get(vr)
    if longest is not None and len(text) > longest:
        yield LENGTH
    characters = _CODED_CHARACTERS.get(vr)
    if characters is not None and not characters.fullmatch(part):
        yield CHARACTERS
    elif vr == "UR":
        if not re.fullmatch(_WHOLE["UR"], part):
            yield CHARACTERS
    elif vr not in _NO_FORM and not _is_formed(part, vr):
        yield FORM


def _is_formed(part: str, vr: str) -> bool:
    """Tell whether a date, time, age or number is one, whatever its length."""
    text = part.rstrip(" ")
    if vr == "DA" and _ODD_DATE.fullmatch(text):
        return _is_date(text)
    if vr == "IS" and _BIG_INTEGER.fullmatch(text.lstrip(" ")):
        return -_MOST_IS <= int(text) < _MOST_IS
    if vr in ("DS", "IS"):
        bare = _ONE[vr].partition(")) *+")[2]
        return re.fullmatch(bare, text.lstrip(" ")) is not None
    return re.fullmatch(_ONE[vr], text) is not None


def _is_date(text: str) -> bool:
    try:
        date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        return False
    return True
