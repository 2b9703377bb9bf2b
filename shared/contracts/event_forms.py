"""Forms of what a public event may say: each keeps what fits it and lets nothing else through.

A form is also its JSON Schema (2020-12). Closed sets are described there by how their values look
and by examples: a value that is added later breaks nobody who checks against today's schema.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

INT64_MAX: Final = 2**63 - 1
_FEW: Final = 20  # examples that help a reader


class Form(Protocol):
    """What the values of a field look like."""

    def admitted(self, value: object) -> object | None:
        """Return what of a value may be told; None: nothing."""
        ...

    def schema(self) -> dict[str, object]:
        """Return the JSON Schema that whatever is admitted satisfies."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """Text of one look; of a closed set, only what is in it."""

    pattern: str  # of the whole text
    longest: int
    known: frozenset[str] = frozenset()  # empty: the look alone decides
    format: str = ""  # of JSON Schema

    def admitted(self, value: object) -> str | None:
        """Return the text, if it has the look and is of the set."""
        if not isinstance(value, str) or len(value) > self.longest:
            return None
        fits = re.fullmatch(self.pattern, value, re.ASCII) is not None
        return str(value) if fits and (not self.known or value in self.known) else None

    def schema(self) -> dict[str, object]:
        """Return its schema."""
        schema: dict[str, object] = {
            "type": "string",
            "pattern": f"^{self.pattern}$",
            "maxLength": self.longest,
        }
        if self.format:
            schema["format"] = self.format
        return schema | ({"examples": sorted(self.known)} if 0 < len(self.known) <= _FEW else {})


@dataclass(frozen=True, slots=True)
class Only:
    """One value, which says nothing but that the field is there."""

    value: str | int

    def admitted(self, value: object) -> str | int | None:
        """Return the value, if it is this one."""
        return self.value if value == self.value and type(value) is not bool else None

    def schema(self) -> dict[str, object]:
        """Return its schema."""
        of = "string" if isinstance(self.value, str) else "integer"
        return {"type": of, "const": self.value}


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole number."""

    least: int = 0

    def admitted(self, value: object) -> int | None:
        """Return the number, if it is one."""
        if not isinstance(value, int) or isinstance(value, bool):
            return None
        return value if self.least <= value <= INT64_MAX else None

    def schema(self) -> dict[str, object]:
        """Return its schema."""
        return {"type": "integer", "minimum": self.least}


@dataclass(frozen=True, slots=True)
class Flag:
    """True or false."""

    def admitted(self, value: object) -> bool | None:
        """Return the flag, if it is one."""
        return value if isinstance(value, bool) else None

    def schema(self) -> dict[str, object]:
        """Return its schema."""
        return {"type": "boolean"}


@dataclass(frozen=True, slots=True)
class Each:
    """Any number of values of one form."""

    form: Form

    def admitted(self, value: object) -> list[object] | None:
        """Return those that may be told."""
        if isinstance(value, str | Mapping) or not isinstance(value, Iterable):
            return None
        told = map(self.form.admitted, value)
        return [item for item in told if item is not None]

    def schema(self) -> dict[str, object]:
        """Return its schema."""
        return {"type": "array", "items": self.form.schema()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field: what it says and what its values look like."""

    number: int  # in the protocol buffer, where it never changes
    description: str
    form: Form
    filterable: bool = False  # is an attribute of the message, too
    also_named: str = ""  # a second attribute, as the Cloud Healthcare API names it

    def schema(self) -> dict[str, object]:
        """Return its schema."""
        return {"description": self.description, **self.form.schema()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """An object with these fields and no others."""

    required: Mapping[str, Field]
    optional: Mapping[str, Field]

    @property
    def fields(self) -> Mapping[str, Field]:
        """All its fields, the required ones first."""
        return {**self.required, **self.optional}

    def admitted(self, value: object) -> dict[str, object] | None:
        """Return the fields that may be told; None when a required one is not among them."""
        if not isinstance(value, Mapping):
            return None
        told = {name: field.form.admitted(value.get(name)) for name, field in self.fields.items()}
        kept = {name: item for name, item in told.items() if item is not None}
        return kept if self.required.keys() <= kept.keys() else None

    def schema(self) -> dict[str, object]:
        """Return its schema; later versions of it may have more optional fields."""
        return {
            "type": "object",
            "properties": {name: field.schema() for name, field in self.fields.items()},
            "required": list(self.required),
        }
