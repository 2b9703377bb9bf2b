"""What a vendor's error means to us: one table, ending in "anything else is transient"."""

from collections.abc import Iterator
from concurrent.futures import TimeoutError as FutureTimeoutError
from contextlib import contextmanager

import requests
from google.api_core import exceptions
from google.auth.exceptions import GoogleAuthError

from shared.errors import TransientError

# Most specific first. What a caller must tell apart (gone, already there) it catches itself,
# before this table is asked.
REASONS: tuple[tuple[type[Exception], str], ...] = (
    (exceptions.NotFound, "not-found"),
    (exceptions.Forbidden, "forbidden"),
    (exceptions.Unauthorized, "unauthorized"),
    (exceptions.TooManyRequests, "throttled"),
    (exceptions.GatewayTimeout, "timeout"),
    (exceptions.RetryError, "timeout"),
    (exceptions.Cancelled, "timeout"),
    (exceptions.Aborted, "unavailable"),
    (exceptions.ServerError, "unavailable"),
    (exceptions.GoogleAPICallError, "refused"),
    (GoogleAuthError, "unauthorized"),
    (FutureTimeoutError, "timeout"),
    (requests.Timeout, "timeout"),
    (requests.RequestException, "unreachable"),
    (ConnectionError, "unreachable"),
)
VENDOR_ERRORS = tuple(kind for kind, _ in REASONS)


def reason_of(service: str, error: Exception) -> str:
    """Return the stable reason of a vendor's error, such as `storage-throttled`."""
    if isinstance(error, exceptions.RetryError) and isinstance(error.cause, VENDOR_ERRORS):
        return reason_of(service, error.cause)  # what lasted, and not how long it was tried
    what = next((reason for kind, reason in REASONS if isinstance(error, kind)), "failed")
    return f"{service}-{what}"


@contextmanager
def translated(service: str) -> Iterator[None]:
    """Turn every error of a vendor's library into a `TransientError` without its text."""
    try:
        yield
    except VENDOR_ERRORS as error:
        raise TransientError(reason_of(service, error)) from error
