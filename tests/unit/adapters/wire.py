"""Cloud Storage as a script: what is asked is kept, what is answered was said beforehand."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qsl, unquote, urlsplit

import google_crc32c
import pytest
import requests
from google.api_core.retry import retry_base, retry_unary
from google.auth.credentials import AnonymousCredentials
from google.cloud.storage import Client
from requests.adapters import HTTPAdapter
from urllib3 import HTTPResponse

from shared.adapters import cloud_storage
from shared.adapters.cloud_storage import CloudStorage


@dataclass(frozen=True)
class Answer:
    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: bool = False  # the connection breaks behind the body


@dataclass(frozen=True)
class Asked:
    """One request, taken apart."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


Script = Iterable[Answer | Exception]


class Wire(HTTPAdapter):
    """Answers the n-th request with the n-th answer."""

    def __init__(self, script: Script) -> None:
        super().__init__()
        self._script = iter(script)
        self.asked: list[Asked] = []

    def send(
        self, request: requests.PreparedRequest, *_: object, **options: object
    ) -> requests.Response:
        assert options["timeout"], "a request may take forever"
        self.asked.append(_asked(request))
        answer = next(self._script)
        if isinstance(answer, Exception):
            raise answer
        return self._response(request, answer)

    def _response(self, request: requests.PreparedRequest, answer: Answer) -> requests.Response:
        raw = HTTPResponse(
            body=_Body(answer),
            status=answer.status,
            headers=answer.headers,
            preload_content=False,
            decode_content=False,  # as the session of `requests` has it
        )
        return self.build_response(request, raw)


class _Body(io.BytesIO):
    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.body)
        self._cut = answer.cut

    def read(self, size: int | None = -1) -> bytes:
        data = super().read(size)
        if self._cut and (not data or size in {None, -1}):
            raise ConnectionResetError
        return data


class StandingTime:
    """The time of the client's retries: waiting moves it and takes none."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def connected(monkeypatch: pytest.MonkeyPatch, script: Script) -> tuple[CloudStorage, list[Asked]]:
    """Return the adapter as it is in production, and what it asks of the script."""

    def client(*, project: str, credentials: object) -> Client:
        assert credentials is None, "production has its own"
        return Client(project=project, credentials=AnonymousCredentials())

    monkeypatch.delenv("STORAGE_EMULATOR_HOST", raising=False)
    monkeypatch.setattr(cloud_storage, "Client", client)
    time = StandingTime()
    monkeypatch.setattr(retry_base, "time", time)
    monkeypatch.setattr(retry_unary, "time", time)
    wire = Wire(script)
    store = CloudStorage("a-project")
    store._client._http.mount("https://", wire)
    return store, wire.asked


JSON: Final = {"content-type": "application/json; charset=UTF-8"}


def ok(data: Mapping[str, object]) -> Answer:
    return Answer(200, json.dumps(data).encode(), JSON)


def refused(status: int, text: str = "") -> Answer:
    error = {"code": status, "message": text, "errors": [{"message": text}]}
    return Answer(status, json.dumps({"error": error}).encode(), JSON)


def a_resource(bucket: str, name: str, data: bytes, **changes: object) -> dict[str, object]:
    """An object as the service describes it."""
    return {
        "kind": "storage#object",
        "bucket": bucket,
        "name": name,
        "generation": "77",
        "size": str(len(data)),
        "crc32c": base64.b64encode(google_crc32c.value(data).to_bytes(4, "big")).decode(),
        "timeCreated": "2026-01-02T03:04:05.678Z",
        **changes,
    }


def _asked(request: requests.PreparedRequest) -> Asked:
    address = urlsplit(request.url or "")
    body = request.body or b""
    return Asked(
        method=request.method or "",
        path=unquote(address.path),
        query=dict(parse_qsl(address.query)),
        headers={name.lower(): str(value) for name, value in request.headers.items()},
        body=body.encode() if isinstance(body, str) else bytes(body),
    )
