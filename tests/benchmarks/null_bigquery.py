"""A BigQuery that confirms every write after a fixed while and keeps nothing.

    python -m tests.benchmarks.null_bigquery append 20

`append` answers AppendRows of the Storage Write API over gRPC, `insert` answers
tabledata.insertAll over HTTP; the number is the milliseconds that each request takes. Prints its
port. What is written is not looked at, so that a benchmark measures the client alone.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, Final

import grpc
from google.cloud.bigquery_storage_v1 import types

HOST: Final = "127.0.0.1"
STREAMS: Final = 16
_CONFIRMED: Final = types.AppendRowsResponse.serialize(types.AppendRowsResponse(append_result={}))
_BODY: Final = b'{"kind": "bigquery#tableDataInsertAllResponse"}'
_ANSWER: Final = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
    % (len(_BODY), _BODY)
)


@contextmanager
def answering(protocol: str, latency_ms: float) -> Iterator[str]:
    """One server runs within the block, as a process of its own; yields its address."""
    command = [sys.executable, "-m", __spec__.name, protocol, str(latency_ms)]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout
        yield f"{HOST}:{int(server.stdout.readline())}"
    finally:
        server.terminate()
        server.wait()


class _Appends(grpc.GenericRpcHandler):  # type: ignore[misc]
    """Every method is AppendRows: one confirmation a request, in their order."""

    def __init__(self, latency_s: float) -> None:
        self._latency_s = latency_s

    def service(self, _details: object) -> Any:
        """Return the method."""
        return grpc.stream_stream_rpc_method_handler(self._confirm)

    def _confirm(self, requests: Iterator[bytes], _context: object) -> Iterator[bytes]:
        for _ in requests:
            time.sleep(self._latency_s)
            yield _CONFIRMED


class _Inserts(asyncio.Protocol):
    """One connection, a request at a time."""

    def __init__(self, latency_s: float) -> None:
        self._latency_s = latency_s
        self._received = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep what answers go to."""
        self._transport: Any = transport

    def data_received(self, data: bytes) -> None:
        """Answer once a whole request is there."""
        self._received += data
        head, separator, body = self._received.partition(b"\r\n\r\n")
        if separator and len(body) >= _content_length(head):
            self._received.clear()
            loop = asyncio.get_running_loop()
            loop.call_later(self._latency_s, self._transport.write, _ANSWER)


def _content_length(head: bytearray) -> int:
    return int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])


def _serve_appends(latency_s: float) -> None:
    options = [("grpc.max_receive_message_length", -1)]
    server = grpc.server(ThreadPoolExecutor(STREAMS), [_Appends(latency_s)], options=options)
    print(server.add_insecure_port(f"{HOST}:0"), flush=True)
    server.start()
    server.wait_for_termination()


async def _serve_inserts(latency_s: float) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Inserts(latency_s), HOST, 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def main() -> None:
    """Serve until terminated."""
    protocol, latency_s = sys.argv[1], float(sys.argv[2]) / 1000
    if protocol == "append":
        _serve_appends(latency_s)
    else:
        asyncio.run(_serve_inserts(latency_s))


if __name__ == "__main__":
    main()
