"""Everywhere that the outside hears of a local cloud: what came there, byte for byte."""

import email
import email.policy
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller

from infra.local.endpoints import HOST, free_ports


@dataclass(slots=True)
class Mailbox:
    """Keeps every mail, as it was sent and as its reader sees it."""

    mails: list[bytes] = field(default_factory=list)

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        """Take a mail."""
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        parts = [bytes(part.get_payload(decode=True) or b"") for part in message.walk()]
        headers = [f"{name}: {value}".encode() for name, value in message.items()]
        self.mails.append(b"\n".join([envelope.content, *headers, *parts]))
        return "250 taken"


class Posts(ThreadingHTTPServer):
    """Keeps every request, its path, headers and body, by the first part of its path."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__((HOST, 0), _Handler)
        self.received: dict[str, list[bytes]] = {"webhook": [], "chat": []}

    def url(self, name: str) -> str:
        """Return where requests of a kind are to be sent."""
        return f"http://{HOST}:{self.server_address[1]}/{name}"


class _Handler(BaseHTTPRequestHandler):
    server: Posts

    def do_POST(self) -> None:
        """Take a request."""
        body = self.rfile.read(int(self.headers.get("content-length", "0")))
        request = f"{self.requestline}\n{self.headers}".encode() + body
        self.server.received[self.path.strip("/")].append(request)
        self.send_response(204)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sinks:
    """A mail server, and a server for webhooks and chats, that a cloud is led to."""

    mailbox: Mailbox
    posts: Posts
    smtp_port: int
    folder: Path

    @property
    def targets(self) -> Path:
        """The file of targets: one of each kind and mode."""
        return self.folder / "targets.json"

    @property
    def settings(self) -> Mapping[str, str]:
        """What the cloud is to say of mails, and where the targets' secrets are."""
        return {
            "target-secrets-file": str(self.folder / "secrets.json"),
            "smtp_host": HOST,
            "smtp_port": str(self.smtp_port),
            "smtp_security": "none",
            "smtp_from": "inlet@example.org",
        }

    def write(self) -> None:
        """Write the files of the targets and of their secrets."""
        mail = {"kind": "email", "to": ["radiology@example.org"]}
        targets = {
            "router": {"kind": "webhook", "url": self.posts.url("webhook")},
            "room": {"kind": "chat"},
            "office": mail,
            "digests": {**mail, "mode": "digest"},
        }
        self.targets.write_text(json.dumps(targets))
        signing = "whsec_c2lnbmluZy1zZWNyZXQtb2YtYS10ZXN0"
        secrets = {"router": [signing], "room": self.posts.url("chat")}
        Path(self.settings["target-secrets-file"]).write_text(json.dumps(secrets))


@contextmanager
def listening_sinks(folder: Path) -> Iterator[Sinks]:
    """Sinks that take what comes within the block."""
    mailbox, smtp_port = Mailbox(), next(free_ports())
    controller = Controller(mailbox, hostname=HOST, port=smtp_port)
    controller.start()
    try:
        with Posts() as posts:
            threading.Thread(target=posts.serve_forever, daemon=True).start()
            sinks = Sinks(mailbox=mailbox, posts=posts, smtp_port=smtp_port, folder=folder)
            sinks.write()
            yield sinks
            posts.shutdown()
    finally:
        controller.stop()
