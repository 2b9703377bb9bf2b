"""Receivers of webhooks on this machine, well behaved or not."""

import socket
import ssl
import struct
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_network
from threading import Thread
from typing import Any

import trustme

from shared.adapters.guarded_connection import Guard, Resolve, resolve_stream
from shared.adapters.https_post import Poster
from shared.adapters.system_clock import SystemClock

LOOPBACK = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
DRIP_S = 0.02


@dataclass(frozen=True, slots=True)
class Request:
    """What a receiver was asked."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


class HttpReceiver(ThreadingHTTPServer):
    """Keeps what it is sent, and behaves as it is told."""

    daemon_threads = True

    def __init__(self, behave: Callable[["Connection"], None], tls: ssl.SSLContext | None) -> None:
        super().__init__(("127.0.0.1", 0), Connection)
        self.behave = behave
        self.received: list[Request] = []
        self.scheme = "https" if tls else "http"
        if tls:
            self.socket = tls.wrap_socket(
                self.socket, server_side=True, do_handshake_on_connect=False
            )

    def url(self, path: str = "/hook", host: str = "127.0.0.1") -> str:
        return f"{self.scheme}://{host}:{self.server_port}{path}"

    def handle_error(self, *_: Any) -> None:
        """Say nothing of those who hang up."""


class Connection(BaseHTTPRequestHandler):
    server: HttpReceiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        request = Request(self.command, self.path, dict(self.headers), body)
        self.server.received.append(request)
        self.server.behave(self)

    def do_GET(self) -> None:
        """What following a redirect would ask for."""
        self.do_POST()

    def answer(self, status: int, **headers: str) -> None:
        self.send_response(status)
        for name, value in {"content-length": "0", **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


def answers(status: int = 204, **headers: str) -> Callable[[Connection], None]:
    return lambda connection: connection.answer(status, **headers)


def is_silent(connection: Connection) -> None:
    connection.rfile.read()


def resets(connection: Connection) -> None:
    connection.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.connection.close()


def drips_headers(connection: Connection) -> None:
    _drip(connection, b"HTTP/1.1 204 No Content\r\nx: ", b"x")


def drips_continues(connection: Connection) -> None:
    _drip(connection, b"", b"HTTP/1.1 100 Continue\r\n\r\n")


def says(answer: bytes) -> Callable[[Connection], None]:
    """Say just this, and hang up."""

    def say(connection: Connection) -> None:
        connection.wfile.write(answer)

    return say


def drips_a_body(connection: Connection) -> None:
    connection.answer(200, content_length="1000000000")
    _drip(connection, b"", b"x")


def floods(connection: Connection) -> None:
    connection.answer(200, content_length=str(1 << 40))
    while True:
        connection.wfile.write(bytes(1 << 16))


def _drip(connection: Connection, first: bytes, then: bytes) -> None:
    connection.wfile.write(first)
    while True:
        connection.wfile.write(then)
        time.sleep(DRIP_S)


@contextmanager
def receiving(
    behave: Callable[[Connection], None] = answers(),  # noqa: B008 - holds nothing
    tls: ssl.SSLContext | None = None,
) -> Iterator[HttpReceiver]:
    with HttpReceiver(behave, tls) as server:
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server
        server.shutdown()


def server_tls(authority: trustme.CA, name: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    return context


def trusting(authority: trustme.CA) -> Callable[[], ssl.SSLContext]:
    def context() -> ssl.SSLContext:
        made = ssl.create_default_context()
        authority.configure_trust(made)
        return made

    return context


def resolving(**names: str) -> Resolve:
    """Resolve some names, by `_` for dots, to an address, and the others as the system does."""

    def resolve(host: str, port: int) -> list[Any]:
        return resolve_stream(names.get(host.replace(".", "_"), host), port)

    return resolve


def a_poster(attempt_s: float = 5.0, guard: Guard | None = None, **others: Any) -> Poster:
    return Poster(SystemClock(), guard or Guard(LOOPBACK), attempt_s, **others)
