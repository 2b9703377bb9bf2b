import base64
import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from itertools import count

import pytest
from flask import Request
from werkzeug.test import EnvironBuilder

from shared.contracts.message import Message
from shared.contracts.upload import Upload
from shared.errors import ContractError, PermanentError, TransientError
from shared.ports import Done
from shared.runtime import log
from shared.runtime.delivery import ACKNOWLEDGED, AGAIN, Lazy, deliver, message_of, run

PLANTED = "PLANTED^IDENTITY"


class _LibraryError(RuntimeError):
    """An error of somebody else's library whose text carries an identity."""


@pytest.fixture(autouse=True)
def _configured() -> None:
    log.configure("ingest", "a-project")


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> Callable[[], list[dict[str, object]]]:
    return lambda: [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def _raise(error: Exception) -> Callable[[], Done]:
    def handle() -> Done:
        raise error

    return handle


def test_done_is_acknowledged_with_one_line(lines: Callable[[], list[dict[str, object]]]) -> None:
    assert run(lambda: lambda: Done("decided", {"outcome": "archived"})) == ACKNOWLEDGED
    (line,) = lines()
    assert (line["severity"], line["message"], line["outcome"]) == ("INFO", "decided", "archived")
    assert line["stage"] == "ingest"


@pytest.mark.parametrize(
    ("error", "severity", "reason"),
    [
        (TransientError("storage-timeout"), "WARNING", "storage-timeout"),
        (PermanentError("unknown-outcome-version"), "ERROR", "unknown-outcome-version"),
        (_LibraryError(PLANTED), "WARNING", "unclassified"),
        (KeyError(PLANTED), "WARNING", "unclassified"),
    ],
)
def test_everything_else_is_delivered_again(
    error: Exception, severity: str, reason: str, lines: Callable[[], list[dict[str, object]]]
) -> None:
    assert run(lambda: _raise(error)) == AGAIN
    (line,) = lines()
    assert (line["severity"], line["reason"]) == (severity, reason)
    assert line["error_type"] == type(error).__name__
    assert PLANTED not in json.dumps(line)


def test_a_line_names_the_event_and_its_root(lines: Callable[[], list[dict[str, object]]]) -> None:
    attributes = {
        "bucketId": "inbox",
        "objectId": f"h/{PLANTED}",
        "objectGeneration": "1",
        "eventType": "OBJECT_FINALIZE",
    }
    request = _request(json.dumps(_envelope(b"{}", attributes)).encode())
    assert deliver(request, Upload.from_message, _decided) == ACKNOWLEDGED
    upload = Upload.from_message(Message(data=b"{}", attributes=attributes))
    (line,) = lines()
    assert line["root_event_id"] == upload.event_id
    assert line["logging.googleapis.com/trace"] == f"projects/a-project/traces/{upload.event_id}"
    assert line["logging.googleapis.com/spanId"] == upload.event_id[:16]
    assert PLANTED not in json.dumps(line)


def test_nothing_of_one_delivery_reaches_the_next(
    lines: Callable[[], list[dict[str, object]]],
) -> None:
    def handle() -> Done:
        log.extend(event_id="1")
        return Done("first")

    run(lambda: handle)
    run(lambda: lambda: Done("second"))
    assert ["event_id" in line for line in lines()] == [True, False]


@pytest.mark.parametrize(
    "envelope",
    [
        None,
        {},
        {"message": 1},
        {"message": {"data": 1}},
        {"message": {"data": "%"}},
        {"message": {"attributes": [1]}},
        [],
        "x",
    ],
)
def test_what_is_no_envelope_is_a_contract_error(envelope: object) -> None:
    with pytest.raises(ContractError):
        message_of(envelope)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"PLANTED^IDENTITY",
        b"\xff\xfe",
        b'{"message": {"data": "PLANTED^IDENTITY"}}',
        b'{"message": {"attributes": {"objectId": "PLANTED^IDENTITY"}}}',
        b'{"specversion": "1.0", "data": "PLANTED^IDENTITY"}',
        b"[" * 100_000,
    ],
)
def test_a_body_that_is_none_is_answered_without_a_word(
    body: bytes, lines: Callable[[], list[dict[str, object]]]
) -> None:
    assert deliver(_request(body), Upload.from_message, _decided) == AGAIN
    (line,) = lines()
    assert line["severity"] == "ERROR"
    assert PLANTED not in json.dumps(line)


def test_a_message_without_data_is_a_message() -> None:
    message = message_of({"message": {"attributes": {"a": "b"}}})
    assert message == Message(data=b"", attributes={"a": "b"})


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ("2026-01-02T03:04:05.678Z", datetime(2026, 1, 2, 3, 4, 5, 678000, UTC)),
        (None, None),
        ("yesterday", None),
        (7, None),
    ],
)
def test_a_message_says_when_it_was_published(said: object, read: datetime | None) -> None:
    assert message_of({"message": {"publishTime": said}}).published_at == read


def test_what_can_never_succeed_is_given_up_where_there_are_no_dead_letters(
    lines: Callable[[], list[dict[str, object]]],
) -> None:
    request = _request(b"{}")
    answer = deliver(request, Upload.from_message, _decided, hopeless=ACKNOWLEDGED)
    assert answer == ACKNOWLEDGED
    (line,) = lines()
    assert (line["severity"], line["message"]) == ("ERROR", "cannot succeed, is given up")


def test_a_message_comes_out_as_it_went_in() -> None:
    assert message_of(_envelope(b"\x00data", {"a": "b"})) == Message(
        data=b"\x00data", attributes={"a": "b"}
    )


def test_a_lazy_value_is_made_once_however_many_threads_ask() -> None:
    numbers: Iterator[int] = count()
    lazy = Lazy(lambda: next(numbers))
    with ThreadPoolExecutor(8) as pool:
        assert {future.result() for future in [pool.submit(lazy) for _ in range(50)]} == {0}


def _decided() -> Callable[[object], Done]:
    return lambda _: Done("decided")


def _request(body: bytes) -> Request:
    return Request(EnvironBuilder(method="POST", data=body).get_environ())


def _envelope(data: bytes, attributes: dict[str, str]) -> dict[str, object]:
    message = {"data": base64.b64encode(data).decode(), "attributes": attributes}
    return {"message": message, "subscription": "projects/p/subscriptions/ingest"}
