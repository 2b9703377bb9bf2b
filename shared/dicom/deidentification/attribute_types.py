"""The Types of attributes by SOP class, which decide what a compound action means (PS3.3 Annex A).

Read from `shared/dicom/standard/modules.json`. A module that an IOD may leave out counts as one
that is there: what it requires, an object that has it must keep.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Any, Final

_DATA: Final = Path(__file__).parents[1] / "standard" / "modules.json"
_NO_ITEMS: Final = -1


class Need(Enum):
    """What an IOD wants of an attribute."""

    VALUE = "Type 1 or 1C"
    PRESENCE = "Type 2 or 2C"
    NOTHING = "Type 3, or not of the IOD"
    UNKNOWN = "the SOP class is not known"


_NEEDS: Final = {1: Need.VALUE, 3: Need.VALUE, 2: Need.PRESENCE, 4: Need.PRESENCE, 0: Need.NOTHING}
_STRENGTH: Final = (Need.NOTHING, Need.PRESENCE, Need.VALUE)


@dataclass(frozen=True, slots=True)
class Types:
    """The Types of the attributes of one data set or of a sequence's items."""

    name: str  # equal names, equal Types
    known: bool
    needs: Mapping[int, tuple[Need, int]] = field(compare=False, repr=False)

    def of(self, tag: int) -> Need:
        """What is wanted of an attribute."""
        if not self.known:
            return Need.UNKNOWN
        return self.needs.get(tag, (Need.NOTHING, _NO_ITEMS))[0]

    def below(self, tag: int) -> Types:
        """The Types of the items of a sequence."""
        if not self.known:
            return UNKNOWN
        number = self.needs.get(tag, (Need.NOTHING, _NO_ITEMS))[1]
        return _NOTHING if number == _NO_ITEMS else _items(number)


UNKNOWN: Final = Types("unknown", known=False, needs={})
_NOTHING: Final = Types("nothing", known=True, needs={})


def types_of(sop_class_uid: str) -> Types:
    """The Types of the attributes of an SOP class's data set."""
    iod = _tables()["sop_classes"].get(sop_class_uid)
    return UNKNOWN if iod is None else _iod(iod)


@cache
def _iod(iod: str) -> Types:
    tables, merged = _tables(), dict[int, tuple[Need, int]]()
    for module in tables["iods"][iod]:
        for tag, (need, items) in _tree(tables["modules"][module]).items():
            before, below = merged.get(tag, (Need.NOTHING, _NO_ITEMS))
            stronger = max(before, need, key=_STRENGTH.index)
            merged[tag] = stronger, items if below == _NO_ITEMS else below
    return Types(iod, known=True, needs=merged)


@cache
def _items(number: int) -> Types:
    return Types(f"items {number}", known=True, needs=_tree(number))


def _tree(number: int) -> dict[int, tuple[Need, int]]:
    flat: list[int] = _tables()["trees"][number]
    triples = zip(flat[::3], flat[1::3], flat[2::3], strict=True)
    return {tag: (_NEEDS[kind], items) for tag, kind, items in triples}


@cache
def _tables() -> dict[str, Any]:
    tables: dict[str, Any] = json.loads(_DATA.read_text("utf-8"))
    return tables
