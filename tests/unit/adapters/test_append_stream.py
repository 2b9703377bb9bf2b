"""The connection to the Storage Write API, against a scripted service."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from types import SimpleNamespace
from typing import Any

import grpc
import pytest
from google.cloud.bigquery_storage_v1 import types
from google.protobuf.descriptor_pb2 import DescriptorProto

from shared.adapters import append_stream
from shared.adapters.append_stream import AppendStream
from shared.errors import PermanentError, TransientError

INVALID_ARGUMENT = 3
Reaction = Callable[[], types.AppendRowsResponse]


class _RpcError(grpc.RpcError):  # type: ignore[misc] # grpc has no types
    def __init__(self, code: grpc.StatusCode) -> None:
        super().__init__(code)
        self._code = code

    def code(self) -> grpc.StatusCode:
        return self._code

    def details(self) -> str:
        return "PLANTED"

    def trailing_metadata(self) -> tuple[()]:
        return ()


class _Call:
    """One connection: answers each request with the service's next reaction."""

    def __init__(self, service: "_Service", requests: Iterator[types.AppendRowsRequest]) -> None:
        self._service = service
        self._requests = requests
        self.broken = threading.Event()

    @property
    def cancelled(self) -> bool:
        return self.broken.is_set()

    def __next__(self) -> types.AppendRowsResponse:
        self._service.received.append(next(self._requests))
        return self._service.reactions.pop(0)()

    def cancel(self) -> None:
        self.broken.set()


class _Service:
    """A client whose service does what the script says, one reaction per request."""

    def __init__(self, *reactions: Reaction) -> None:
        self.reactions = list(reactions)
        self.received: list[types.AppendRowsRequest] = []
        self.calls: list[_Call] = []
        self.transport = self

    def append_rows(self, requests: Iterator[types.AppendRowsRequest], **_: Any) -> _Call:
        self.calls.append(_Call(self, requests))
        return self.calls[-1]

    def rows(self) -> list[Sequence[bytes]]:
        return [list(request.proto_rows.rows.serialized_rows) for request in self.received]


def _fine() -> types.AppendRowsResponse:
    return types.AppendRowsResponse()


def _refused() -> types.AppendRowsResponse:
    return types.AppendRowsResponse(error={"code": INVALID_ARGUMENT, "message": "PLANTED"})


def _raising(error: BaseException) -> Reaction:
    def react() -> types.AppendRowsResponse:
        raise error

    return react


def _stream(service: Any) -> AppendStream:
    return AppendStream(service, "a/stream", DescriptorProto(name="Row"))


def test_one_connection_carries_all_appends_and_the_schema_once() -> None:
    service = _Service(_fine, _fine)
    stream = _stream(service)
    stream.append([b"a"])
    stream.append([b"b", b"c"])
    assert service.rows() == [[b"a"], [b"b", b"c"]]
    assert len(service.calls) == 1
    described = [bool(request.proto_rows.writer_schema) for request in service.received]
    assert described == [True, False]


def test_a_refused_row_is_permanent_and_the_next_is_not_confirmed_in_its_place() -> None:
    service = _Service(_fine, _refused, _fine)
    stream = _stream(service)
    stream.append([b"a"])
    with pytest.raises(PermanentError) as caught:
        stream.append([b"bad"])
    assert "PLANTED" not in str(caught.value)
    stream.append([b"c"])
    assert service.rows() == [[b"a"], [b"bad"], [b"c"]]
    assert len(service.calls) == 2
    assert service.calls[0].cancelled


def test_a_connection_that_ended_in_idleness_is_replaced_unnoticed() -> None:
    service = _Service(_fine, _raising(_RpcError(grpc.StatusCode.ABORTED)), _fine)
    stream = _stream(service)
    stream.append([b"a"])
    stream.append([b"b"])
    assert service.rows() == [[b"a"], [b"b"], [b"b"]]


def test_a_new_connection_that_fails_is_transient() -> None:
    service = _Service(_raising(_RpcError(grpc.StatusCode.UNAVAILABLE)), _fine)
    stream = _stream(service)
    with pytest.raises(TransientError) as caught:
        stream.append([b"a"])
    assert caught.value.reason == "bigquery-unavailable"
    stream.append([b"a"])
    assert len(service.calls) == 2


def test_an_end_without_a_word_is_transient() -> None:
    with pytest.raises(TransientError) as caught:
        _stream(_Service(_raising(StopIteration()))).append([b"a"])
    assert caught.value.reason == "bigquery-unreachable"


@pytest.mark.parametrize("error", [RuntimeError("no thread"), MemoryError(), SystemExit()])
def test_no_failure_leaves_a_response_for_the_next_request(error: BaseException) -> None:
    service = _Service(_fine, _raising(error), _fine)
    stream = _stream(service)
    stream.append([b"a"])
    with pytest.raises(type(error)):
        stream.append([b"b"])
    stream.append([b"c"])
    assert len(service.calls) == 2
    assert service.calls[0].cancelled


def test_a_confirmation_that_does_not_come_breaks_the_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(append_stream, "CONFIRMATION_TIMEOUT_S", 0.0)
    monkeypatch.setattr(append_stream, "WATCH_EVERY_S", 0.001)
    service = _Service()

    def silent() -> types.AppendRowsResponse:
        assert service.calls[0].broken.wait(60), "waits for ever"
        raise _RpcError(grpc.StatusCode.CANCELLED)

    service.reactions = [silent]
    with pytest.raises(TransientError) as caught:
        _stream(service).append([b"a"])
    assert caught.value.reason == "bigquery-timeout"


def test_a_connection_that_waits_for_nothing_is_left_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(append_stream, "CONFIRMATION_TIMEOUT_S", 0.0)
    arrived, go = threading.Semaphore(0), threading.Semaphore(0)

    def sleep(_: float) -> None:
        arrived.release()
        go.acquire()

    clock = SimpleNamespace(sleep=sleep, monotonic=time.monotonic)
    monkeypatch.setattr("shared.adapters.append_stream.time", clock)
    service = _Service(_fine, _fine)
    stream = _stream(service)
    stream.append([b"a"])
    stream.append([b"b"])
    arrived.acquire()
    go.release()
    arrived.acquire()  # it has looked once
    assert len(service.calls) == 1
    assert not service.calls[0].cancelled
