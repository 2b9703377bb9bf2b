import pytest
import requests
from google.api_core import exceptions

from shared.adapters.vendor_errors import VENDOR_ERRORS, translated
from shared.errors import TransientError

ROWS = [
    (exceptions.NotFound("x"), "s-not-found"),
    (exceptions.Forbidden("x"), "s-forbidden"),
    (exceptions.Unauthorized("x"), "s-unauthorized"),
    (exceptions.TooManyRequests("x"), "s-throttled"),
    (exceptions.ResourceExhausted("x"), "s-throttled"),
    (exceptions.DeadlineExceeded("x"), "s-timeout"),
    (exceptions.RetryError("x", cause=None), "s-timeout"),
    (exceptions.Cancelled("x"), "s-timeout"),
    (exceptions.Aborted("x"), "s-unavailable"),
    (exceptions.ServiceUnavailable("x"), "s-unavailable"),
    (exceptions.InternalServerError("x"), "s-unavailable"),
    (exceptions.BadRequest("x"), "s-refused"),
    (requests.ConnectTimeout("x"), "s-timeout"),
    (requests.ConnectionError("x"), "s-unreachable"),
    (ConnectionResetError("x"), "s-unreachable"),
    (TimeoutError("x"), "s-timeout"),
]


@pytest.mark.parametrize(("error", "reason"), ROWS, ids=lambda value: str(type(value).__name__))
def test_a_vendors_error_is_transient_with_a_stable_reason(error: Exception, reason: str) -> None:
    with pytest.raises(TransientError) as caught, translated("s"):
        raise error
    assert caught.value.reason == reason


def test_the_vendors_text_stays_out() -> None:
    with pytest.raises(TransientError) as caught, translated("storage"):
        raise exceptions.NotFound("GET /b/inbox/o/PLANTED^NAME")
    assert "PLANTED" not in f"{caught.value} {caught.value.args}"


def test_a_bug_is_not_a_vendors_error() -> None:
    with pytest.raises(KeyError), translated("s"):
        raise KeyError("bug")


def test_no_row_of_the_table_stands_behind_its_base() -> None:
    hidden = [
        (later, earlier)
        for position, later in enumerate(VENDOR_ERRORS)
        for earlier in VENDOR_ERRORS[:position]
        if issubclass(later, earlier)
    ]
    assert hidden == []
