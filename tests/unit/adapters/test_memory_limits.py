"""The memory twins refuse what the services refuse for its size."""

from datetime import UTC, datetime

import pytest

from shared.adapters.memory import (
    MAX_APPEND_BYTES,
    MAX_ATTRIBUTE_NAME_BYTES,
    MAX_ATTRIBUTE_VALUE_BYTES,
    MAX_ATTRIBUTES,
    MAX_LABEL_BYTES,
    MAX_PUBLISH_BYTES,
    MemoryObjectStore,
    MemoryTables,
    MemoryTopic,
)
from shared.contracts.message import Message
from shared.errors import PermanentError, TransientError


@pytest.mark.parametrize(
    ("largest", "beyond"),
    [
        (
            Message(data=bytes(MAX_PUBLISH_BYTES - 2), attributes={"a": "b"}),
            Message(data=bytes(MAX_PUBLISH_BYTES - 2), attributes={"a": "bc"}),
        ),
        (
            Message(data=b"", attributes={"a": "x" * MAX_ATTRIBUTE_VALUE_BYTES}),
            Message(data=b"", attributes={"a": "ü" * (MAX_ATTRIBUTE_VALUE_BYTES // 2) + "x"}),
        ),
        (
            Message(data=b"", attributes={"x" * MAX_ATTRIBUTE_NAME_BYTES: ""}),
            Message(data=b"", attributes={"x" * (MAX_ATTRIBUTE_NAME_BYTES + 1): ""}),
        ),
        (
            Message(data=b"", attributes={str(number): "" for number in range(MAX_ATTRIBUTES)}),
            Message(data=b"", attributes={str(number): "" for number in range(MAX_ATTRIBUTES + 1)}),
        ),
    ],
    ids=["whole", "value", "name", "attributes"],
)
def test_a_message_that_is_too_large_is_refused(largest: Message, beyond: Message) -> None:
    topic = MemoryTopic()
    topic.publish(largest)
    with pytest.raises(TransientError, match="pubsub-refused"):
        topic.publish(beyond)
    assert topic.messages == [largest]


def test_rows_that_are_too_large_are_refused() -> None:
    tables = MemoryTables()
    overhead = len('{"Text": ""}')
    tables.append("d.t", [{"Text": "x" * (MAX_APPEND_BYTES - overhead)}])
    with pytest.raises(PermanentError, match="bigquery-row-refused"):
        tables.append("d.t", [{"Text": "x" * (MAX_APPEND_BYTES - overhead)}, {}])
    assert len(tables.rows["d.t"]) == 1


def test_labels_that_are_too_large_are_refused() -> None:
    store = MemoryObjectStore(lambda: datetime(2026, 1, 2, tzinfo=UTC))
    source = store.write("b", "largest", [b"x"], {"a": "x" * (MAX_LABEL_BYTES - 1)})
    assert source is not None
    with pytest.raises(TransientError, match="storage-refused"):
        store.write("b", "beyond", [b"x"], {"a": "x" * MAX_LABEL_BYTES})
    with pytest.raises(TransientError, match="storage-refused"):
        store.copy(source, "b", "copy", {**source.labels, "one": "more"})
    assert [stored.version.name for stored in store.list("b")] == ["largest"]
