"""What the data dictionary says of the value of an attribute (PS3.6 Sections 6 to 8)."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, Final

from shared.dicom.standard.enumerated_values import ENUMERATED_NUMBERS, ENUMERATED_TEXT
from shared.dicom.validation.value_forms import COUNTED, Accept, accepts

_DATA: Final = Path(__file__).parents[1] / "standard" / "data_elements.json"
_MULTIPLICITY: Final = re.compile(r"(\d+)(?:-(?:(\d+)|(\d*)n))?")


@dataclass(frozen=True, slots=True)
class Rule:
    """The value representations and multiplicities of an attribute, and its enumerated values."""

    vrs: tuple[str, ...]
    least: int
    most: int | None
    step: int
    enumerated: tuple[frozenset[str | int], ...]
    accept: Accept  # true for a value of the first representation that needs no closer look

    def allows_count(self, count: int) -> bool:
        """Tell whether an attribute may have so many values."""
        if self.most is not None:
            return self.least <= count <= self.most
        return count >= self.least and count % self.step == 0


class Rules(dict[int, Rule | None]):
    """The rules of attributes of even groups, each made when it is first asked for.

    None where the dictionary has none; only what it has is kept.
    """

    def __missing__(self, tag: int) -> Rule | None:
        """Make the rule of an attribute."""
        kind = _kinds().get(tag)
        if kind is None:
            kind = _repeating_kind(tag)
            return None if kind is None else _rule(kind)
        rule = self[tag] = _rule(kind, *_enumerated(tag))
        return rule


RULES: Final = Rules()


@cache
def with_vr(rule: Rule, vr: str) -> Rule:
    """Return an ambiguous rule for one of its representations."""
    return replace(rule, vrs=(vr,), accept=_accept(vr, rule.least, rule.most, rule.step))


@cache
def _dictionary() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(_DATA.read_text(encoding="utf-8"))
    return loaded


@cache
def _kinds() -> dict[int, str]:
    elements = _dictionary()["elements"].items()
    return {tag: kind for kind, tags in elements for tag in tags}


@cache
def _repeating() -> dict[int, dict[int, str]]:
    """Return, by the bits of a tag that do not repeat, what those bits are."""
    found: defaultdict[int, dict[int, str]] = defaultdict(dict)
    for written, kind in _dictionary()["repeating"].items():
        bits = int("".join("0" if digit == "x" else "F" for digit in written), 16)
        found[bits][int(written.replace("x", "0"), 16)] = kind
    return found


def _repeating_kind(tag: int) -> str | None:
    kinds = (by_value.get(tag & bits) for bits, by_value in _repeating().items())
    return next((kind for kind in kinds if kind is not None), None)


def _enumerated(tag: int) -> tuple[frozenset[str | int], ...]:
    if tag in ENUMERATED_NUMBERS:
        return (frozenset(ENUMERATED_NUMBERS[tag]),)
    return tuple(frozenset(each) for each in ENUMERATED_TEXT.get(tag, ()))


@cache
def _rule(kind: str, *enumerated: frozenset[str | int]) -> Rule:
    representations, multiplicity = kind.split("|")
    vrs = tuple(representations.split(" or "))
    least, most, step = _bounds(multiplicity)
    accept = _accept(vrs[0], least, most, step)
    if enumerated:
        accept = _of_values(enumerated[0]) if most == 1 else _never
    return Rule(vrs, least, most, step, enumerated, accept)


def _bounds(multiplicity: str) -> tuple[int, int | None, int]:
    """Return the least, the most and the step of a multiplicity: `1`, `1-3`, `2-2n`, `1 or 2`."""
    found = [_MULTIPLICITY.fullmatch(each) for each in multiplicity.split(" or ")]
    least = min(int(each[1]) for each in found if each)
    mosts = [None if each[3] is not None else int(each[2] or each[1]) for each in found if each]
    bounded = [most for most in mosts if most is not None]
    step = int(found[0][3] or 1) if len(found) == 1 and found[0] else 1
    return least, max(bounded) if len(bounded) == len(mosts) else None, step


def _accept(vr: str, least: int, most: int | None, step: int) -> Accept:
    return accepts(vr, least, most) if step == 1 or vr not in COUNTED else _never


def _of_values(values: frozenset[str | int]) -> Accept:
    """Return a test for enumerated values as little endian has them."""
    written = {
        each.to_bytes(2, "little") if isinstance(each, int) else each.encode("ascii")
        for each in values
    }
    return frozenset(written | {each + b" " for each in written if len(each) % 2}).__contains__


def _never(_value: bytes) -> bool:
    return False
