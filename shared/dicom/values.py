"""One raw value as its DICOM JSON value: a converter per VR (PS3.18 Section F.2)."""

from __future__ import annotations

import re
from collections.abc import Callable
from math import isfinite
from struct import Struct
from typing import Final, TypeAlias

from shared.dicom.character_sets import CharacterSet

JsonScalar: TypeAlias = str | int | float | None
JsonValue: TypeAlias = JsonScalar | dict[str, str]
Converted: TypeAlias = tuple[list[JsonValue], bool]  # the values, and whether all of them parsed
Converter: TypeAlias = Callable[[bytes, str, CharacterSet], Converted]

_PADDING: Final = "\x00 "
_NAME_GROUPS: Final = ("Alphabetic", "Ideographic", "Phonetic")
_INT64: Final = 1 << 63
_WHOLE: Final = re.compile(r"[+-]?[0-9]{1,19}", re.ASCII)
_PLAIN_NUMBER: Final = frozenset("0123456789+-.eE")


def clean(text: str) -> str:
    """Return text that JSON and BigQuery take: neither NUL nor lone surrogates."""
    return text.replace("\x00", "") if "\x00" in text else text


def _strings(value: bytes, _order: str, _charset: CharacterSet) -> Converted:
    text = value.decode("latin-1").rstrip(_PADDING)
    if "\\" not in text:
        return ([clean(text)] if text else []), True
    return [clean(each.rstrip(_PADDING)) or None for each in text.split("\\")], True


def _application_entities(value: bytes, _order: str, _charset: CharacterSet) -> Converted:
    text = value.decode("latin-1").strip(_PADDING)
    return (
        [clean(each.strip(_PADDING)) or None for each in text.split("\\")] if text else []
    ), True


def _texts(value: bytes, _order: str, charset: CharacterSet) -> Converted:
    text, whole = charset.decode(value)
    text = text.rstrip(_PADDING)
    if "\\" not in text:
        return ([clean(text)] if text else []), whole
    return [clean(each.rstrip(_PADDING)) or None for each in text.split("\\")], whole


def _paragraph(value: bytes, _order: str, charset: CharacterSet) -> Converted:
    text, whole = charset.decode(value)
    text = clean(text.rstrip(_PADDING))
    return ([text] if text else []), whole


def _locator(value: bytes, _order: str, _charset: CharacterSet) -> Converted:
    text = clean(value.decode("latin-1").rstrip(_PADDING))
    return ([text] if text else []), True


def _names(value: bytes, _order: str, charset: CharacterSet) -> Converted:
    text, whole = charset.decode(value, is_name=True)
    text = text.rstrip(_PADDING)
    if not text:
        return [], whole
    return [_name(each) for each in text.split("\\")], whole


def _name(text: str) -> dict[str, str] | None:
    groups = zip(_NAME_GROUPS, text.split("="), strict=False)
    return {key: clean(part) for key, each in groups if (part := each.rstrip(_PADDING))} or None


def _integers(value: bytes, _order: str, _charset: CharacterSet) -> Converted:
    return _numbers(value, _integer)


def _decimals(value: bytes, _order: str, _charset: CharacterSet) -> Converted:
    return _numbers(value, _decimal)


def _numbers(value: bytes, parse: Callable[[str], int | float | None]) -> Converted:
    text = value.decode("latin-1").strip(_PADDING)
    if not text:
        return [], True
    if "\\" not in text:
        number = parse(text)
        return ([] if number is None else [number]), number is not None
    parts = [each.strip(_PADDING) for each in text.split("\\")]
    values: list[JsonValue] = [parse(each) if each else None for each in parts]
    return values, all(
        number is not None or not each for number, each in zip(values, parts, strict=True)
    )


def _integer(text: str) -> int | None:
    number = int(text) if _WHOLE.fullmatch(text) else _decimal(text)
    if number is None or int(number) != number or not -_INT64 <= number < _INT64:
        return None
    return int(number)


def _decimal(text: str) -> float | None:
    if not _PLAIN_NUMBER.issuperset(text):
        return None
    try:
        number = float(text)
    except ValueError:
        return None
    return number if isfinite(number) else None


def _tags(value: bytes, order: str, _charset: CharacterSet) -> Converted:
    count = len(value) // 4
    words = Struct(f"{order}{2 * count}H").unpack_from(value)
    pairs = zip(words[::2], words[1::2], strict=True)
    return [f"{group:04X}{element:04X}" for group, element in pairs], len(value) % 4 == 0


def _binary(code: str) -> Converter:
    size = Struct(f"<{code}").size
    single = {"<": Struct(f"<{code}").unpack, ">": Struct(f">{code}").unpack}

    def convert(value: bytes, order: str, _charset: CharacterSet) -> Converted:
        if len(value) == size:
            return list(single[order](value)), True
        count, rest = divmod(len(value), size)
        numbers = Struct(f"{order}{count}{code}").unpack_from(value)
        return list(numbers), rest == 0

    return convert


def _floats(code: str) -> Converter:
    plain = _binary(code)

    def convert(value: bytes, order: str, charset: CharacterSet) -> Converted:
        numbers, whole = plain(value, order, charset)
        if all(isinstance(each, float) and isfinite(each) for each in numbers):
            return numbers, whole
        finite = [each if isinstance(each, float) and isfinite(each) else None for each in numbers]
        return list(finite), False

    return convert


CONVERTERS: Final[dict[str, Converter]] = {
    "AE": _application_entities,
    "AS": _strings,
    "AT": _tags,
    "CS": _strings,
    "DA": _strings,
    "DS": _decimals,
    "DT": _strings,
    "FD": _floats("d"),
    "FL": _floats("f"),
    "IS": _integers,
    "LO": _texts,
    "LT": _paragraph,
    "PN": _names,
    "SH": _texts,
    "SL": _binary("l"),
    "SS": _binary("h"),
    "ST": _paragraph,
    "SV": _binary("q"),
    "TM": _strings,
    "UC": _texts,
    "UI": _strings,
    "UL": _binary("L"),
    "UR": _locator,
    "US": _binary("H"),
    "UT": _paragraph,
    "UV": _binary("Q"),
}
