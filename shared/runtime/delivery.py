"""The delivery boundary: what a handler says becomes what Pub/Sub understands.

204 acknowledges; 503 has the message delivered again, with backoff, and in the end moved to the
dead-letter topic, if there is one. Neither has a body. A permanent error that reaches this boundary
had nowhere to be quarantined, so its message goes the same way and is kept there. The only place
that catches everything, because an escaping exception would print its text, and so identities, to
the log.

Functions take the push request itself and not the CloudEvent that functions-framework can make of
it: the framework answers what it cannot read with a copy of the request.
"""

import base64
import binascii
import logging
import threading
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final, Generic, Protocol, TypeVar

from flask import Request

from shared.contracts.fields import Fields
from shared.contracts.message import Message, parsed
from shared.errors import ContractError, InletError, PermanentError
from shared.ports import Done
from shared.runtime import log
from shared.runtime.memory import keep_what_is_loaded

Answer = tuple[str, int]
ACKNOWLEDGED: Final[Answer] = ("", 204)
AGAIN: Final[Answer] = ("", 503)
_FATE: Final[Mapping[Answer, str]] = {
    AGAIN: "cannot succeed, goes to dead letters",
    ACKNOWLEDGED: "cannot succeed, is given up",
}

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
    request: Request,
    parse: Callable[[Message], Event],
    handler: Callable[[], Callable[[Event], Done]],
    hopeless: Answer = AGAIN,
) -> Answer:
    """Run one Pub/Sub delivery and return the answer to its push request.

    Args:
        request: the push request, wrapped.
        parse: reads the typed event, or raises a `PermanentError`.
        handler: returns the function's handler, made by the first delivery.
        hopeless: answers what can never succeed: `AGAIN`, which ends in the dead letters, or
            `ACKNOWLEDGED` where the subscription has none.
    """

    def handle() -> Done:
        event = parse(message_of(parsed(request.get_data(), "envelope")))
        log.extend(event_id=event.event_id, root_event_id=event.root_event_id)
        return handler()(event)

    return _guarded(handle, hopeless)


def run(handler: Callable[[], Callable[[], Done]]) -> Answer:
    """Run what a schedule calls for and return the answer to its request."""

    def handle() -> Done:
        return handler()()

    return _guarded(handle)


def _guarded(handle: Callable[[], Done], hopeless: Answer = AGAIN) -> Answer:
    start = time.monotonic()
    with log.context():
        try:
            done = handle()
        except PermanentError as error:
            _tell_of(error, _FATE[hopeless], logging.ERROR, start)
            return hopeless
        except Exception as error:  # noqa: BLE001 - the one boundary, see above
            _tell_of(error, "will be retried", logging.WARNING, start)
            return AGAIN
        log.emit(done.level, done.message, **done.fields, duration_ms=_elapsed_ms(start))
        keep_what_is_loaded()
        return ACKNOWLEDGED


def message_of(envelope: object) -> Message:
    """Return the message inside the body of a push request.

    Raises:
        ContractError: the body is not one of Pub/Sub's.
    """
    match envelope:
        case {"message": {**message}}:
            data, attributes = message.get("data") or "", message.get("attributes") or {}
            if isinstance(data, str) and isinstance(attributes, Mapping):
                return Message(
                    data=_decoded(data),
                    attributes=dict(attributes),
                    published_at=_time(message),
                )
    raise ContractError("invalid-envelope", ["is not a Pub/Sub message"])


def _time(message: Mapping[Any, object]) -> datetime | None:
    """Return when it was published, None where that is not to be read."""
    fields = Fields("envelope", message)
    time = fields.optional_time("publishTime")
    return None if fields.problems else time


def _decoded(data: str) -> bytes:
    try:
        return base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        raise ContractError("invalid-envelope", ["data is not base64"]) from None


def _tell_of(error: Exception, message: str, level: int, start: float) -> None:
    reason = error.reason if isinstance(error, InletError) else "unclassified"
    log.emit(
        level,
        message,
        reason=reason,
        error_type=type(error).__name__,
        duration_ms=_elapsed_ms(start),
    )


def _elapsed_ms(start: float) -> int:
    return round((time.monotonic() - start) * 1000)
