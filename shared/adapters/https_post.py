"""Posting to an address that somebody else chose, and what its answer means.

Only the status and the headers of an answer are read. No redirect is followed, no proxy of the
environment is used, no cookie is kept and nothing is retried: Pub/Sub delivers again.
"""

import http.client
import re
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parsedate_to_datetime
from functools import cache
from http import HTTPStatus
from typing import BinaryIO, Final
from urllib.parse import SplitResult, urlsplit

from shared.adapters.deadline import Deadline
from shared.adapters.guarded_connection import AddressRefusedError, Guard
from shared.contracts.targets import Failure
from shared.ports import Clock, Reply

ATTEMPT_S: Final = 15.0  # for all of it, from the name to the answer's headers
_INTERIM: Final = 1  # classes of the status, RFC 9110
_SUCCESS: Final = 2
_STATUS_LINE: Final = re.compile(rb"HTTP/1\.[01] ([1-5]\d\d)[ \r\n]")  # RFC 9112 Section 4
_LONGEST: Final = 1 << 16


@cache
def public_authorities() -> ssl.SSLContext:
    """Return a context that trusts whom the system trusts; reading whom takes long."""
    return ssl.create_default_context()


@dataclass(frozen=True, slots=True)
class Poster:
    """Posts within a deadline, to whom the guard lets it."""

    clock: Clock
    guard: Guard
    attempt_s: float = ATTEMPT_S
    trust: Callable[[], ssl.SSLContext] = field(default=public_authorities)

    def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """Return what was answered, or why there was no answer."""
        with Deadline(self.attempt_s) as deadline:
            try:
                status, retry_after = self._exchange(urlsplit(url), headers, body, deadline)
            except (OSError, http.client.HTTPException, ValueError) as error:
                return Reply(reason=Failure.TIMEOUT if deadline.passed else failure_of(error))
            if deadline.passed:  # headers that were cut off look like headers that ended
                return Reply(reason=Failure.TIMEOUT)
        return _reply(status, _wait_s(retry_after, self.clock.now()))

    def _exchange(
        self, url: SplitResult, headers: Mapping[str, str], body: bytes, deadline: Deadline
    ) -> tuple[int, str]:
        host = url.hostname or ""
        port = url.port or (443 if url.scheme == "https" else 80)
        raw = self.guard.connect(host, port, deadline)
        connection = http.client.HTTPConnection(host, port)
        connection.sock = raw
        try:
            if url.scheme == "https":
                connection.sock = self.trust().wrap_socket(raw, server_hostname=host)
            path = f"{url.path or '/'}{'?' if url.query else ''}{url.query}"
            connection.putrequest("POST", path, skip_host=True, skip_accept_encoding=True)
            sent = {"host": url.netloc, **headers, "content-length": str(len(body))}
            for name, value in {**sent, "connection": "close"}.items():
                connection.putheader(name, value)
            connection.endheaders(body)
            with connection.sock.makefile("rb") as answer:
                return _answered(answer)
        finally:
            raw.close()
            connection.close()


def _answered(answer: BinaryIO) -> tuple[int, str]:
    """Return the status of an answer and when to come again; what is said before it is skipped."""
    while True:
        line = _STATUS_LINE.match(answer.readline(_LONGEST))
        if not line:
            raise http.client.BadStatusLine("")
        headers = http.client.parse_headers(answer)
        status = int(line[1])
        if status // 100 != _INTERIM:
            return status, headers.get("retry-after", "")


def failure_of(error: Exception) -> Failure:
    """Return what an error of a connection means."""
    meanings: tuple[tuple[type[Exception], Failure], ...] = (
        (AddressRefusedError, Failure.ADDRESS),
        (ssl.SSLCertVerificationError, Failure.CERTIFICATE),
        (TimeoutError, Failure.TIMEOUT),
    )
    known = (failure for kind, failure in meanings if isinstance(error, kind))
    return next(known, Failure.UNREACHABLE)


def _reply(status: int, wait_s: int | None) -> Reply:
    if status // 100 == _SUCCESS:
        return Reply(status=status)
    if status == HTTPStatus.GONE:
        return Reply(status=status, reason=Failure.GONE, final=True)
    if status in {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}:
        return Reply(status=status, reason=Failure.BUSY, wait_s=wait_s)
    return Reply(status=status, reason=Failure.REFUSED)


def _wait_s(retry_after: str, now: datetime) -> int | None:
    """Return how many seconds an answer asks to wait for, RFC 9110 Section 10.2.3."""
    if retry_after.isascii() and retry_after.isdigit():
        return int(retry_after[:_DIGITS])
    try:
        return max(0, int((parsedate_to_datetime(retry_after) - now).total_seconds()))
    except (ValueError, TypeError, OverflowError):
        return None


_DIGITS: Final = 9  # more seconds are no wait
