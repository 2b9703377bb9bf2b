"""Two lists in the order of names, as one: a merge that holds one item of each."""

from collections.abc import Iterator
from dataclasses import dataclass

from shared.contracts.catalogue import IndexedVersion
from shared.contracts.objects import StoredObject


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """What the archive and the tables have under one name; at least one of them has something."""

    name: str
    stored: StoredObject | None
    indexed: IndexedVersion | None

    @property
    def row_is_missing(self) -> bool:
        """Whether the generation that stands there has no row."""
        if self.stored is None:
            return False
        return self.indexed is None or self.indexed.generation != self.stored.version.generation


def merged(stored: Iterator[StoredObject], indexed: Iterator[IndexedVersion]) -> Iterator[Pair]:
    """Yield every name that either has, once, in order; both come in that order."""
    left, right = next(stored, None), next(indexed, None)
    while left or right:
        names = [left.version.name] if left else []
        name = min([*names, right.name] if right else names)
        here = left if left and left.version.name == name else None
        there = right if right and right.name == name else None
        yield Pair(name=name, stored=here, indexed=there)
        left = next(stored, None) if here else left
        right = next(indexed, None) if there else right
