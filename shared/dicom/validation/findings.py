"""What was found in one object: each kind of finding once, counted, and no more than a bound."""

from __future__ import annotations

from typing import Final

from shared.dicom.warnings import MOST_WARNINGS, Warning_

LEFT_OUT: Final = "findings-left-out"


class Place:
    """One data set or item: rendered as a path only when something is found in it."""

    __slots__ = ("index", "kind", "parent", "tag")

    def __init__(
        self, kind: int = 0, parent: Place | None = None, tag: int = 0, index: int = 0
    ) -> None:
        self.kind = kind  # equal for all items of one sequence
        self.parent = parent  # None for the data set of the object
        self.tag = tag  # of the sequence
        self.index = index  # of the item

    def path(self, tag: int) -> str:
        """Return the path of an attribute here: `00081140[0].00081155`."""
        parts = [f"{tag:08X}"]
        place = self
        while place.parent is not None:
            parts.append(f"{place.tag:08X}[{place.index}]")
            place = place.parent
        return ".".join(reversed(parts))


class Findings:
    """Warnings in the order they were found.

    The same finding in other items of a sequence is counted at the first of them; what exceeds
    MOST_WARNINGS is counted in one last warning.
    """

    def __init__(self) -> None:
        self.root = Place()
        self._kinds: dict[tuple[int, int], int] = {}
        self._found: dict[tuple[str, int, int], list[int]] = {}
        self._paths: list[tuple[str, str]] = []
        self._left_out = 0

    def inside(self, place: Place, tag: int, index: int) -> Place:
        """Return the place of an item."""
        kind = self._kinds.setdefault((place.kind, tag), len(self._kinds) + 1)
        return Place(kind, place, tag, index)

    def add(self, code: str, place: Place, tag: int) -> None:
        """Take one finding."""
        key = code, place.kind, tag
        count = self._found.get(key)
        if count is not None:
            count[0] += 1
        elif len(self._paths) < MOST_WARNINGS:
            self._found[key] = [1]
            self._paths.append((code, place.path(tag)))
        else:
            self._left_out += 1

    def about_object(self, code: str) -> None:
        """Take a finding that no attribute stands for."""
        if len(self._paths) < MOST_WARNINGS:
            self._found[code, -1, len(self._paths)] = [1]
            self._paths.append((code, ""))
        else:
            self._left_out += 1

    def warnings(self) -> tuple[Warning_, ...]:
        """Return what was found."""
        counts = (count[0] for count in self._found.values())
        found = [
            Warning_(code, path, count)
            for (code, path), count in zip(self._paths, counts, strict=True)
        ]
        if self._left_out:
            found.append(Warning_(LEFT_OUT, "", self._left_out))
        return tuple(found)
