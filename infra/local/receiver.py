"""A loopback receiver of webhooks that checks every signature, as a subscriber would."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from standardwebhooks import Webhook, WebhookVerificationError

from infra.local.endpoints import HOST
from infra.local.layout import Layout, write_json
from infra.local.secret_files import TARGETS, signing_secrets

_TARGET = "demo"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One webhook as it came in."""

    id: str
    verified: bool
    event: Mapping[str, object]


class Receiver(ThreadingHTTPServer):
    """Answers 204 to what is signed with the secret, 401 to anything else, and tells of both."""

    daemon_threads = True

    def __init__(self, layout: Layout, heard: Callable[[Delivery], None]) -> None:
        super().__init__((HOST, 0), _Handler)
        self._secrets = layout.secrets / TARGETS
        self._heard = heard
        self.targets = layout.root / "demo-targets.json"

    @property
    def url(self) -> str:
        """Where webhooks are to be sent."""
        return f"http://{HOST}:{self.server_address[1]}/webhook"

    def receive(self, body: bytes, headers: dict[str, str]) -> HTTPStatus:
        """Check one delivery and say how to answer it."""
        try:
            (secret,) = signing_secrets(self._secrets, _TARGET)
            Webhook(secret).verify(body, headers)
        except WebhookVerificationError:
            self._heard(Delivery(id="", verified=False, event={}))
            return HTTPStatus.UNAUTHORIZED
        self._heard(Delivery(id=headers["webhook-id"], verified=True, event=json.loads(body)))
        return HTTPStatus.NO_CONTENT


@contextmanager
def receiving(layout: Layout, heard: Callable[[Delivery], None]) -> Iterator[Receiver]:
    """A receiver that listens within the block, and a file of targets for a cloud to tell it."""
    with Receiver(layout, heard) as receiver:
        layout.root.mkdir(parents=True, exist_ok=True)
        write_json(receiver.targets, {_TARGET: {"kind": "webhook", "url": receiver.url}})
        threading.Thread(target=receiver.serve_forever, daemon=True).start()
        try:
            yield receiver
        finally:
            receiver.shutdown()


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        """Take one webhook."""
        body = self.rfile.read(int(self.headers.get("content-length", "0")))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.send_response(self.server.receive(body, headers))
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Print nothing."""
