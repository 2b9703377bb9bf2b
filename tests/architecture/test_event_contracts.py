"""The contracts of events are what the code says, and are what their own standards want.

`asyncapi-3.0.0.json.gz` is `schemas/3.0.0.json` of the npm package @asyncapi/specs 6.11.1
(Apache-2.0, github.com/asyncapi/spec-json-schemas), compressed.
"""

import gzip
import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.json_format import MessageToDict, Parse, ParseError
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from jsonschema import Draft7Validator, Draft202012Validator, ValidationError

from infra.event_contracts import CONTRACTS, contracts
from shared.contracts.event import PublicEvent
from shared.contracts.event_types import EVENT_TYPES, FIELDS, EventType
from shared.contracts.facilities import Facilities
from shared.contracts.uid_mask import UidMask
from tests.architecture.released_events import described
from tests.events import every_event

META = Path(__file__).resolve().parent / "asyncapi-3.0.0.json.gz"
MASK = UidMask.of(Facilities.from_data({"demo-hospital": {"event_uids": "pseudonym"}}), b"k" * 32)
EVENTS = [*every_event(), *every_event(MASK)]
of_every_type = pytest.mark.parametrize("kind", EVENT_TYPES, ids=lambda kind: kind.name)


def _schema(kind: EventType) -> dict[str, Any]:
    text = (CONTRACTS / "schemas" / f"{kind.name}.schema.json").read_text(encoding="utf-8")
    schema: dict[str, Any] = json.loads(text)
    return schema


@cache
def _asyncapi() -> dict[str, Any]:
    document: dict[str, Any] = json.loads((CONTRACTS / "asyncapi.json").read_text(encoding="utf-8"))
    return document


@cache
def _official() -> Draft7Validator:
    return Draft7Validator(json.loads(gzip.decompress(META.read_bytes())))


@cache
def _message() -> type[Message]:
    pool = DescriptorPool()
    pool.Add(described((CONTRACTS / "events.proto").read_text(encoding="utf-8")))
    return GetMessageClass(pool.FindMessageTypeByName("Event"))


def test_the_files_are_what_the_code_says() -> None:
    found = {path: (CONTRACTS / path).read_text(encoding="utf-8") for path in contracts()}
    assert found == contracts(), "run `make schemas`"
    schemas = {f"schemas/{path.name}" for path in (CONTRACTS / "schemas").iterdir()}
    assert schemas == {path for path in contracts() if path.startswith("schemas/")}


@of_every_type
def test_a_schema_is_one(kind: EventType) -> None:
    Draft202012Validator.check_schema(_schema(kind))


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.type)
def test_an_event_satisfies_its_schema_and_no_other(event: PublicEvent) -> None:
    satisfied = [
        kind.name
        for kind in EVENT_TYPES
        if Draft202012Validator(_schema(kind)).is_valid(dict(event.data))
    ]
    assert satisfied == [event.type]


@of_every_type
def test_a_schema_refuses_what_lacks_a_field(kind: EventType) -> None:
    event = next(event for event in EVENTS if event.type == kind.name)
    validator = Draft202012Validator(_schema(kind))
    for name in _schema(kind)["required"]:
        lacking = {key: value for key, value in event.data.items() if key != name}
        with pytest.raises(ValidationError):
            validator.validate(lacking)


def test_every_field_is_of_some_type_and_described_in_a_sentence() -> None:
    used = {name for kind in EVENT_TYPES for name in kind.record.fields}
    assert used == set(FIELDS)
    assert [name for name, field in FIELDS.items() if field.description.endswith(".")] == []


def test_an_unknown_field_is_ignored() -> None:
    event = next(event for event in EVENTS if event.type == "dicom.instance.archived.v1")
    kind = next(kind for kind in EVENT_TYPES if kind.name == event.type)
    Draft202012Validator(_schema(kind)).validate({**event.data, "of_later": 1})


def test_the_asyncapi_document_is_one() -> None:
    assert [error.message for error in _official().iter_errors(_asyncapi())] == []


@pytest.mark.parametrize("path", ["info", "channels.events.bindings.googlepubsub.schemaSettings"])
def test_a_document_that_lacks_a_part_is_none(path: str) -> None:
    document = json.loads(json.dumps(_asyncapi()))
    *above, last = path.split(".")
    node = document
    for name in above:
        node = node[name]
    del node[last]
    assert not _official().is_valid(document)


def test_every_reference_of_the_asyncapi_document_leads_somewhere() -> None:
    references = re.findall(r'"\$ref": "#/([^"]+)"', json.dumps(_asyncapi()))
    assert len(references) == 2 * len(EVENT_TYPES) + 1
    for reference in references:
        node = _asyncapi()
        for name in reference.split("/"):
            node = node[name]
        assert node


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.type)
def test_attributes_and_data_are_those_of_the_asyncapi_document(event: PublicEvent) -> None:
    components = _asyncapi()["components"]
    headers = components["messages"][event.type]["headers"]
    attributes = dict(event.to_message().attributes)
    Draft202012Validator(headers).validate(attributes)
    assert attributes.keys() <= headers["properties"].keys()
    assert event.data.keys() <= components["schemas"][event.type]["properties"].keys()
    ordered = "orderingKey" in components["messages"][event.type]["bindings"]["googlepubsub"]
    assert ordered or not event.ordering_key


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.type)
def test_the_protocol_buffer_takes_every_event_as_pubsub_reads_it(event: PublicEvent) -> None:
    """By the JSON mapping of protocol buffers, in which unknown fields are refused."""
    message = Parse(event.to_message().data, _message()(), ignore_unknown_fields=False)
    again = MessageToDict(message, preserving_proto_field_name=True)
    assert again.keys() == event.data.keys()
    assert MessageToDict(message).keys() == event.data.keys()


def test_the_protocol_buffer_takes_nothing_else() -> None:
    with pytest.raises(ParseError):
        Parse(b'{"patient_name": "Rivera^Ana"}', _message()())


def test_the_protocol_buffer_is_of_the_kind_that_pubsub_can_revise() -> None:
    """One message at the top, no imports, and only optional or repeated fields."""
    file = described((CONTRACTS / "events.proto").read_text(encoding="utf-8"))
    assert [message.name for message in file.message_type] == ["Event"]
    assert list(file.dependency) == []
    (event,) = file.message_type
    for message in (event, *event.nested_type):
        repeated = [field for field in message.field if field.label == field.LABEL_REPEATED]
        optional = [field for field in message.field if field.proto3_optional]
        assert len(repeated) + len(optional) == len(message.field)
