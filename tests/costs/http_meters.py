"""Reverse proxies that note every HTTP request, each before one server.

An answer that would lead a client past the proxy, as a session of a resumable upload would, leads
it to the proxy.
"""

from __future__ import annotations

import asyncio
import json
import re
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final, TypeVar

import aiohttp
from aiohttp import web
from yarl import URL

from infra.local.endpoints import HOST
from infra.table_schemas import TABLES
from tests.costs.messages import pushed
from tests.costs.methods import bigquery_method, storage_method
from tests.costs.uses import Use, Uses

T = TypeVar("T")
_OF_ONE_HOP: Final = {"connection", "content-length", "host", "keep-alive", "transfer-encoding"}
_LARGEST_BODY: Final = 2 << 30


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request and how it was answered."""

    verb: str
    target: str
    body: bytes
    status: int
    answered: int  # bytes

    @property
    def described(self) -> str:
        """What was asked and how it was answered, without parameters."""
        return f"{self.verb} {self.target.partition('?')[0]}: {self.status}"

    @property
    def failed(self) -> bool:
        """Whether the answer is neither success nor "go on"."""
        return not (
            self.status < HTTPStatus.MULTIPLE_CHOICES
            or self.status == HTTPStatus.PERMANENT_REDIRECT
        )


Note = Callable[[Exchange], None]


class HttpMeters:
    """Proxies on free ports, all in a thread of their own."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._session: aiohttp.ClientSession | None = None
        self._runners: list[web.AppRunner] = []
        self._proxies: list[_Proxy] = []

    @classmethod
    @contextmanager
    def running(cls) -> Iterator[HttpMeters]:
        """Yield meters that answer within the block."""
        meters = cls()
        thread = threading.Thread(target=meters._loop.run_forever, daemon=True)
        thread.start()
        try:
            yield meters
        finally:
            meters._now(meters._close())
            meters._loop.call_soon_threadsafe(meters._loop.stop)
            thread.join()
            meters._loop.close()

    def before(self, port: int, note: Note) -> int:
        """Return the port of a new proxy before a server's port."""
        return self._now(self._open(port, note))

    @property
    def busy(self) -> bool:
        """Whether an answer is waited for."""
        return any(proxy.open for proxy in self._proxies)

    def _now(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    async def _open(self, port: int, note: Note) -> int:
        if self._session is None:
            # A kept connection may be closed by the server just as it is used again.
            connector = aiohttp.TCPConnector(limit=0, force_close=True)
            self._session = aiohttp.ClientSession(connector=connector, auto_decompress=False)
        app = web.Application(client_max_size=_LARGEST_BODY)
        proxy = _Proxy(self._session, port, note)
        self._proxies.append(proxy)
        app.router.add_route("*", "/{rest:.*}", proxy.pass_on)
        runner = web.AppRunner(app, auto_decompress=False, access_log=None)
        await runner.setup()
        self._runners.append(runner)
        site = web.TCPSite(runner, HOST, 0)
        await site.start()
        proxy.port = runner.addresses[0][1]
        return proxy.port

    async def _close(self) -> None:
        for runner in self._runners:
            await runner.cleanup()
        if self._session:
            await self._session.close()


class _Proxy:
    def __init__(self, session: aiohttp.ClientSession, behind: int, note: Note) -> None:
        self._session = session
        self._behind = behind
        self._note = note
        self.port = 0
        self.open = 0

    async def pass_on(self, request: web.Request) -> web.Response:
        """Return the server's answer, noted."""
        self.open += 1
        try:
            body = await request.read()
            answer, size = await self._asked(request, body)
        except aiohttp.ClientError:
            answer, size = web.Response(status=HTTPStatus.BAD_GATEWAY), 0
        finally:
            self.open -= 1
        self._note(Exchange(request.method, request.raw_path, body, answer.status, size))
        return answer

    async def _asked(self, request: web.Request, body: bytes) -> tuple[web.Response, int]:
        """Return the server's answer, and its size."""
        url = URL(f"http://{HOST}:{self._behind}{request.raw_path}", encoded=True)
        headers = [(k, v) for k, v in request.headers.items() if k.lower() not in _OF_ONE_HOP]
        async with self._session.request(
            request.method,
            url,
            data=body,
            headers=headers,
            allow_redirects=False,
            timeout=aiohttp.ClientTimeout(total=None),
        ) as answer:
            content = await answer.read()
            told = self._led_here(content) if "json" in answer.content_type else content
            passed = web.Response(body=told, status=answer.status)
            for key, value in answer.headers.items():
                if key.lower() not in _OF_ONE_HOP:
                    passed.headers[key] = self._led_here(value.encode()).decode()
            return passed, len(content)

    def _led_here(self, text: bytes) -> bytes:
        return text.replace(f"{HOST}:{self._behind}".encode(), f"{HOST}:{self.port}".encode())


@dataclass(frozen=True, slots=True)
class StorageNote:
    """Notes what is charged of Cloud Storage.

    A resumable upload is one insert, when it is complete; what only opens or continues it is not
    charged (Cloud Storage, "Resumable uploads").
    """

    uses: Uses
    by: str
    prefix: str  # of the names of buckets

    def __call__(self, seen: Exchange) -> None:
        """Note one request."""
        method = storage_method(seen.verb, seen.target)
        opens = "uploadType=resumable" in seen.target and seen.verb == "POST"
        if method is None or seen.failed:
            self.uses.refuse(f"{self.by}: {seen.described}")
        else:
            charged = not opens and seen.status != HTTPStatus.PERMANENT_REDIRECT
            use = Use(self.by, method.name, method.on.removeprefix(self.prefix))
            self.uses.add(use, int(charged), len(seen.body) + seen.answered)


@dataclass(frozen=True, slots=True)
class BigQueryNote:
    """Notes queries, on all the tables that each names: each table is charged for."""

    uses: Uses
    by: str

    def __call__(self, seen: Exchange) -> None:
        """Note one request."""
        method = bigquery_method(seen.verb, seen.target)
        if method is None or seen.failed:
            self.uses.refuse(f"{self.by}: {seen.described}")
        elif method.name.endswith("query"):
            self.uses.add(Use(self.by, method.name, ", ".join(_tables(seen.body))))
        else:
            self.uses.add(Use(self.by, method.name, ""))


def _tables(body: bytes) -> list[str]:
    """Return the tables that a query names."""
    told = json.loads(body)
    query = told.get("query") or told["configuration"]["query"]
    text = query if isinstance(query, str) else query["query"]
    words = set(re.findall(r"[a-z_]+", text))
    return sorted({name.partition(".")[2] for name in TABLES} & words)


@dataclass(frozen=True, slots=True)
class PushNote:
    """Notes what a function is asked."""

    uses: Uses
    function: str

    def __call__(self, seen: Exchange) -> None:
        """Note one request."""
        if seen.failed:
            self.uses.refuse(f"{self.function} answered {seen.status}")
        self.uses.add(Use(self.function, "run.request", ""))
        if seen.body:
            subscription, size = pushed(seen.body)
            self.uses.add(Use(self.function, "pubsub.push", subscription), 1, size)
