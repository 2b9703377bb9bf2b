from datetime import UTC, datetime
from typing import Any

import pytest
from google.protobuf import descriptor_pool, message_factory
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from google.protobuf.json_format import MessageToDict

from shared.adapters.table_rows import RowWriter

FIELDS: list[dict[str, Any]] = [
    {"name": "Text", "type": "STRING", "mode": "REQUIRED"},
    {"name": "Number", "type": "INTEGER"},
    {"name": "Real", "type": "FLOAT"},
    {"name": "Yes", "type": "BOOLEAN"},
    {"name": "At", "type": "TIMESTAMP"},
    {"name": "On", "type": "DATE"},
    {"name": "Time", "type": "TIME"},
    {"name": "Tree", "type": "JSON"},
    {"name": "Many", "type": "STRING", "mode": "REPEATED"},
    {"name": "One", "type": "RECORD", "fields": [{"name": "Inner", "type": "STRING"}]},
    {
        "name": "All",
        "type": "RECORD",
        "mode": "REPEATED",
        "fields": [{"name": "Inner", "type": "INTEGER"}],
    },
]


def _round(row: dict[str, object]) -> dict[str, Any]:
    """What a server reads that has nothing but the descriptor sent with the rows."""
    writer = RowWriter("imaging.things", FIELDS)
    file = FileDescriptorProto(name="read.proto", syntax="proto2")
    file.message_type.add().CopyFrom(writer.descriptor)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    kind = message_factory.GetMessageClass(pool.FindMessageTypeByName(writer.descriptor.name))
    return MessageToDict(kind.FromString(writer.serialize(row)), preserving_proto_field_name=True)


def test_every_type_arrives_as_the_write_api_wants_it() -> None:
    row = {
        "Text": "Ünï",
        "Number": 2**53,
        "Real": 1.5,
        "Yes": False,
        "At": datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC),
        "On": "1969-12-31",
        "Time": "03:04:05.5",
        "Tree": {"00100020": {"vr": "LO"}},
        "Many": ["a", "b"],
        "One": {"Inner": "x"},
        "All": [{"Inner": 1}, {"Inner": None}],
    }
    assert _round(row) == {
        "Text": "Ünï",
        "Number": str(2**53),
        "Real": 1.5,
        "Yes": False,
        "At": "1767323045678901",
        "On": -1,
        "Time": "03:04:05.5",
        "Tree": '{"00100020":{"vr":"LO"}}',
        "Many": ["a", "b"],
        "One": {"Inner": "x"},
        "All": [{"Inner": "1"}, {}],
    }


def test_none_and_absent_are_null() -> None:
    assert _round({"Text": "x", "Number": None, "One": None, "Many": []}) == {"Text": "x"}


def test_a_record_of_nothing_is_not_null() -> None:
    assert _round({"Text": "x", "One": {"Inner": None}}) == {"Text": "x", "One": {}}


def test_an_unknown_column_is_a_bug() -> None:
    with pytest.raises(KeyError):
        RowWriter("imaging.things", FIELDS).serialize({"Nope": 1})


def test_microseconds_are_exact() -> None:
    moment = datetime(2026, 11, 24, 5, 41, 49, 309483, tzinfo=UTC)
    assert _round({"At": moment})["At"] == "1795498909309483"
