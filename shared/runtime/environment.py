"""Reading the environment: every problem is found before any is reported."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import TypeVar

from shared.contracts.targets import is_mailbox
from shared.errors import ContractError, SettingsError

Network = IPv4Network | IPv6Network
T = TypeVar("T")
Choice = TypeVar("Choice", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class Variable:
    """One variable that was read."""

    name: str
    default: str | None = None  # None when it must be set

    @property
    def required(self) -> bool:
        """Whether the function refuses to start without it."""
        return self.default is None


class Environment:
    """The variables of one function and what is wrong with them."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables
        self._problems: list[str] = []
        self.read: list[Variable] = []  # in the order in which they were asked for

    def text(self, name: str) -> str:
        """Return a variable that must be set."""
        value = self._value(Variable(name))
        if not value:
            self.problem(name, "is not set")
        return value

    def optional(self, name: str) -> str | None:
        """Return a variable, or None when it is unset or empty."""
        return self._value(Variable(name, "")) or None

    def integer(self, name: str, default: int) -> int:
        """Return a whole number that is at least 1."""
        text = self._value(Variable(name, str(default))) or str(default)
        if text.isascii() and text.isdigit() and int(text) >= 1:
            return int(text)
        self.problem(name, "is not a whole number of at least 1")
        return default

    def choice(self, name: str, default: Choice) -> Choice:
        """Return one of the default's kind; the default when it is unset."""
        try:
            return type(default)(self._value(Variable(name, default)) or default)
        except ValueError:
            self.problem(name, f"is none of {', '.join(type(default))}")
            return default

    def mailbox(self, name: str) -> str:
        """Return a mail address, empty when it is unset."""
        text = self.optional(name) or ""
        if text and not is_mailbox(text):
            self.problem(name, "is no mail address")
        return text

    def networks(self, name: str) -> tuple[Network, ...]:
        """Return the networks of a list in CIDR notation, separated by blanks; none when unset."""
        texts = (self.optional(name) or "").split()
        try:
            return tuple(map(ip_network, texts))
        except ValueError:
            self.problem(name, "is no list of networks in CIDR notation")
            return ()

    def secret(self, name: str, at_least: int = 1) -> bytes:
        """Return the content of the file that a variable names, as a mounted secret is."""
        path = self.text(name)
        return self._content(name, path, at_least) if path else b""

    def optional_secret(self, name: str) -> bytes | None:
        """Return the content of the file that a variable names, or None when it is unset."""
        path = self.optional(name)
        return self._content(name, path, 1) if path else None

    def document(
        self,
        name: str,
        parse: Callable[[object], T],
        placeholder: T,
        when_unset: object = None,
    ) -> T:
        """Return what the JSON file that a variable names says; the placeholder after a problem.

        Args:
            name: the variable.
            parse: reads what is parsed, or raises an error that lists problems.
            placeholder: what to go on with after a problem, which `check` reports.
            when_unset: stands for the file's content when there is none; None: it must be set.
        """
        path = self.text(name) if when_unset is None else self.optional(name)
        content = self._content(name, path, 1) if path else b""
        if path and not content:
            return placeholder
        try:
            return parse(json.loads(content) if content else when_unset)
        except ValueError:
            self.problem(name, "names a file that is not JSON")
        except (ContractError, SettingsError) as error:
            for problem in error.problems:
                self.problem(name, problem)
        return placeholder

    def made(self, make: Callable[[], T], placeholder: T) -> T:
        """Return what is made of several variables; the placeholder after problems, all noted."""
        try:
            return make()
        except SettingsError as error:
            self._problems += error.problems
            return placeholder

    def _content(self, name: str, path: str, at_least: int) -> bytes:
        try:
            value = Path(path).read_bytes().strip()
        except OSError:
            value = b""
        if len(value) < at_least:
            self.problem(name, f"names no readable file of at least {at_least} bytes")
        return value

    def _value(self, variable: Variable) -> str:
        self.read.append(variable)
        return self._variables.get(variable.name, "").strip()

    def problem(self, name: str, what: str) -> None:
        """Note what is wrong with a variable; the text must not quote its value."""
        self._problems.append(f"{name} {what}")

    def check(self) -> None:
        """Return only when every variable read so far was sound.

        Raises:
            SettingsError: names every variable that is not.
        """
        if self._problems:
            raise SettingsError("invalid-settings", self._problems)
