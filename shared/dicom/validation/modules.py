"""What an SOP class requires: its modules' attributes with their types (PS3.3 Annexes A and C)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, TypeAlias

from shared.dicom.validation.conditions import CONDITIONS, OVERLAY_PLANE, PRESENT_BY, Condition

Attributes: TypeAlias = dict[int, tuple[int, int]]  # tag -> type, number of the items' tree

_DATA: Final = Path(__file__).parents[1] / "standard" / "modules.json"
_TYPE_3, _TYPE_1, _TYPE_2, _TYPE_1C, _TYPE_2C = range(5)
_STRENGTH: Final = {_TYPE_3: 0, _TYPE_2C: 1, _TYPE_1C: 2, _TYPE_2: 3, _TYPE_1: 4}
_OPTIONAL: Final = {_TYPE_1: _TYPE_1C, _TYPE_2: _TYPE_3}
_NO_ITEMS: Final = -1
_CONDITIONAL_CODES: Final = {_TYPE_1C: "missing-type-1c", _TYPE_2C: "missing-type-2c"}


@dataclass(frozen=True, slots=True)
class Node:
    """What is required of one data set or item."""

    type_1: frozenset[int]
    type_2: frozenset[int]
    filled: frozenset[int]  # Type 1 and 1C: not empty where they are
    conditional: tuple[tuple[int, str, Condition], ...]  # tag, code when missing, condition
    items: dict[int, int]  # sequence -> number of the tree of its items

    def below(self, tag: int) -> Node:
        """Return what is required of the items of a sequence."""
        number = self.items.get(tag, _NO_ITEMS)
        return NOTHING if number == _NO_ITEMS else _item(number)


@dataclass(frozen=True, slots=True)
class Requirements:
    """What is required of the data set of an SOP class's instance."""

    root: Node
    present_by: tuple[tuple[int, Node], ...]  # a module that is there when this attribute is
    overlay: Node | None


def _node(attributes: Attributes) -> Node:
    def of_type(*kinds: int) -> frozenset[int]:
        return frozenset(tag for tag, (kind, _) in attributes.items() if kind in kinds)

    conditional = tuple(
        (tag, _CONDITIONAL_CODES[kind], CONDITIONS[tag])
        for tag, (kind, _) in attributes.items()
        if kind in _CONDITIONAL_CODES and tag in CONDITIONS
    )
    items = {tag: below for tag, (_, below) in attributes.items() if below != _NO_ITEMS}
    return Node(of_type(_TYPE_1), of_type(_TYPE_2), of_type(_TYPE_1, _TYPE_1C), conditional, items)


NOTHING: Final = _node({})
UNKNOWN: Final = Requirements(NOTHING, (), None)


def is_known(sop_class_uid: str) -> bool:
    """Tell whether the modules of an SOP class are known."""
    return sop_class_uid in _tables()["sop_classes"]


def requirements(sop_class_uid: str) -> Requirements:
    """Return what an SOP class requires, nothing where it is not known."""
    iod = _tables()["sop_classes"].get(sop_class_uid)
    return UNKNOWN if iod is None else _requirements(iod)


@cache
def _requirements(iod: str) -> Requirements:
    usages: dict[str, str] = _tables()["iods"][iod]
    merged: Attributes = {}
    for name in (name for name, usage in usages.items() if usage == "M"):
        for tag, (kind, below) in _module(name).items():
            _merge(merged, tag, kind, below)
    optional: Attributes = {}
    for name in (name for name, usage in usages.items() if usage != "M" and name != OVERLAY_PLANE):
        for tag, (kind, below) in _module(name).items():
            _merge(optional, tag, _OPTIONAL.get(kind, kind), below)
    present_by = tuple(
        (tag, _node(_module(name)))
        for name, tag in PRESENT_BY.items()
        if usages.get(name, "M") != "M"
    )
    overlay = _node(_module(OVERLAY_PLANE)) if OVERLAY_PLANE in usages else None
    return Requirements(_node(optional | merged), present_by, overlay)


def _merge(into: Attributes, tag: int, kind: int, below: int) -> None:
    """Let the stricter type hold where two modules have an attribute."""
    before = into.get(tag)
    if before is None:
        into[tag] = kind, below
        return
    stricter = max(before[0], kind, key=_STRENGTH.__getitem__)
    into[tag] = stricter, below if before[1] == _NO_ITEMS else before[1]


def _module(name: str) -> Attributes:
    return _attributes(_tables()["modules"][name])


@cache
def _item(number: int) -> Node:
    return _node(_attributes(number))


def _attributes(number: int) -> Attributes:
    flat: list[int] = _tables()["trees"][number]
    return {
        tag: (kind, below)
        for tag, kind, below in zip(flat[::3], flat[1::3], flat[2::3], strict=True)
    }


@cache
def _tables() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(_DATA.read_text(encoding="utf-8"))
    return loaded
