"""Writes `modules.json` from the tables that highdicom ships (PS3.3 Annexes A and C, PS3.4 B.5).

A module is a tree: attributes with their types, sequences with the tree of their items. Equal
trees are written once. An attribute that nothing can be checked of (Type 3 without such items) is
left out.
"""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, TypeAlias

from pydicom._dicom_dict import DicomDictionary, RepeatersDictionary

Row: TypeAlias = dict[str, Any]
Tree: TypeAlias = dict[int, tuple[int, "Tree"]]
Flat: TypeAlias = tuple[int, ...]

SOURCE: Final = "highdicom 0.28.2 (MIT licence), from PS3.3 and PS3.4, not older than 2024d"
TYPE_3, TYPE_1, TYPE_2, TYPE_1C, TYPE_2C = range(5)
NO_ITEMS: Final = -1
_TYPES: Final = {"1": TYPE_1, "2": TYPE_2, "1C": TYPE_1C, "2C": TYPE_2C}
_WEAKEST_FIRST: Final = (TYPE_3, TYPE_2C, TYPE_1C, TYPE_2, TYPE_1)
_DEMOTED: Final = {TYPE_1: TYPE_1C, TYPE_2: TYPE_3, TYPE_2C: TYPE_3}
_OVERLAY_GROUP: Final = "60xx"
# An attribute of a functional group macro stands in one of the two; which macros an IOD wants
# (PS3.3 Annex A, "Functional Group Macros") the source does not say.
_FUNCTIONAL_GROUPS: Final = (0x52009229, 0x52009230)
_SR_CONTENT: Final = "sr-document-content"
_CONTENT_SEQUENCE, _MEASURED_VALUE = 0x0040A730, 0x0040A300
# Type in the root and in its items where the source flattens macros that are alternatives
# (PS3.3 Tables C.17-5 to C.17.3-7): the rest of them depends on Value Type.
_SR_ROOT: Final = {0x0040A040: TYPE_1, 0x0040A050: TYPE_1, 0x0040A043: TYPE_1C}
_SR_ITEM: Final = {0x0040A010: TYPE_1, 0x0040A040: TYPE_1C, 0x0040A043: TYPE_1C}


class _Forest:
    """Trees by number, each once."""

    def __init__(self) -> None:
        self._numbers: dict[Flat, int] = {}
        self.trees: list[list[int]] = []

    def add(self, tree: Tree) -> int:
        """Return the number of a tree, NO_ITEMS when there is nothing to check in it."""
        flat: list[int] = []
        for tag, (kind, items) in sorted(tree.items()):
            below = self.add(items)
            if kind != TYPE_3 or below != NO_ITEMS:
                flat += (tag, kind, below)
        return self._number(flat) if flat else NO_ITEMS

    def add_recursive(self, tree: Tree, sequence: int) -> int:
        """Return the number of a tree whose items of `sequence` are as the tree itself."""
        known = self.add({**tree, sequence: (TYPE_1C, {})})
        at = self.trees[known].index(sequence)
        self.trees[known][at + 2] = known
        return known

    def _number(self, flat: list[int]) -> int:
        number = self._numbers.setdefault(tuple(flat), len(self.trees))
        if number == len(self.trees):
            self.trees.append(flat)
        return number


def rendered() -> str:
    """Return the text of `modules.json`."""
    module_rows = _table("module_attribute_map")
    iods: dict[str, list[dict[str, str]]] = _table("iod_module_map")
    sop_classes: dict[str, str] = _table("sop_class_iod_map")
    used = {name: iods[name] for name in sorted(set(sop_classes.values()))}
    names = sorted({row["key"] for rows in used.values() for row in rows} & set(module_rows))
    forest = _Forest()
    modules = {name: _module(forest, name, module_rows[name]) for name in names}
    usages = {
        name: {row["key"]: row["usage"] for row in rows if modules.get(row["key"], -1) >= 0}
        for name, rows in used.items()
    }
    tables = {
        "source": SOURCE,
        "sop_classes": sop_classes,
        "iods": usages,
        "modules": {name: number for name, number in modules.items() if number >= 0},
    }
    head = json.dumps(tables, indent=0, separators=(",", ":"))[:-2]
    trees = ",\n".join(json.dumps(tree, separators=(",", ":")) for tree in forest.trees)
    return f'{head},\n"trees":[\n{trees}\n]}}\n'


def _table(name: str) -> dict[str, Any]:
    package = find_spec("highdicom")
    if package is None or package.origin is None:
        raise ModuleNotFoundError("highdicom")
    path = Path(package.origin).parent / "_standard" / f"{name}.json"
    loaded: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return loaded


def _module(forest: _Forest, name: str, rows: list[Row]) -> int:
    tree = _tree(rows)
    if name == _SR_CONTENT:
        return _sr_content(forest, tree)
    for tag in _FUNCTIONAL_GROUPS:
        if tag in tree:
            kind, items = tree[tag]
            demoted = {each: (_DEMOTED.get(k, k), below) for each, (k, below) in items.items()}
            tree[tag] = kind, demoted
    return forest.add(tree)


def _sr_content(forest: _Forest, tree: Tree) -> int:
    """Return the content tree: alternatives by Value Type, items of items (PS3.3 C.17.3)."""
    values: Tree = {
        tag: (_DEMOTED.get(kind, kind), items)
        for tag, (kind, items) in tree.items()
        if tag != _CONTENT_SEQUENCE
    }
    values[_MEASURED_VALUE] = TYPE_2C, values[_MEASURED_VALUE][1]
    root = {**values, **{tag: (kind, values[tag][1]) for tag, kind in _SR_ROOT.items()}}
    item = dict(values)
    for tag, kind in _SR_ITEM.items():
        item[tag] = kind, values.get(tag, (kind, {}))[1]
    items = forest.add_recursive(item, _CONTENT_SEQUENCE)
    number = forest.add({**root, _CONTENT_SEQUENCE: (TYPE_1C, {})})
    at = forest.trees[number].index(_CONTENT_SEQUENCE)
    forest.trees[number][at + 2] = items
    return number


def _tree(rows: list[Row]) -> Tree:
    tree: Tree = {}
    tags = _tags()
    for row in sorted(rows, key=lambda each: len(each["path"])):
        place = tree
        for keyword in row["path"]:
            place = place.setdefault(tags[keyword], (TYPE_3, {}))[1]
        tag, kind = tags[row["keyword"]], _TYPES.get(row["type"], TYPE_3)
        before = place.get(tag)
        if before is not None:  # alternatives of one module: what holds for all of them
            kind = min(kind, before[0], key=_WEAKEST_FIRST.index)
        place[tag] = kind, before[1] if before else {}
    return tree


def _tags() -> dict[str, int]:
    tags = {row[4]: tag for tag, row in DicomDictionary.items()}
    repeating = (mask for mask in RepeatersDictionary if mask.startswith(_OVERLAY_GROUP))
    return tags | {
        RepeatersDictionary[mask][4]: int(mask.replace("xx", "00"), 16) for mask in repeating
    }


if __name__ == "__main__":
    Path(__file__).with_name("modules.json").write_text(rendered(), encoding="utf-8")
