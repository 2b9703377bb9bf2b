"""Reverse proxies that note every gRPC call, whatever its kind: on the wire all are streams."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, Final

import grpc
from google.cloud.bigquery_storage_v1 import types as bigquery
from google.pubsub_v1 import types as pubsub

from infra.local.endpoints import HOST
from tests.costs.messages import LEAST_BYTES, charged_bytes
from tests.costs.uses import Use, Uses

_ANY_SIZE: Final = (("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1))
_OF_ONE_HOP: Final = ("grpc-", ":", "user-agent", "te", "content-type")
_LONGEST_S: Final = 86_400.0
_AT_ONCE: Final = 64  # a stream of rows holds a thread for as long as it is open


@contextmanager
def grpc_meter(port: int, uses: Uses, by: str) -> Iterator[int]:
    """Yield the port of a proxy before a server's port, within the block."""
    channel = grpc.insecure_channel(f"{HOST}:{port}", options=_ANY_SIZE)
    server = grpc.server(ThreadPoolExecutor(_AT_ONCE), options=_ANY_SIZE)
    server.add_generic_rpc_handlers((_Passing(channel, uses, by),))
    own = server.add_insecure_port(f"{HOST}:0")
    server.start()
    try:
        yield own
    finally:
        server.stop(None).wait()
        channel.close()


class _Passing(grpc.GenericRpcHandler):  # type: ignore[misc]
    def __init__(self, channel: grpc.Channel, uses: Uses, by: str) -> None:
        self._channel = channel
        self._uses = uses
        self._by = by

    def service(self, handler_call_details: Any) -> Any:
        """Return what passes a call on; what is not known is refused."""
        method = handler_call_details.method
        note = _NOTES.get(method)
        if note is None:
            self._uses.refuse(f"{self._by}: {method}")
            return None
        passed_on = self._channel.stream_stream(method)

        def handle(requests: Iterator[bytes], context: Any) -> Iterator[bytes]:
            metadata = [
                each
                for each in context.invocation_metadata()
                if not each[0].startswith(_OF_ONE_HOP)
            ]
            call = passed_on(self._noted(note, requests), _timeout_s(context), metadata)
            context.add_callback(call.cancel)
            yield from self._answers(call, method, context)

        return grpc.stream_stream_rpc_method_handler(handle)

    def _noted(
        self, note: Callable[[Uses, str, bytes], None], requests: Iterator[bytes]
    ) -> Iterator[bytes]:
        for request in requests:
            note(self._uses, self._by, request)
            yield request

    def _answers(self, call: Any, method: str, context: Any) -> Iterator[bytes]:
        try:
            for answer in call:
                if method.endswith("/Pull"):
                    _pulled(self._uses, self._by, answer)
                yield answer
        except grpc.RpcError as error:
            if error.code() not in _ENDED:
                self._uses.refuse(f"{self._by}: {method}: {error.code()}")
            context.set_trailing_metadata(error.trailing_metadata() or ())
            context.abort(error.code(), error.details())


def _timeout_s(context: Any) -> float | None:
    """Return how long a call may take; one without a deadline has centuries, which overflow."""
    left = context.time_remaining()
    return left if left is not None and left < _LONGEST_S else None


# A pull that waited for nothing ends so, and a stream when its client goes.
_ENDED: Final = {grpc.StatusCode.CANCELLED, grpc.StatusCode.DEADLINE_EXCEEDED}


def _published(uses: Uses, by: str, request: bytes) -> None:
    told = pubsub.PublishRequest.deserialize(request)
    topic = told.topic.rpartition("/")[2]
    for message in told.messages:
        size = charged_bytes(message.data, message.attributes, message.ordering_key)
        uses.add(Use(by, "pubsub.publish", topic), 1, size)


def _pulled(uses: Uses, by: str, answer: bytes) -> None:
    received = pubsub.PullResponse.deserialize(answer).received_messages
    size = sum(charged_bytes(each.message.data, each.message.attributes) for each in received)
    uses.add(Use(by, "pubsub.pull", ""), 1, max(LEAST_BYTES, size))


def _appended(uses: Uses, by: str, request: bytes) -> None:
    told = bigquery.AppendRowsRequest.pb(bigquery.AppendRowsRequest.deserialize(request))
    stream = told.write_stream.split("/")
    rows = told.proto_rows.rows.serialized_rows
    table = f"{stream[3]}.{stream[5]}"
    uses.add(Use(by, "bigquery.append", table), len(rows), sum(map(len, rows)))


def _free(_uses: Uses, _by: str, _request: bytes) -> None:
    """Note nothing: neither data nor operations are charged."""


_PUBSUB: Final = "/google.pubsub.v1."
_WRITE: Final = "/google.cloud.bigquery.storage.v1.BigQueryWrite/"
_NOTES: Final[dict[str, Callable[[Uses, str, bytes], None]]] = {
    f"{_PUBSUB}Publisher/Publish": _published,
    f"{_PUBSUB}Publisher/GetTopic": _free,
    f"{_PUBSUB}Subscriber/Pull": _free,  # charged by what is answered
    f"{_PUBSUB}Subscriber/Acknowledge": _free,
    f"{_PUBSUB}Subscriber/ModifyAckDeadline": _free,
    f"{_WRITE}AppendRows": _appended,
    f"{_WRITE}GetWriteStream": _free,
}
