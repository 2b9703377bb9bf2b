"""A real HTTP endpoint for pushes: it keeps what it gets and answers as it is told."""

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue
from types import TracebackType
from typing import Any, Self

PATIENCE_S = 20.0


@dataclass(frozen=True)
class Push:
    """One request as it arrived."""

    path: str
    headers: Message
    body: bytes

    @property
    def envelope(self) -> dict[str, Any]:
        envelope: dict[str, Any] = json.loads(self.body)
        return envelope


class _Server(ThreadingHTTPServer):
    request_queue_size = 1024


def _ok(_: Push) -> int:
    return 204


@dataclass
class Endpoint:
    """An HTTP server on a free port, for as long as a ``with`` block lasts."""

    answer: Callable[[Push], int] = _ok
    pushes: Queue[Push] = field(default_factory=Queue)
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/push?token=t"

    def get(self) -> Push:
        return self.pushes.get(timeout=PATIENCE_S)

    def __enter__(self) -> Self:
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                push = Push(self.path, self.headers, body)
                status = endpoint.answer(push)
                self.send_response(status)
                self.send_header("Location", "/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()
                endpoint.pushes.put(push)

            def log_message(self, *_: object) -> None:
                pass

        self._server = _Server(("127.0.0.1", self.port), Handler)
        self.port = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
