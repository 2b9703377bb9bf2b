"""The webhook against real receivers on this machine, well behaved or not."""

import json
import time
from collections.abc import Callable, Iterator
from ipaddress import ip_network
from typing import Any

import pytest
import trustme
from cloudevents.http import from_http
from standardwebhooks import Webhook, WebhookVerificationError

from shared.adapters.guarded_connection import Guard, resolve_stream
from shared.adapters.https_post import Poster
from shared.adapters.standard_webhook import StandardWebhook
from shared.contracts.targets import Failure
from shared.ports import Reply
from tests.events import event_of
from tests.integration.receivers import (
    LOOPBACK,
    Connection,
    HttpReceiver,
    a_poster,
    answers,
    drips_a_body,
    drips_continues,
    drips_headers,
    floods,
    is_silent,
    receiving,
    resets,
    resolving,
    says,
    server_tls,
    trusting,
)
from tests.outcomes import an_outcome

OLD = "whsec_bWFkZSB1cCBieSBhIHRlc3Q="
NEW = "whsec_YWxzbyBtYWRlIHVwIGJ5IGl0Cg=="
EVENT = event_of(an_outcome())
NAME = "receiver.example.org"


@pytest.fixture
def receiver() -> Iterator[HttpReceiver]:
    with receiving() as server:
        yield server


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def _send(url: str, poster: Poster | None = None, *secrets: str) -> Reply:
    return StandardWebhook(url, secrets or (OLD,), poster or a_poster()).send(EVENT)


def test_an_event_arrives_signed(receiver: HttpReceiver) -> None:
    assert _send(receiver.url("/hook?tenant=a")) == Reply(status=204)
    (request,) = receiver.received
    headers = {name.lower(): value for name, value in request.headers.items()}
    assert (request.path, headers["webhook-id"]) == ("/hook?tenant=a", EVENT.event_id)
    assert headers["host"] == f"127.0.0.1:{receiver.server_port}"
    assert Webhook(OLD).verify(request.body, headers) == json.loads(request.body)
    with pytest.raises(WebhookVerificationError):
        Webhook(OLD).verify(request.body + b" ", headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(NEW).verify(request.body, headers)


def test_a_library_of_cloudevents_recognises_the_event(receiver: HttpReceiver) -> None:
    _send(receiver.url())
    (request,) = receiver.received
    event = from_http(dict(request.headers), request.body)
    assert (event["id"], event["type"]) == (EVENT.event_id, EVENT.type)
    assert event.data == dict(EVENT.data)


def test_while_secrets_rotate_either_verifies(receiver: HttpReceiver) -> None:
    _send(receiver.url(), None, OLD, NEW)
    (request,) = receiver.received
    assert len(request.headers["webhook-signature"].split(" ")) == 2
    for secret in (OLD, NEW):
        assert Webhook(secret).verify(request.body, dict(request.headers))


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_any_success_will_do(receiver: HttpReceiver, status: int) -> None:
    receiver.behave = answers(status)
    assert _send(receiver.url()) == Reply(status=status)


@pytest.mark.parametrize("status", [301, 302, 307, 308, 400, 401, 404, 500, 502])
def test_whatever_is_not_taken_may_be_tried_again(receiver: HttpReceiver, status: int) -> None:
    receiver.behave = answers(status, location=receiver.url("/elsewhere"))
    assert _send(receiver.url()) == Reply(status=status, reason=Failure.REFUSED)
    assert [request.path for request in receiver.received] == ["/hook"], "a redirect was followed"


def test_a_redirect_to_where_secrets_are_kept_is_not_followed(receiver: HttpReceiver) -> None:
    receiver.behave = answers(307, location="http://169.254.169.254/computeMetadata/v1/")
    assert _send(receiver.url()) == Reply(status=307, reason=Failure.REFUSED)


def test_who_is_gone_is_never_tried_again(receiver: HttpReceiver) -> None:
    receiver.behave = answers(410)
    assert _send(receiver.url()) == Reply(status=410, reason=Failure.GONE, final=True)


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    ("retry_after", "wait_s"),
    [("120", 120), ("0", 0), ("soon", None), ("-1", None), ("9" * 4000, 999_999_999)],
)
def test_who_asks_for_time_is_heard(
    receiver: HttpReceiver, status: int, retry_after: str, wait_s: int | None
) -> None:
    receiver.behave = answers(status, retry_after=retry_after)
    assert _send(receiver.url()) == Reply(status=status, reason=Failure.BUSY, wait_s=wait_s)


def test_who_asks_for_time_until_a_date_is_heard(receiver: HttpReceiver) -> None:
    receiver.behave = answers(503, retry_after="Fri, 31 Dec 2999 23:59:59 GMT")
    assert (_send(receiver.url()).wait_s or 0) > 1_000_000
    receiver.behave = answers(503, retry_after="Fri, 31 Dec 1999 23:59:59 GMT")
    assert _send(receiver.url()).wait_s == 0


@pytest.mark.parametrize("behave", [is_silent, drips_headers, drips_continues])
@pytest.mark.parametrize("encrypted", [False, True])
def test_an_answer_that_does_not_come_to_an_end_is_a_timeout(
    authority: trustme.CA, behave: Callable[[Connection], None], *, encrypted: bool
) -> None:
    tls = server_tls(authority, "127.0.0.1") if encrypted else None
    poster = a_poster(0.5, trust=trusting(authority))
    with receiving(behave, tls) as server:
        began = time.monotonic()
        assert _send(server.url(), poster) == Reply(reason=Failure.TIMEOUT)
        assert time.monotonic() - began < 60, "each byte came in time, and there were many"
        assert len(server.received) == 1


def test_a_handshake_that_is_never_answered_is_a_timeout() -> None:
    with receiving(is_silent) as server:
        url = server.url().replace("http:", "https:")
        began = time.monotonic()
        assert _send(url, a_poster(0.5)).reason in {Failure.TIMEOUT, Failure.UNREACHABLE}
        assert time.monotonic() - began < 60


@pytest.mark.parametrize(
    "before",
    [
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n",
    ],
)
def test_what_is_said_before_an_answer_is_none(before: bytes) -> None:
    answer = b"HTTP/1.1 503 Later\r\nRetry-After: 7\r\n\r\n"
    with receiving(says(before + answer)) as server:
        assert _send(server.url()) == Reply(status=503, reason=Failure.BUSY, wait_s=7)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"200 OK\r\n\r\n",
        b"HTTP/2 200\r\n\r\n",
        b"HTTP/1.1 2000 OK\r\n\r\n",
        b"HTTP/1.1 099 OK\r\n\r\n",
        b"HTTP/1.1 103 Early Hints\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\n\r\nnothing of HTTP",
        b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 1000 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nx: " + b"y" * 70_000 + b"\r\n\r\n",
        b"x" * 1_000_000,
    ],
    ids=lambda answer: str(answer[:32]),
)
def test_what_is_no_answer_of_http_is_none(answer: bytes) -> None:
    with receiving(says(answer)) as server:
        assert _send(server.url()) == Reply(reason=Failure.UNREACHABLE)


@pytest.mark.parametrize("behave", [drips_a_body, floods])
def test_a_body_is_not_waited_for(behave: Callable[[Connection], None]) -> None:
    with receiving(behave) as server:
        assert _send(server.url()) == Reply(status=200)


def test_a_connection_that_breaks_is_unreachable() -> None:
    with receiving(resets) as server:
        assert _send(server.url()) == Reply(reason=Failure.UNREACHABLE)


def test_a_receiver_that_is_not_there_is_unreachable() -> None:
    with receiving() as server:
        url = server.url()
    assert _send(url) == Reply(reason=Failure.UNREACHABLE)


@pytest.mark.parametrize("host", ["nowhere.invalid", f"{'a' * 64}.example.org"])
def test_a_name_that_leads_nowhere_is_unreachable(host: str) -> None:
    assert _send(f"https://{host}/hook") == Reply(reason=Failure.UNREACHABLE)


def test_a_certificate_is_for_the_name_and_not_the_address(authority: trustme.CA) -> None:
    guard = Guard(LOOPBACK, resolving(receiver_example_org="127.0.0.1"))
    poster = a_poster(guard=guard, trust=trusting(authority))
    with receiving(tls=server_tls(authority, NAME)) as server:
        assert _send(server.url(host=NAME), poster) == Reply(status=204)
        (request,) = server.received
        assert request.headers["host"] == f"{NAME}:{server.server_port}"
        assert _send(server.url(), poster) == Reply(reason=Failure.CERTIFICATE)
        assert len(server.received) == 1, "nothing is said to whoever it is"


def test_a_certificate_of_nobody_known_is_refused(authority: trustme.CA) -> None:
    guard = Guard(LOOPBACK, resolving(receiver_example_org="127.0.0.1"))
    with receiving(tls=server_tls(authority, NAME)) as server:
        assert _send(server.url(host=NAME), a_poster(guard=guard)) == Reply(
            reason=Failure.CERTIFICATE
        )
        assert server.received == []


def test_this_machine_is_no_receiver_unless_that_is_allowed(receiver: HttpReceiver) -> None:
    poster = a_poster(guard=Guard())
    for host in ("127.0.0.1", "localhost", "2130706433", "0x7f.1"):
        assert _send(receiver.url(host=host), poster) == Reply(reason=Failure.ADDRESS)
    assert receiver.received == []


def test_a_name_whose_address_changes_is_connected_to_as_it_was_checked(
    receiver: HttpReceiver,
) -> None:
    """DNS rebinding: what is public when it is checked must not be private when it is used."""
    asked: list[str] = []

    def rebinds(host: str, port: int) -> list[Any]:
        asked.append(host)
        address = "192.0.2.1" if len(asked) == 1 else "127.0.0.1"
        return resolve_stream(address, port)

    guard = Guard((*LOOPBACK[1:], *_documentation()), rebinds)
    reply = _send(receiver.url(host=NAME), a_poster(0.5, guard=guard))
    assert reply.reason in {Failure.TIMEOUT, Failure.UNREACHABLE}
    assert asked == [NAME], "a name is resolved once"
    reply = _send(receiver.url(host=NAME), a_poster(0.5, guard=guard))
    assert reply == Reply(reason=Failure.ADDRESS)
    assert receiver.received == []


def _documentation() -> tuple[Any, ...]:
    return (ip_network("192.0.2.0/24"),)


def test_the_second_address_of_a_name_is_tried_where_the_first_may_not_be(
    receiver: HttpReceiver,
) -> None:
    def two(_: str, port: int) -> list[Any]:
        return resolve_stream("169.254.169.254", port) + resolve_stream("127.0.0.1", port)

    poster = a_poster(guard=Guard(LOOPBACK, two))
    assert _send(receiver.url(host=NAME), poster) == Reply(status=204)


def test_no_proxy_of_the_environment_is_used(
    receiver: HttpReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, receiver.url("/proxy"))
    with receiving() as other:
        assert _send(other.url()) == Reply(status=204)
        assert [request.path for request in other.received] == ["/hook"]
    assert receiver.received == []


def test_no_identity_is_in_a_body(receiver: HttpReceiver) -> None:
    _send(receiver.url())
    (request,) = receiver.received
    assert b"PLANTED" not in (request.body + str(request.headers).encode()).upper()
