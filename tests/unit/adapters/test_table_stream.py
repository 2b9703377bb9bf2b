"""Rows with columns that the table lacks: stored without these, whole once they come."""

import logging
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from google.cloud.bigquery_storage_v1 import types
from google.protobuf import descriptor_pool, message_factory
from google.protobuf.any_pb2 import Any as Any_
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from google.protobuf.json_format import MessageToDict

from shared.adapters import table_stream
from shared.adapters.table_rows import RowWriter
from shared.adapters.table_stream import TableStream
from shared.errors import PermanentError, TransientError

FIELDS: list[dict[str, Any]] = [
    {"name": "New", "type": "INTEGER"},
    {"name": "Text", "type": "STRING", "mode": "REQUIRED"},
    {
        "name": "All",
        "type": "RECORD",
        "mode": "REPEATED",
        "fields": [{"name": "Newer", "type": "STRING"}, {"name": "Old", "type": "INTEGER"}],
    },
]
ROW = {"New": 1, "Text": "a", "All": [{"Newer": "b", "Old": 2}]}
TABLE = "imaging.things"
INVALID_ARGUMENT = 3


class _Warehouse:
    """The service, as far as it knows one table: refuses writers that describe more than it has."""

    def __init__(self, columns: Mapping[str, Any], *, in_words: bool = False) -> None:
        self.columns = columns
        self.in_words = in_words
        self.looked = 0
        self.open = 0
        self.rows: list[dict[str, Any]] = []
        self.transport = self

    def append_rows(self, requests: Iterator[types.AppendRowsRequest], **_: Any) -> "_Call":
        self.open += 1
        return _Call(self, requests)

    def get_write_stream(self, request: types.GetWriteStreamRequest, **_: Any) -> types.WriteStream:
        assert request.name.endswith("/_default")
        assert request.view == types.WriteStreamView.FULL
        self.looked += 1
        return types.WriteStream(table_schema={"fields": _schema(self.columns)})


class _Call:
    def __init__(self, warehouse: _Warehouse, requests: Iterator[types.AppendRowsRequest]) -> None:
        self._warehouse = warehouse
        self._requests = requests
        self._kind: Any = None
        self._fits = True

    def __next__(self) -> types.AppendRowsResponse:
        data = next(self._requests).proto_rows
        if data.writer_schema:
            descriptor = types.ProtoSchema.pb(data.writer_schema).proto_descriptor
            file = FileDescriptorProto(name="read.proto", syntax="proto2")
            file.message_type.add().CopyFrom(descriptor)
            pool = descriptor_pool.DescriptorPool()
            pool.Add(file)
            made = pool.FindMessageTypeByName(descriptor.name)
            self._kind = message_factory.GetMessageClass(made)
            self._fits = _described(made, self._warehouse.columns)
        if not self._fits:
            return self._refused()
        for row in data.rows.serialized_rows:
            message = self._kind.FromString(row)
            message.DiscardUnknownFields()
            assert message.ByteSize() == len(row), "a field that no column describes"
            self._warehouse.rows.append(MessageToDict(message, preserving_proto_field_name=True))
        return types.AppendRowsResponse()

    def cancel(self) -> None:
        """The connection ends; nothing waits."""
        self._warehouse.open -= 1

    def _refused(self) -> types.AppendRowsResponse:
        words = "Input schema has more fields than BigQuery schema, extra fields: 'new'"
        detail = Any_()
        code = types.StorageError.StorageErrorCode.SCHEMA_MISMATCH_EXTRA_FIELDS
        detail.Pack(types.StorageError.pb(types.StorageError(code=code)))
        response = types.AppendRowsResponse()
        status = types.AppendRowsResponse.pb(response).error
        status.code = INVALID_ARGUMENT
        status.message = words if self._warehouse.in_words else "PLANTED"
        if not self._warehouse.in_words:
            status.details.append(detail)
        return response


def _schema(columns: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"name": name, "fields": _schema(inner)} for name, inner in columns.items()]


def _described(descriptor: Any, columns: Mapping[str, Any]) -> bool:
    names = {name.lower(): inner for name, inner in columns.items()}
    return all(
        field.name.lower() in names
        and (
            field.message_type is None or _described(field.message_type, names[field.name.lower()])
        )
        for field in descriptor.fields
    )


def _append(stream: TableStream, *rows: Mapping[str, Any]) -> None:
    writer = RowWriter(TABLE, FIELDS)
    stream.append([writer.serialize(row) for row in rows])


def _stream(warehouse: Any) -> TableStream:
    return TableStream(warehouse, "a/table/streams/_default", TABLE, FIELDS)


WHOLE: dict[str, Any] = {"New": {}, "Text": {}, "All": {"Newer": {}, "Old": {}}}


@pytest.mark.parametrize("in_words", [False, True])
@pytest.mark.parametrize(
    ("columns", "stored", "missing"),
    [
        (
            {"text": {}, "all": {"newer": {}, "old": {}}},
            {"Text": "a", "All": [{"Newer": "b", "Old": "2"}]},
            ["New"],
        ),
        (
            {"New": {}, "Text": {}, "All": {"Old": {}}},
            {"New": "1", "Text": "a", "All": [{"Old": "2"}]},
            ["All.Newer"],
        ),
        ({"Text": {}}, {"Text": "a"}, ["New", "All"]),
    ],
)  # fmt: skip
def test_what_the_table_lacks_is_left_out_and_told_once(
    caplog: pytest.LogCaptureFixture,
    columns: dict[str, Any],
    stored: dict[str, Any],
    missing: list[str],
    in_words: bool,  # noqa: FBT001 - a case
) -> None:
    warehouse = _Warehouse(columns, in_words=in_words)
    stream = _stream(warehouse)
    with caplog.at_level(logging.WARNING, logger="inlet"):
        _append(stream, ROW, ROW)
        _append(stream, ROW)
    assert warehouse.rows == [stored] * 3
    assert warehouse.looked == 1
    (line,) = caplog.records
    assert line.msg == "columns left out"
    assert line.fields == {"table": TABLE, "columns": missing}  # type: ignore[attr-defined]


def test_a_table_with_more_columns_is_written_to() -> None:
    warehouse = _Warehouse({**WHOLE, "Later": {}})
    _append(_stream(warehouse), ROW)
    assert warehouse.rows == [{"New": "1", "Text": "a", "All": [{"Newer": "b", "Old": "2"}]}]
    assert warehouse.looked == 0


def test_a_column_that_comes_later_is_written_once_it_is_looked_for(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(table_stream, "LOOK_AGAIN_AFTER_S", -1.0)
    warehouse = _Warehouse({"Text": {}})
    stream = _stream(warehouse)
    with caplog.at_level(logging.WARNING, logger="inlet"):
        _append(stream, ROW)
        _append(stream, ROW)
    assert warehouse.looked == 2
    assert len(caplog.records) == 1
    warehouse.columns = WHOLE
    _append(stream, ROW)
    assert warehouse.rows == [
        {"Text": "a"},
        {"Text": "a"},
        {"New": "1", "Text": "a", "All": [{"Newer": "b", "Old": "2"}]},
    ]
    assert warehouse.open == 1


def test_a_connection_stays_while_the_table_has_every_column(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(table_stream, "LOOK_AGAIN_AFTER_S", -1.0)
    warehouse = _Warehouse(WHOLE)
    stream = _stream(warehouse)
    _append(stream, ROW)
    first = stream._stream
    _append(stream, ROW)
    assert stream._stream is first


def test_a_table_that_changes_under_an_open_connection_loses_no_row(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    warehouse = _Warehouse({"Text": {}})
    stream = _stream(warehouse)
    _append(stream, ROW)
    monkeypatch.setattr(warehouse, "get_write_stream", _unavailable)
    warehouse.columns = {"Other": {}}
    stream._stream.close()
    with pytest.raises(TransientError):
        _append(stream, ROW)
    assert len(warehouse.rows) == 1


def test_a_schema_that_is_not_known_everywhere_yet_is_tried_again_later() -> None:
    warehouse = _Warehouse({"Text": {}})
    stream = _stream(warehouse)
    warehouse.get_write_stream = lambda *_, **__: types.WriteStream(  # type: ignore[method-assign]
        table_schema={"fields": _schema(WHOLE)}
    )
    with pytest.raises(TransientError) as caught:
        _append(stream, ROW)
    assert caught.value.reason == "bigquery-columns-missing"
    assert not isinstance(caught.value, PermanentError)
    assert warehouse.rows == []


def _unavailable(*_: Any, **__: Any) -> None:
    raise ConnectionError
