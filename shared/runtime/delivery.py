"""The delivery boundary: what a handler says becomes what Pub/Sub understands.

Returning acknowledges; answering 503 without a body has the message delivered again, with
backoff, and in the end moved to the dead-letter topic. A permanent error that reaches this
boundary had nowhere to be quarantined, so its message goes the same way and is kept there.
The only place that catches everything, because an escaping exception would print its text, and
so identities, to the log.
"""

import base64
import binascii
import logging
import threading
import time
from collections.abc import Callable, Mapping
from typing import Generic, NoReturn, Protocol, TypeVar

from werkzeug.exceptions import ServiceUnavailable
from werkzeug.wrappers import Response

from shared.contracts.message import Message
from shared.errors import ContractError, InletError, PermanentError
from shared.ports import Done
from shared.runtime import log

T = TypeVar("T")


class Traced(Protocol):
    """What a delivery is about, as far as the log may tell."""

    @property
    def event_id(self) -> str:
        """The id of this event."""
        ...

    @property
    def root_event_id(self) -> str:
        """The id of the upload it descends from; the trace of everything that follows."""
        ...


Event = TypeVar("Event", bound=Traced)


class Lazy(Generic[T]):
    """A value made by the first use.

    Clients are made this way: the server forks after importing the function, and gRPC channels
    do not survive a fork.
    """

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._made: tuple[T] | None = None

    def __call__(self) -> T:
        """Return the value, making it once however many threads ask."""
        with self._lock:
            if self._made is None:
                self._made = (self._make(),)
            return self._made[0]


def deliver(
    envelope: object,
    parse: Callable[[Message], Event],
    handler: Callable[[], Callable[[Event], Done]],
) -> None:
    """Run one Pub/Sub delivery; return when it may be acknowledged.

    Args:
        envelope: the data of the CloudEvent, which is the body of Pub/Sub's push request.
        parse: reads the typed event, or raises a `PermanentError`.
        handler: returns the function's handler, made by the first delivery.

    Raises:
        ServiceUnavailable: it is to be delivered again.
    """

    def handle() -> Done:
        event = parse(message_of(envelope))
        log.extend(event_id=event.event_id, root_event_id=event.root_event_id)
        return handler()(event)

    run(handle)


def run(handle: Callable[[], Done]) -> None:
    """Run one unit of work and write its line to the log.

    Raises:
        ServiceUnavailable: it is to be tried again.
    """
    start = time.monotonic()
    with log.context():
        try:
            done = handle()
        except PermanentError as error:
            _refuse(logging.ERROR, "cannot succeed, goes to dead letters", error, start)
        except Exception as error:  # noqa: BLE001 - the one boundary, see above
            _refuse(logging.WARNING, "will be retried", error, start)
        log.emit(done.level, done.message, **done.fields, duration_ms=_elapsed_ms(start))


def message_of(envelope: object) -> Message:
    """Return the message inside the data of a Pub/Sub CloudEvent.

    Raises:
        ContractError: the envelope is not one of Pub/Sub's.
    """
    match envelope:
        case {"message": {"data": str(data), **rest}}:
            attributes = rest.get("attributes") or {}
            if isinstance(attributes, Mapping):
                return Message(data=_decoded(data), attributes=dict(attributes))
    raise ContractError("invalid-envelope", ["is not a Pub/Sub message"])


def _decoded(data: str) -> bytes:
    try:
        return base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        raise ContractError("invalid-envelope", ["data is not base64"]) from None


def _refuse(level: int, message: str, error: Exception, start: float) -> NoReturn:
    reason = error.reason if isinstance(error, InletError) else "unclassified"
    log.emit(
        level,
        message,
        reason=reason,
        error_type=type(error).__name__,
        duration_ms=_elapsed_ms(start),
    )
    raise ServiceUnavailable(response=Response(status=503)) from None


def _elapsed_ms(start: float) -> int:
    return round((time.monotonic() - start) * 1000)
