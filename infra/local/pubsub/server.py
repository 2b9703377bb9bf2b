"""The server: a gRPC port on an event loop, of its own thread when used from a test."""

import asyncio
import logging
import threading
from types import TracebackType
from typing import Final, Self

import grpc
import grpc.aio

from infra.local.pubsub.broker import Broker
from infra.local.pubsub.hub import Hub
from infra.local.pubsub.push import PushClient
from infra.local.pubsub.service import handlers
from infra.local.pubsub.times import steady_clock

log = logging.getLogger("pubsub")

STOP_GRACE_S: Final = 0.5

_OPTIONS: Final = (
    ("grpc.max_receive_message_length", 64 * 1024 * 1024),
    ("grpc.max_send_message_length", -1),
    ("grpc.so_reuseport", 0),
    # Clients ping every 30 s; without these the server would close their connections.
    ("grpc.http2.min_recv_ping_interval_without_data_ms", 5000),
    ("grpc.http2.max_ping_strikes", 0),
    ("grpc.keepalive_permit_without_calls", 1),
)


class AddressError(OSError):
    """The server cannot listen where it was told to."""


class Server:
    """A Pub/Sub server on the running event loop."""

    def __init__(self) -> None:
        """Prepare a server with no topics."""
        broker = Broker(steady_clock())
        self._hub = Hub(broker, PushClient())
        self._server = grpc.aio.server(options=_OPTIONS)
        self._server.add_generic_rpc_handlers(
            [
                grpc.method_handlers_generic_handler(service, methods)
                for service, methods in handlers(broker, self._hub).items()
            ]
        )

    async def start(self, host: str, port: int) -> str:
        """Listen, and return the address as ``host:port``; port 0 takes a free one."""
        try:
            bound = self._server.add_insecure_port(f"{host}:{port}")
        except RuntimeError as error:
            raise AddressError(f"cannot listen on {host}:{port}") from error
        await self._server.start()
        return f"{host}:{bound}"

    async def stop(self) -> None:
        """End open streams and stop; everything that was held is gone."""
        await self._hub.stop()
        await self._server.stop(STOP_GRACE_S)


class PubsubServer:
    """A server in a thread of its own, for as long as a ``with`` block lasts."""

    def __init__(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Prepare to listen; port 0 takes a free one."""
        self._host = host
        self._port = port
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run_loop, name="pubsub", daemon=True)
        self._server: Server | None = None
        self.address = ""

    def __enter__(self) -> Self:
        """Start, and return once ``address`` accepts calls."""
        self._thread.start()
        future = asyncio.run_coroutine_threadsafe(self._start(), self._loop)
        try:
            self.address = future.result()
        except AddressError:
            self._end_loop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop; everything that was held is gone."""
        if self._server:
            asyncio.run_coroutine_threadsafe(self._server.stop(), self._loop).result()
        self._end_loop()

    async def _start(self) -> str:
        self._server = Server()
        return await self._server.start(self._host, self._port)

    def _run_loop(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_forever()

    def _end_loop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
