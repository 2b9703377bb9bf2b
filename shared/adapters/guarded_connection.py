"""Connections to addresses that others chose: to the public internet, and to what is allowed.

A name is resolved once, and the connection goes to exactly the address that was checked: an answer
that changes between the check and the use cannot lead it elsewhere.
"""

import contextlib
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import Any, Final

from shared.adapters.deadline import Deadline

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
Resolve = Callable[[str, int], list[Any]]  # as `socket.getaddrinfo`

_CONNECT_S: Final = 5.0
_UNICAST: Final = IPv6Network("2000::/3")  # all that is assigned of global unicast, RFC 4291
_NAT64: Final = IPv6Network("64:ff9b::/96")  # RFC 6052: an IPv4 address is in its last 32 bits
# Not on every Python's own list of what is not global.
_SPECIAL: Final = tuple(
    map(
        ip_network,
        (
            "192.0.0.0/24",  # protocol assignments, RFC 6890
            "3fff::/20",  # documentation, RFC 9637
            "2001::/32",  # Teredo, RFC 4380
            "2002::/16",  # 6to4, RFC 3056
            "192.88.99.0/24",  # relays of 6to4, RFC 7526
        ),
    )
)


class AddressRefusedError(OSError):
    """A name leads to no address that may be connected to."""


def resolve_stream(host: str, port: int) -> list[Any]:
    """Return what a name resolves to, as `socket.getaddrinfo` does."""
    return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)


@dataclass(frozen=True, slots=True)
class Guard:
    """Which addresses may be connected to, and how names are resolved."""

    allowed: tuple[Network, ...] = ()
    resolve: Resolve = resolve_stream

    def connect(self, host: str, port: int, deadline: Deadline) -> socket.socket:
        """Return a connection to the first address of a name that may be connected to and answers.

        Raises:
            AddressRefusedError: none may be.
            OSError: none answered.
        """
        failure: OSError = AddressRefusedError()
        for family, sockaddr in self._permitted(host, port):
            try:
                return _connected(family, sockaddr, deadline)
            except OSError as error:
                failure = error
        raise failure

    def permits(self, address: Address) -> bool:
        """Return whether an address is public, or in a network that is allowed."""
        seen = getattr(address, "ipv4_mapped", None) or address  # where a connection really goes
        return any(seen in network for network in self.allowed) or is_public(seen)

    def _permitted(self, host: str, port: int) -> Iterator[tuple[int, Any]]:
        for family, _, _, _, sockaddr in self.resolve(host, port):
            if self.permits(ip_address(sockaddr[0])):
                yield family, sockaddr


def is_public(address: Address) -> bool:
    """Return whether an address is somebody's on the public internet.

    It is a list of what is, so that what nobody thought of is not.
    """
    if isinstance(address, IPv6Address) and address in _NAT64:
        return is_public(IPv4Address(int(address) & 0xFFFFFFFF))
    if isinstance(address, IPv6Address) and address not in _UNICAST:
        return False
    special = address.is_multicast or address.is_reserved or address.is_unspecified
    return address.is_global and not special and not any(address in network for network in _SPECIAL)


def _connected(family: int, sockaddr: Any, deadline: Deadline) -> socket.socket:
    with contextlib.ExitStack() as undo:
        connection = socket.socket(family, socket.SOCK_STREAM)
        undo.callback(connection.close)
        connection.settimeout(min(_CONNECT_S, deadline.left_s()))
        connection.connect(sockaddr)
        deadline.watch(connection)
        undo.pop_all()
        return connection
