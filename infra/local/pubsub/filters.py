r"""Subscription filters: the documented language, parsed once and evaluated per message.

    expression = term (("AND" term)* | ("OR" term)*)
    term       = ("NOT" | "-") term | "(" expression ")" | has | compare | prefix
    has        = "attributes" ":" key
    compare    = "attributes" "." key ("=" | "!=") string
    prefix     = "hasPrefix" "(" "attributes" "." key "," string ")"
    key        = identifier | string

``!=`` also matches a message without the key. ``AND`` and ``OR`` cannot be mixed without
parentheses. Source: Pub/Sub documentation, "Filter messages from a subscription".
"""

import re
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from infra.local.pubsub.errors import InvalidArgumentError

Attributes = Mapping[str, str]
Predicate = Callable[[Attributes], bool]

MAX_FILTER_BYTES: Final = 256
MAX_DEPTH: Final = 64

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<string>"(?:[^"\\]|\\.)*")
      | (?P<word>[A-Za-z0-9_][A-Za-z0-9_-]*)
      | (?P<symbol>!=|[=:.,()-])
    )""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(
    r"\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|[xX]([0-9A-Fa-f]{2})|([0-7]{1,3})|(.))", re.DOTALL
)
_SIMPLE: Final = {
    "a": "\a",
    "b": "\b",
    "f": "\f",
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "v": "\v",
    "\\": "\\",
    '"': '"',
    "'": "'",
    "?": "?",
    "`": "`",
}


class _Token(NamedTuple):
    kind: str
    text: str


_END: Final = _Token("end", "")


def compile_filter(text: str) -> Predicate | None:
    """Return what decides whether a message's attributes match; ``None`` for an empty filter."""
    if len(text.encode()) > MAX_FILTER_BYTES:
        raise InvalidArgumentError(f"The filter is longer than {MAX_FILTER_BYTES} bytes.")
    return _Parser(_tokens(text)).parse() if text.strip() else None


def _invalid(reason: str) -> InvalidArgumentError:
    return InvalidArgumentError(f"Invalid filter: {reason}")


def _tokens(text: str) -> list[_Token]:
    tokens, position, end = [], 0, len(text.rstrip())
    while position < end:
        match = _TOKEN.match(text, position)
        if not match or not match.lastgroup:
            raise _invalid(f"unexpected character at position {position}.")
        tokens.append(_Token(match.lastgroup, match[match.lastgroup]))
        position = match.end()
    return tokens


def _unescape(match: re.Match[str]) -> str:
    short, long, hexadecimal, octal, simple = match.groups()
    if simple is not None:
        if simple not in _SIMPLE:
            raise _invalid(f"unknown escape sequence \\{simple}.")
        return _SIMPLE[simple]
    code = int(octal, 8) if octal else int(short or long or hexadecimal, 16)
    try:
        character = chr(code)
        character.encode()
    except (ValueError, OverflowError):
        raise _invalid(f"{match[0]} is not a character.") from None
    return character


def _string(token: _Token) -> str:
    return _ESCAPE.sub(_unescape, token.text[1:-1])


class _Parser:
    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens = tokens
        self._next = 0

    def parse(self) -> Predicate:
        predicate = self._expression(0)
        if self._peek() is not _END:
            raise _invalid(f"unexpected '{self._peek().text}'.")
        return predicate

    def _peek(self) -> _Token:
        return self._tokens[self._next] if self._next < len(self._tokens) else _END

    def _take(self) -> _Token:
        token = self._peek()
        self._next += 1
        return token

    def _accept(self, text: str) -> bool:
        if self._peek().kind == "string" or self._peek().text != text:
            return False
        self._next += 1
        return True

    def _expect(self, text: str) -> None:
        if not self._accept(text):
            raise _invalid(f"expected '{text}', found '{self._peek().text}'.")

    def _expression(self, depth: int) -> Predicate:
        if depth > MAX_DEPTH:
            raise _invalid(f"nested deeper than {MAX_DEPTH} levels.")
        terms = [self._term(depth)]
        operator = self._peek().text
        while operator in ("AND", "OR") and self._accept(operator):
            terms.append(self._term(depth))
        if self._peek().text in ("AND", "OR"):
            raise _invalid("AND and OR cannot be mixed without parentheses.")
        if len(terms) == 1:
            return terms[0]
        return _all_of(terms) if operator == "AND" else _any_of(terms)

    def _term(self, depth: int) -> Predicate:
        if depth > MAX_DEPTH:
            raise _invalid(f"nested deeper than {MAX_DEPTH} levels.")
        if self._accept("NOT") or self._accept("-"):
            return _negation(self._term(depth + 1))
        if self._accept("("):
            inner = self._expression(depth + 1)
            self._expect(")")
            return inner
        if self._accept("hasPrefix"):
            return self._prefix()
        self._expect("attributes")
        return self._comparison()

    def _prefix(self) -> Predicate:
        self._expect("(")
        self._expect("attributes")
        self._expect(".")
        key = self._key()
        self._expect(",")
        prefix = self._literal()
        self._expect(")")
        return lambda attributes: attributes.get(key, "").startswith(prefix) and key in attributes

    def _comparison(self) -> Predicate:
        if self._accept(":"):
            present = self._key()
            return lambda attributes: present in attributes
        self._expect(".")
        key = self._key()
        if self._accept("="):
            value = self._literal()
            return lambda attributes: attributes.get(key) == value
        self._expect("!=")
        other = self._literal()
        return lambda attributes: attributes.get(key) != other

    def _key(self) -> str:
        token = self._take()
        if token.kind == "string":
            return _string(token)
        if token.kind == "word":
            return token.text
        raise _invalid(f"expected an attribute key, found '{token.text}'.")

    def _literal(self) -> str:
        token = self._take()
        if token.kind == "string":
            return _string(token)
        raise _invalid(f"expected a string in double quotes, found '{token.text}'.")


def _all_of(terms: list[Predicate]) -> Predicate:
    return lambda attributes: all(term(attributes) for term in terms)


def _any_of(terms: list[Predicate]) -> Predicate:
    return lambda attributes: any(term(attributes) for term in terms)


def _negation(term: Predicate) -> Predicate:
    return lambda attributes: not term(attributes)
