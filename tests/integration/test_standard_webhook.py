"""The webhook against a real receiver on this machine."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from shared.adapters import standard_webhook
from shared.adapters.standard_webhook import StandardWebhook
from shared.adapters.system_clock import SystemClock
from shared.errors import TransientError

SECRET = "whsec_bWFkZSB1cCBieSBhIHRlc3Q="
BODY = json.dumps({"id": "1", "type": "dicom.instance.archived.v1"}).encode()


class _Receiver(ThreadingHTTPServer):
    """Answers as it is told and keeps what it received."""

    status = 204
    received: list[tuple[str, dict[str, str], bytes]]

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.received = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/hook"


class _Handler(BaseHTTPRequestHandler):
    server: _Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        self.server.received.append((self.path, dict(self.headers), body))
        self.send_response(self.server.status)
        self.send_header("location", self.server.url.replace("hook", "elsewhere"))
        self.send_header("content-length", "0")
        self.end_headers()

    def do_GET(self) -> None:
        """What following a redirect would ask for."""
        self.do_POST()

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def receiver() -> Iterator[_Receiver]:
    with _Receiver() as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def _webhook(url: str) -> StandardWebhook:
    return StandardWebhook(url, SECRET.encode(), SystemClock())


def test_an_event_arrives_signed(receiver: _Receiver) -> None:
    _webhook(receiver.url).send("1", BODY)
    ((path, headers, body),) = receiver.received
    assert (path, body, headers["webhook-id"]) == ("/hook", BODY, "1")
    assert Webhook(SECRET).verify(body, headers) == json.loads(BODY)
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(body + b" ", headers)


@pytest.mark.parametrize("status", [301, 302, 307, 400, 410, 429, 500, 503])
def test_whatever_is_not_taken_is_tried_again(receiver: _Receiver, status: int) -> None:
    receiver.status = status
    with pytest.raises(TransientError) as caught:
        _webhook(receiver.url).send("1", BODY)
    assert caught.value.reason == "webhook-refused"
    assert [path for path, _, _ in receiver.received] == ["/hook"], "a redirect was followed"


def test_a_receiver_that_is_gone_is_tried_again() -> None:
    with _Receiver() as gone:
        url = gone.url
    with pytest.raises(TransientError) as caught:
        _webhook(url).send("1", BODY)
    assert caught.value.reason == "webhook-unreachable"


def test_a_receiver_that_is_silent_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(standard_webhook, "TIMEOUT_S", (0.2, 0.2))
    with _Receiver() as silent, pytest.raises(TransientError) as caught:
        _webhook(silent.url).send("1", BODY)
    assert caught.value.reason == "webhook-timeout"
