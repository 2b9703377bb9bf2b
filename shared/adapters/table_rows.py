"""Rows as the Storage Write API wants them: protobuf messages made from a table's schema file.

The mapping of types is the one of "Supported protocol buffer and Arrow data types" in the
Storage Write API's documentation: TIMESTAMP is microseconds and DATE days since 1970-01-01, TIME
and JSON are text.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any, cast

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import Message

from shared.ports import Row

_Proto = descriptor_pb2.FieldDescriptorProto
Field = Mapping[str, Any]
Columns = Mapping[str, Any]  # of a table: names in lower case, and what is in each, if anything

_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()
_MICROSECONDS = 1_000_000


def _micros(value: datetime) -> int:
    return round(value.timestamp() * _MICROSECONDS)


def _days(value: str) -> int:
    return date.fromisoformat(value).toordinal() - _EPOCH_ORDINAL


def _json(value: object) -> str:
    """Return JSON text; bytes are such already."""
    if isinstance(value, bytes):
        return value.decode()
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


# BigQuery type → (protobuf type, conversion of a Python value)
_TYPES: Mapping[str, tuple[Any, Callable[[Any], object]]] = {
    "STRING": (_Proto.TYPE_STRING, str),
    "INTEGER": (_Proto.TYPE_INT64, int),
    "FLOAT": (_Proto.TYPE_DOUBLE, float),
    "BOOLEAN": (_Proto.TYPE_BOOL, bool),
    "TIMESTAMP": (_Proto.TYPE_INT64, _micros),
    "DATE": (_Proto.TYPE_INT32, _days),
    "TIME": (_Proto.TYPE_STRING, str),
    "JSON": (_Proto.TYPE_STRING, _json),
}


class RowWriter:
    """Turns rows of one table into serialized messages.

    `fields` is the `fields` list of a file in `infra/schemas`: BigQuery's own schema form. Where
    `columns` tells what the table has, the descriptor has no other; fields keep their numbers.
    """

    def __init__(self, table: str, fields: Sequence[Field], columns: Columns | None = None) -> None:
        self._fields = fields
        name = f"Row_{table.replace('.', '_')}"
        file = descriptor_pb2.FileDescriptorProto(name=f"{name}.proto", syntax="proto2")
        self.missing = tuple(_describe(file.message_type.add(name=name), fields, columns))
        pool = descriptor_pool.DescriptorPool()
        pool.Add(file)
        descriptor = pool.FindMessageTypeByName(name)
        self._message = message_factory.GetMessageClass(descriptor)
        self.descriptor = descriptor_pb2.DescriptorProto()
        descriptor.CopyToProto(self.descriptor)

    def serialize(self, row: Row) -> bytes:
        """Return one row; absent and None values are NULL.

        Raises:
            KeyError: the row has a column that the schema file does not know.
        """
        return _fill(self._message(), self._fields, row).SerializeToString()

    def fitted(self, row: bytes) -> bytes:
        """Return a row that was serialized with all columns, with those of the descriptor."""
        message = self._message.FromString(row)
        message.DiscardUnknownFields()
        return message.SerializeToString()


def _describe(
    message: Any, fields: Sequence[Field], columns: Columns | None, path: str = ""
) -> Iterator[str]:
    """Describe what the table has of the fields, all if that is not told; yield the others."""
    for number, field in enumerate(fields, start=1):
        inner = None if columns is None else columns.get(field["name"].lower())
        if columns is not None and inner is None:
            yield f"{path}{field['name']}"
            continue
        repeated = field.get("mode") == "REPEATED"
        label = _Proto.LABEL_REPEATED if repeated else _Proto.LABEL_OPTIONAL
        if field["type"] == "RECORD":
            nested = message.nested_type.add(name=f"{field['name']}_record")
            yield from _describe(nested, field["fields"], inner, f"{path}{field['name']}.")
            message.field.add(
                name=field["name"],
                number=number,
                label=label,
                type=_Proto.TYPE_MESSAGE,
                type_name=nested.name,
            )
        else:
            kind = _TYPES[field["type"]][0]
            message.field.add(name=field["name"], number=number, label=label, type=kind)


def _fill(message: Message, fields: Sequence[Field], row: Row) -> Message:
    known = {field["name"]: field for field in fields}
    for name, value in row.items():
        field = known[name]
        if value is None:
            continue
        if field.get("mode") == "REPEATED":
            _fill_repeated(message, field, cast("Sequence[object]", value))
        elif field["type"] == "RECORD":
            _fill_record(getattr(message, name), field, value)
        else:
            setattr(message, name, _TYPES[field["type"]][1](value))
    return message


def _fill_repeated(message: Message, field: Field, values: Sequence[object]) -> None:
    target = getattr(message, field["name"])
    if field["type"] == "RECORD":
        for value in values:
            _fill_record(target.add(), field, value)
    else:
        convert = _TYPES[field["type"]][1]
        target.extend([convert(value) for value in values])


def _fill_record(message: Message, field: Field, value: object) -> None:
    message.SetInParent()
    _fill(message, field["fields"], cast("Row", value))
