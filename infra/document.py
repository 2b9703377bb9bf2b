"""Reading a YAML document with every problem listed, each under its path."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TypeVar

import yaml

T = TypeVar("T")


class DefinitionError(Exception):
    """A definition cannot be used; `problems` names every place and what is wrong there."""

    def __init__(self, source: str, problems: list[str]) -> None:
        super().__init__(f"{source}: {'; '.join(problems)}")
        self.problems = tuple(problems)


class Node:
    """A mapping inside a document; reading it notes problems instead of raising them."""

    def __init__(self, value: object, path: str, problems: list[str]) -> None:
        self.path = path
        self.problems = problems
        self._value: dict[str, object] = {}
        if isinstance(value, dict):
            self._value = {str(key): item for key, item in value.items()}
        elif value is not None:
            self.problem("must be a mapping")

    def problem(self, text: str) -> None:
        """Note that something is wrong here."""
        self.problems.append(f"{self.path or 'document'} {text}")

    def __contains__(self, key: str) -> bool:
        return key in self._value

    def only(self, *keys: str) -> None:
        """Note every key that is none of these."""
        for key in self._value.keys() - set(keys):
            self.problem(f"has an unknown key {key!r}")

    def child(self, key: str) -> "Node":
        """The mapping under a key, empty when there is none."""
        return Node(self._value.get(key), f"{self.path}.{key}" if self.path else key, self.problems)

    def children(self, key: str) -> list["Node"]:
        """The mappings in the list under a key, none when there is no list."""
        values = self._take(key, list, [], "a list") or []
        path = f"{self.path}.{key}" if self.path else key
        return [Node(value, f"{path}[{at}]", self.problems) for at, value in enumerate(values)]

    def entries(self) -> Iterator[tuple[str, "Node"]]:
        """Every key with the mapping under it."""
        return ((key, self.child(key)) for key in self._value)

    def text(self, key: str, default: str | None = None) -> str:
        """The text under a key."""
        return self._take(key, str, default, "text") or ""

    def number(self, key: str, default: float | None = None) -> float:
        """The positive number under a key."""
        value = self._take(key, (int, float), default, "a number")
        if value is not None and value <= 0:
            self.problem(f"needs a positive {key}")
        return value or 0

    def count(self, key: str, default: int | None = None) -> int:
        """The positive whole number under a key."""
        value = self.number(key, default)
        if value != int(value):
            self.problem(f"needs a whole number as {key}")
        return int(value)

    def flag(self, key: str) -> bool:
        """The truth under a key, false when there is none."""
        return bool(self._take(key, bool, default=False, kind="true or false"))

    def names(self, key: str) -> tuple[str, ...]:
        """The list of texts under a key."""
        value = self._take(key, list, [], "a list")
        return tuple(str(item) for item in value or [])

    def scalars(self) -> dict[str, str]:
        """Every key with its value as text."""
        for key, value in self._value.items():
            if isinstance(value, dict | list):
                self.problem(f"needs one value as {key}")
        return {key: "" if value is None else str(value) for key, value in self._value.items()}

    def plain(self) -> Mapping[str, object]:
        """What stands here, as parsed."""
        return self._value

    def _take(
        self, key: str, kinds: type[T] | tuple[type[T], ...], default: T | None, kind: str
    ) -> T | None:
        value = self._value.get(key, default)
        if value is None:
            self.problem(f"needs {key}")
        elif not isinstance(value, kinds) or (isinstance(value, bool) and kinds is not bool):
            self.problem(f"needs {kind} as {key}")
            return default
        return value


def read_document(path: Path) -> Node:
    """The document in a file; a file that is no YAML raises a DefinitionError."""
    try:
        value = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError:
        raise DefinitionError(path.name, ["is not YAML"]) from None
    return Node(value, "", [])


def settle(source: str, node: Node) -> None:
    """Raise when reading the document noted any problem."""
    if node.problems:
        raise DefinitionError(source, node.problems)
