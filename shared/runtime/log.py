"""Structured logs as Cloud Logging reads them: one JSON object a line on standard output.

Messages are constants and data stand in fields, so nothing that a file contains can reach a
line. Records of other libraries are reduced to where they came from: their texts may carry
values (DESIGN law 5).
"""

import json
import logging
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

from shared.contracts.trace import span_of

_OWN: Final = "inlet"
_FIELDS: Final = "fields"
_context: ContextVar[dict[str, object]] = ContextVar("log_context", default={})  # noqa: B039 - never mutated
_logger = logging.getLogger(_OWN)


class JsonFormatter(logging.Formatter):
    """One Cloud Logging entry a record."""

    def __init__(self, stage: str, project: str) -> None:
        super().__init__()
        self._stage = stage
        self._project = project

    def format(self, record: logging.LogRecord) -> str:
        """Return the entry as one line of JSON."""
        entry: dict[str, object] = {
            "severity": record.levelname,
            "stage": self._stage,
            **_context.get(),
        }
        if record.name == _OWN:
            entry |= {"message": record.msg, **getattr(record, _FIELDS, {})}
        else:
            error_type = record.exc_info[0] if record.exc_info else None
            entry |= {"message": "a library logged", "logger": record.name}
            entry |= {"error_type": error_type.__name__} if error_type else {}
        if trace := entry.get("root_event_id"):
            entry["logging.googleapis.com/trace"] = f"projects/{self._project}/traces/{trace}"
        if event_id := entry.get("event_id"):
            entry["logging.googleapis.com/spanId"] = span_of(str(event_id))
        entry["logging.googleapis.com/sourceLocation"] = {
            "file": record.filename,
            "line": str(record.lineno),
        }
        return json.dumps(entry, separators=(",", ":"))


class _StandardOutput(logging.StreamHandler):  # type: ignore[type-arg] # generic in stubs only
    """Looks the stream up when it emits: the web server replaces it after import."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> object:
        return sys.stdout


def configure(stage: str, project: str) -> None:
    """Send every record of this process to standard output, in our form."""
    handler = _StandardOutput()
    handler.setFormatter(JsonFormatter(stage, project))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    logging.captureWarnings(capture=True)
    threading.excepthook = _thread_died
    _logger.setLevel(logging.INFO)


def _thread_died(death: threading.ExceptHookArgs) -> None:
    emit(logging.ERROR, "a thread died", error_type=death.exc_type.__name__)


@contextmanager
def context() -> Iterator[None]:
    """Keep what `extend` adds within the block: threads are reused, so nothing may outlive it."""
    token = _context.set({})
    try:
        yield
    finally:
        _context.reset(token)


def extend(**fields: object) -> None:
    """Add fields to every further line of the current block."""
    _context.set({**_context.get(), **fields})


def emit(level: int, message: str, /, **fields: object) -> None:
    """Write one line; `message` is a constant and `fields` are free of PHI."""
    _logger.log(level, message, extra={_FIELDS: fields}, stacklevel=2)
