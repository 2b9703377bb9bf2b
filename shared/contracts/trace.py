"""W3C Trace Context: one trace leads from an upload through everything that follows from it.

The trace is the upload's id and each event is a span of it, which the log's lines about that event
name, too (`shared/runtime/log.py`). Whoever subscribes with a client library that traces goes on
with ours. https://www.w3.org/TR/trace-context/#traceparent-header
"""

from typing import Final

TRACEPARENT: Final = "traceparent"
OF_LIBRARIES: Final = "googclient_traceparent"  # where Pub/Sub's client libraries look for it
_SPAN_DIGITS: Final = 16


def span_of(event_id: str) -> str:
    """Return the span in which an event is handled: 16 hexadecimal digits."""
    return event_id[:_SPAN_DIGITS]


def traceparent(root_event_id: str, event_id: str) -> str:
    """Return where an event stands in the trace of its upload, as the header of W3C says it."""
    return f"00-{root_event_id}-{span_of(event_id)}-01"


def traced(root_event_id: str, event_id: str) -> dict[str, str]:
    """Return the attributes by which a message's trace is known."""
    return dict.fromkeys((TRACEPARENT, OF_LIBRARIES), traceparent(root_event_id, event_id))
