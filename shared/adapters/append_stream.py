"""One connection to a table's default stream, a request at a time.

Google's own `writer.AppendRowsStream` hands out futures that poll for their result, up to a second
apart; a caller that waits for each confirmation waits mostly for the poll. The generated client
underneath answers as soon as the service does.
"""

import queue
import threading
import time
from collections.abc import Sequence
from functools import partial
from typing import Any

import grpc
from google.api_core.exceptions import InvalidArgument, from_grpc_error, from_grpc_status
from google.cloud.bigquery_storage_v1 import BigQueryWriteClient, types
from google.protobuf.any_pb2 import Any as Any_
from google.protobuf.descriptor_pb2 import DescriptorProto

from shared.adapters.vendor_errors import VENDOR_ERRORS, reason_of
from shared.errors import PermanentError, TransientError

CONFIRMATION_TIMEOUT_S = 60.0
WATCH_EVERY_S = 5.0


class ExtraColumnsError(TransientError):
    """The table does not have every column that the rows have; none of them was stored."""


class AppendStream:
    """Appends serialized rows; opens its connection with the first and anew after a failure.

    Not for concurrent use: `group_commit` sends one request at a time.
    """

    def __init__(self, client: BigQueryWriteClient, name: str, descriptor: DescriptorProto) -> None:
        self._client = client
        self._name = name
        self._schema = types.ProtoSchema(proto_descriptor=descriptor)
        self._requests: queue.SimpleQueue[types.AppendRowsRequest | None] = queue.SimpleQueue()
        self._responses: Any = None
        self._due: float | None = None  # when the confirmation that is waited for must have come

    def append(self, rows: Sequence[bytes]) -> None:
        """Return once the service has confirmed the rows.

        A connection that was open before may have ended while nobody wrote (the service ends
        idle ones after ten minutes), so its failure is tried once more over a new one.

        Raises:
            PermanentError: a row can never be stored.
            ExtraColumnsError: the table lacks columns of the descriptor.
            TransientError: anything else.
        """
        reused = self._responses is not None
        try:
            self._exchange(rows)
        except InvalidArgument as error:
            if _tells_of_extra_columns(error):
                raise ExtraColumnsError("bigquery-columns-missing") from error
            raise PermanentError("bigquery-row-refused") from error
        except VENDOR_ERRORS as error:
            if not reused:
                raise TransientError(reason_of("bigquery", error)) from error
            self.append(rows)

    def close(self) -> None:
        """End the connection; the next append opens another."""
        if self._responses is not None:
            self._close()

    def _exchange(self, rows: Sequence[bytes]) -> None:
        """Send one request and read its response.

        After any failure the connection is closed: a response left unread on it would be taken
        for that of the next request.
        """
        try:
            self._requests.put(self._request(rows))
            if self._responses is None:
                self._responses = self._open()
                watch = partial(self._watch, self._responses)
                threading.Thread(target=watch, daemon=True).start()
            self._due = time.monotonic() + CONFIRMATION_TIMEOUT_S
            response = self._next_response()
            self._due = None
            _require_confirmed(response)
        except BaseException:
            self._due = None
            self._close()
            raise

    def _next_response(self) -> Any:
        try:
            return next(self._responses)
        except grpc.RpcError as error:
            raise from_grpc_error(error) from error
        except StopIteration:
            raise ConnectionResetError from None

    def _open(self) -> Any:
        """Return the responses as they come; the call underneath the client does not wait."""
        append_rows: Any = self._client.transport.append_rows
        return append_rows(
            iter(self._requests.get, None),
            # The service routes the connection by this header.
            metadata=(("x-goog-request-params", f"write_stream={self._name}"),),
        )

    def _request(self, rows: Sequence[bytes]) -> types.AppendRowsRequest:
        data = types.AppendRowsRequest.ProtoData(
            writer_schema=None if self._responses else self._schema,
            rows=types.ProtoRows(serialized_rows=rows),
        )
        return types.AppendRowsRequest(write_stream=self._name, proto_rows=data)

    def _watch(self, responses: Any) -> None:
        """Break a connection whose confirmation does not come: gRPC times whole streams only.

        One thread for as long as the connection is open; a timer for each append costs more than
        the append.
        """
        while self._responses is responses:
            time.sleep(WATCH_EVERY_S)
            due = self._due
            if due is not None and due < time.monotonic():
                responses.cancel()

    def _close(self) -> None:
        """End this connection; the next append opens another, with a queue of its own."""
        self._requests.put(None)
        if self._responses is not None:
            self._responses.cancel()
        self._requests = queue.SimpleQueue()
        self._responses = None


def _require_confirmed(response: types.AppendRowsResponse) -> None:
    if response.error.code:
        raise from_grpc_status(
            response.error.code, response.error.message, details=list(response.error.details)
        )


def _tells_of_extra_columns(error: InvalidArgument) -> bool:
    """Return whether the service says so, by its code or, where that is left out, in words."""
    for detail in error.details:
        told = types.StorageError.pb()()
        if isinstance(detail, Any_) and detail.Unpack(told):
            return bool(
                told.code == types.StorageError.StorageErrorCode.SCHEMA_MISMATCH_EXTRA_FIELDS
            )
    return "schema has more fields than" in error.message
