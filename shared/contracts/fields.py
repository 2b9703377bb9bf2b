"""Reading untrusted JSON objects: every problem is collected, none mentions a value."""

from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import TypeVar

from shared.errors import ContractError

T = TypeVar("T")
Choice = TypeVar("Choice", bound=StrEnum)

_INT64_DIGITS = 19


def _is_int64(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= _INT64_DIGITS


class Fields:
    """The fields of one message, and what is wrong with them.

    Reads return a placeholder after recording a problem; `check` raises before it can be used.
    """

    def __init__(self, contract: str, data: object, path: str = "") -> None:
        self._contract = contract
        self._path = path
        self.problems: list[str] = []
        self._data: Mapping[str, object] = data if isinstance(data, Mapping) else {}
        if not isinstance(data, Mapping):
            self.note("", "is not an object")

    def note(self, name: str, what: str) -> None:
        """Note what is wrong with a field; the words say no value."""
        self.problems.append(f"{self._path}{name} {what}".strip())

    def _read(self, name: str, kind: type[T], default: T) -> T:
        value = self._data.get(name)
        if isinstance(value, kind) and not (kind is int and isinstance(value, bool)):
            return value
        self.note(name, "is missing" if value is None else f"is not of type {kind.__name__}")
        return default

    def text(self, name: str) -> str:
        """Return a required non-empty string."""
        value = self._read(name, str, "-")
        if not value:
            self.note(name, "is empty")
        return value

    def optional_text(self, name: str) -> str | None:
        """Return a string, or None when the field is absent, null or empty."""
        return None if self._data.get(name) in (None, "") else self.text(name)

    def only(self, names: Collection[str]) -> None:
        """Note every field that is none of these."""
        for name in sorted(map(str, self._data.keys() - set(names))):
            self.note(name, "is not known")

    def choice(self, name: str, default: Choice) -> Choice:
        """Return one of the default's kind; the default when the field is absent, null or empty."""
        text = self.optional_text(name)
        try:
            return default if text is None else type(default)(text)
        except ValueError:
            self.note(name, f"is none of {', '.join(type(default))}")
            return default

    def integer(self, name: str) -> int:
        """Return a required integer; JSON_API_V1 writes 64-bit integers as strings."""
        value = self._data.get(name)
        if isinstance(value, str) and _is_int64(value):
            return int(value)
        return self._read(name, int, 0)

    def texts(self, name: str) -> tuple[str, ...]:
        """Return a list of non-empty strings; an absent list is empty."""
        rows: list[object] = [] if self._data.get(name) is None else self._read(name, list, [])
        found = tuple(row for row in rows if isinstance(row, str) and row)
        if len(found) != len(rows):
            self.note(name, "has what is no text")
        return found

    def flag(self, name: str, *, default: bool) -> bool:
        """Return a truth; the default when the field is absent or null."""
        return default if self._data.get(name) is None else self._read(name, bool, default)

    def optional_integer(self, name: str) -> int | None:
        """Return an integer, or None when the field is absent or null."""
        return None if self._data.get(name) is None else self.integer(name)

    def optional_seconds(self, name: str, default: int) -> int:
        """Return a number of seconds, at least one; the default when absent or null."""
        if self._data.get(name) is None:
            return default
        value = self._read(name, int, default)
        if value < 1:
            self.note(name, "is less than a second")
        return value

    def time(self, name: str) -> datetime:
        """Return a required RFC 3339 time with its offset."""
        text = self.text(name)
        try:
            value = datetime.fromisoformat(text)
        except ValueError:
            self.note(name, "is not an RFC 3339 time")
            return datetime.fromtimestamp(0, UTC)
        return value if value.tzinfo else value.replace(tzinfo=UTC)

    def optional_time(self, name: str) -> datetime | None:
        """Return an RFC 3339 time, or None when the field is absent or null."""
        return None if self._data.get(name) is None else self.time(name)

    def mapping(self, name: str) -> Mapping[str, object] | None:
        """Return a JSON object, or None when the field is absent or null."""
        return None if self._data.get(name) is None else self._read(name, dict, {})

    def nested(self, name: str, parse: Callable[["Fields"], T]) -> T | None:
        """Return a parsed object, or None when the field is absent or null."""
        return None if self._data.get(name) is None else self.required(name, parse)

    def required(self, name: str, parse: Callable[["Fields"], T]) -> T:
        """Return a parsed object."""
        return self._parse(self._data.get(name), f"{name}.", parse)

    def each(self, name: str, parse: Callable[["Fields"], T]) -> tuple[T, ...]:
        """Return the parsed objects of a list; an absent list is empty."""
        rows: list[object] = [] if self._data.get(name) is None else self._read(name, list, [])
        return tuple(self._parse(row, f"{name}[{i}].", parse) for i, row in enumerate(rows))

    def _parse(self, data: object, path: str, parse: Callable[["Fields"], T]) -> T:
        inner = Fields(self._contract, data, self._path + path)
        value = parse(inner)
        self.problems += inner.problems
        return value

    def check(self) -> None:
        """Return only when every read so far was sound.

        Raises:
            ContractError: names every field that is not.
        """
        if self.problems:
            raise ContractError(f"invalid-{self._contract}", self.problems)
