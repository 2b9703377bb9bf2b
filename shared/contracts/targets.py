"""The targets of notifications: who is told of which events, and how.

A deployment's data, delivered to `notify` as one JSON file: an object per target, by its name,
which is the end of its subscription's. What must stay secret (signing secrets, a chat's address,
the mail server's password) is in another file, by the same names.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Final
from urllib.parse import urlsplit

from shared.contracts.event import PublicEvent
from shared.contracts.event_types import EVENT_TYPES, RECEIPT
from shared.contracts.facilities import Facilities
from shared.contracts.fields import Fields

MAX_FILTER_BYTES: Final = 256  # of a subscription, which the service does not let change
LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})
# Of at most 23 characters: `target-` before it makes the id of a service account, which has 30.
NAME: Final = re.compile(r"[a-z]([a-z0-9-]{0,21}[a-z0-9])?")
SMTP: Final = "smtp"  # the password's name among the secrets, so no target's

_ATOM: Final = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"  # RFC 5322 Section 3.2.3
_MAILBOX: Final = re.compile(rf"{_ATOM}(\.{_ATOM})*@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")


class TargetKind(StrEnum):
    """How a target is told."""

    WEBHOOK = "webhook"
    EMAIL = "email"
    CHAT = "chat"


class Mode(StrEnum):
    """When a mail is sent."""

    IMMEDIATE = "immediate"
    DIGEST = "digest"


class Result(StrEnum):
    """How an attempt to tell a target of an event ended."""

    DELIVERED = "delivered"
    FAILED = "failed"
    REFUSED = "refused"
    GIVEN_UP = "given-up"


RESULTS: Mapping[Result, str] = {
    Result.DELIVERED: "the receiver has it",
    Result.FAILED: "it is tried again",
    Result.REFUSED: "the receiver will never take it, so it is not tried again",
    Result.GIVEN_UP: "it failed, and the event is too old to be tried again",
}


class Failure(StrEnum):
    """Why a target has not been told."""

    TIMEOUT = "receiver-timeout"
    UNREACHABLE = "receiver-unreachable"
    CERTIFICATE = "receiver-certificate"
    ADDRESS = "receiver-address"
    REFUSED = "receiver-refused"
    BUSY = "receiver-busy"
    GONE = "receiver-gone"
    LOGIN = "receiver-login"


FAILURES: Mapping[Failure, str] = {
    Failure.TIMEOUT: "no answer in time, or not all of it",
    Failure.UNREACHABLE: "no name, no connection, or one that broke",
    Failure.CERTIFICATE: "its certificate is not trusted, or not for its name",
    Failure.ADDRESS: "its name leads to no public address, and to none that is allowed",
    Failure.REFUSED: "an answer other than success; redirects are answers",
    Failure.BUSY: "it asks for time: 429 or 503, or a mail server's 4yz",
    Failure.GONE: "410: nobody wants to be told there any more",
    Failure.LOGIN: "the mail server does not let us sign in",
}
KINDS: Mapping[TargetKind, str] = {
    TargetKind.WEBHOOK: "each event, whole, posted to `url` and signed",
    TargetKind.EMAIL: "mails to the addresses in `to`",
    TargetKind.CHAT: "a line for each event, in a room of Google Chat or Slack",
}
MODES: Mapping[Mode, str] = {
    Mode.IMMEDIATE: "one for each event",
    Mode.DIGEST: f"one for each receipt (`{RECEIPT.name}`), with its numbers",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One target and what it wants to hear."""

    name: str
    description: str = ""
    kind: TargetKind = TargetKind.WEBHOOK
    url: str = ""
    to: tuple[str, ...] = ()
    mode: Mode = Mode.IMMEDIATE
    facilities: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    enabled: bool = True

    def wants(self, event: PublicEvent) -> bool:
        """Return whether the target is to be told of an event."""
        of_facility = not self.facilities or event.data.get("facility") in self.facilities
        return of_facility and self._wants_type(event.type)

    def _wants_type(self, event_type: str) -> bool:
        wanted = (RECEIPT.name,) if self.mode is Mode.DIGEST else self.types
        return not wanted or any(map(_Matcher(event_type), wanted))

    @property
    def filter(self) -> str:
        """The filter of its subscription: by facility where that fits; `wants` decides."""
        text = " OR ".join(f'attributes.facility = "{name}"' for name in self.facilities)
        return text if len(text.encode()) <= MAX_FILTER_BYTES else ""


FIELDS: Mapping[str, str] = {
    "description": "for whoever reads the file",
    "kind": "how it is told: " + "; ".join(f"`{kind}`, {text}" for kind, text in KINDS.items()),
    "url": "of a webhook: its address, https",
    "to": "of a mail: the addresses",
    "mode": "of a mail: when it is sent: "
    + "; ".join(f"`{mode}`, {text}" for mode, text in MODES.items()),
    "facilities": "only events of these; events of research copies name no facility",
    "types": "only events of these types; one that ends in a dot stands for all that begin so",
    "enabled": "`false`: it is told nothing; what is published meanwhile can be replayed",
}


@dataclass(frozen=True, slots=True)
class Targets:
    """Every target."""

    by_name: Mapping[str, Target]

    def get(self, name: str) -> Target | None:
        """Return a target, or None when there is none of that name."""
        return self.by_name.get(name)

    def __iter__(self) -> Iterator[Target]:
        """Yield each target."""
        return iter(self.by_name.values())

    @classmethod
    def from_data(cls, data: object, facilities: Facilities) -> "Targets":
        """Read the targets as parsed.

        Raises:
            ContractError: names everything that is wrong with them, and quotes no address.
        """
        document = Fields("targets", data)
        names = data if isinstance(data, Mapping) else {}
        found = [document.required(str(name), _Reader(str(name))) for name in names]
        for target in found:
            document.problems += _problems(target, facilities)
        document.check()
        return cls({target.name: target for target in found})


@dataclass(frozen=True, slots=True)
class _Matcher:
    event_type: str

    def __call__(self, wanted: str) -> bool:
        """Return whether the type is the wanted one, or begins as wanted."""
        if wanted.endswith("."):
            return self.event_type.startswith(wanted)
        return self.event_type == wanted


@dataclass(frozen=True, slots=True)
class _Reader:
    name: str

    def __call__(self, data: Fields) -> Target:
        data.only(_KEYS)
        return Target(
            name=self.name,
            description=data.optional_text("description") or "",
            kind=data.choice("kind", TargetKind.WEBHOOK),
            url=data.optional_text("url") or "",
            to=data.texts("to"),
            mode=data.choice("mode", Mode.IMMEDIATE),
            facilities=data.texts("facilities"),
            types=data.texts("types"),
            enabled=data.flag("enabled", default=True),
        )


_KEYS: Final = frozenset(field.name for field in fields(Target)) - {"name"}


def _problems(target: Target, facilities: Facilities) -> Iterator[str]:
    name = target.name
    if not NAME.fullmatch(name) or name == SMTP:
        yield f"{name} is no name for a target"
    yield from _address_problems(target)
    for facility in target.facilities:
        if facilities.get(facility) is None:
            yield f"{name}.facilities names one that is not registered"
    for wanted in target.types:
        if not any(_Matcher(known.name)(wanted) for known in EVENT_TYPES):
            yield f"{name}.types names one that does not exist"


def _address_problems(target: Target) -> Iterator[str]:
    """Yield what is wrong with what only one kind of target has."""
    name, is_mail = target.name, target.kind is TargetKind.EMAIL
    if bool(target.url) != (target.kind is TargetKind.WEBHOOK):
        yield f"{name}.url is for webhooks, which need it"
    elif target.url and not is_address(target.url):
        yield f"{name}.url is not an https address"
    if bool(target.to) != is_mail:
        yield f"{name}.to is for mails, which need it"
    elif not all(map(is_mailbox, target.to)):
        yield f"{name}.to has what is no mail address"
    if target.mode is Mode.DIGEST and (target.types or not is_mail):
        yield f"{name}.mode digest is for mails without types"


def is_mailbox(text: str) -> bool:
    """Return whether a text is a mail address and nothing else, such as another header."""
    return bool(_MAILBOX.fullmatch(text))


def is_address(url: str) -> bool:
    """Return whether an address is https and holds no credentials; http only leads to loopback."""
    try:
        parts = urlsplit(url)
        port_is_sound = parts.port != 0
    except ValueError:
        return False
    plain = parts.scheme == "http" and parts.hostname in LOOPBACK
    return (
        (parts.scheme == "https" or plain)
        and bool(parts.hostname)
        and port_is_sound
        and "@" not in parts.netloc
        and url.isascii()
        and url.isprintable()
        and " " not in url
    )


def subscription_of(target: str) -> str:
    """Return the name of a target's subscription."""
    return f"notify-target-{target}"
