"""The mail server through which a deployment sends, and how it is spoken to."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Security(StrEnum):
    """How what is said to the server is protected."""

    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"


PORTS: Mapping[Security, int] = {
    Security.STARTTLS: 587,  # RFC 6409 Section 3.1
    Security.TLS: 465,  # RFC 8314 Section 7.3
    Security.NONE: 25,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class MailServer:
    """Where mails are handed in, and in whose name."""

    host: str
    port: int
    security: Security
    sender: str
    user: str = ""  # empty: nobody signs in
    password: str = field(default="", repr=False)
