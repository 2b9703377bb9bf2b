"""The contracts of public events, for those who subscribe, made from `event_types`.

One JSON Schema per type, one AsyncAPI document, and one protocol buffer with every field of every
type, against which Pub/Sub checks what is published: it refuses a field that is not in it
(protocol buffers' JSON mapping), and revisions of it may only add or remove optional fields
("Commit a schema revision", cloud.google.com/pubsub/docs/commit-schema-revision).

`make schemas` writes the files; a test fails when a file and this module differ.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from infra.definition import load_pipeline
from shared.contracts.event import SPEC_VERSION
from shared.contracts.event_forms import Each, Field, Flag, Form, Record, Text, Whole
from shared.contracts.event_types import EVENT_TYPES, FIELDS, EventType
from shared.contracts.trace import OF_LIBRARIES, TRACEPARENT

CONTRACTS: Final = Path(__file__).resolve().parents[1] / "shared" / "contracts"
DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
CHANNEL: Final = "events"
_BINDING: Final = "0.2.0"  # of Pub/Sub: github.com/asyncapi/bindings, folder googlepubsub
_SCHEMA: Final = f"projects/{{project}}/schemas/{CHANNEL}"

Json = dict[str, object]


def contracts() -> Mapping[str, str]:
    """Return the text of every file by its path below `shared/contracts`."""
    schemas = {f"schemas/{kind.name}.schema.json": text(schema(kind)) for kind in EVENT_TYPES}
    return {**schemas, "asyncapi.json": text(asyncapi()), "events.proto": proto()}


def text(document: Json) -> str:
    """Return the one spelling of a JSON document."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def schema(kind: EventType) -> Json:
    """Return the JSON Schema of a type's data; who reads them ignores fields it does not know."""
    return {"$schema": DIALECT, "$id": f"{kind.name}.schema.json", **_described(kind)}


def _described(kind: EventType) -> Json:
    return {"title": kind.name, "description": _sentence(kind.says), **kind.record.schema()}


def _sentence(says: str) -> str:
    return f"{says[:1].upper()}{says[1:]}."


def asyncapi() -> Json:
    """Return the AsyncAPI document: the channel, its messages, and how Pub/Sub carries them."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Inlet: public events",
            "version": "1.0.0",
            "description": "What becomes of the DICOM objects that facilities send, as "
            f"CloudEvents {SPEC_VERSION} in the Pub/Sub protocol binding, without identities.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "servers": {"pubsub": {"host": "pubsub.googleapis.com", "protocol": "googlepubsub"}},
        "channels": {CHANNEL: _channel()},
        "operations": {
            "publish": {"action": "send", "channel": {"$ref": f"#/channels/{CHANNEL}"}},
        },
        "components": {
            "messages": {kind.name: _message(kind) for kind in EVENT_TYPES},
            "schemas": {kind.name: _described(kind) for kind in EVENT_TYPES},
        },
    }


def _channel() -> Json:
    topic = load_pipeline().topics[CHANNEL]
    return {
        "address": f"projects/{{project}}/topics/{CHANNEL}",
        "description": topic.description,
        "parameters": {"project": {"description": "The Google Cloud project of the deployment"}},
        "messages": {
            kind.name: {"$ref": f"#/components/messages/{kind.name}"} for kind in EVENT_TYPES
        },
        "bindings": {
            "googlepubsub": {
                "messageRetentionDuration": f"{topic.retention_s}s",
                "schemaSettings": {"encoding": "JSON", "name": _SCHEMA},
                "bindingVersion": _BINDING,
            }
        },
    }


def _message(kind: EventType) -> Json:
    ordered = "study_instance_uid" in kind.record.fields
    return {
        "name": kind.name,
        "title": kind.name,
        "summary": _sentence(kind.says),
        "contentType": "application/json",
        "headers": _headers(kind),
        "payload": {"$ref": f"#/components/schemas/{kind.name}"},
        "bindings": {
            "googlepubsub": {
                **({"orderingKey": "{study_instance_uid}"} if ordered else {}),
                "schema": {"name": _SCHEMA},
                "bindingVersion": _BINDING,
            }
        },
    }


def _headers(kind: EventType) -> Json:
    """Return the schema of a message's attributes, which are text all of them."""
    properties = {**_cloudevent(kind), **_filterable(kind), **_traced(kind)}
    return {"type": "object", "properties": properties, "required": list(_cloudevent(kind))}


def _cloudevent(kind: EventType) -> Json:
    json_type = "application/json"
    return {
        "ce-specversion": {"type": "string", "const": SPEC_VERSION},
        "ce-id": _text("Derived from what the event is about: who has seen it has seen it all"),
        "ce-type": {"type": "string", "const": kind.name},
        "ce-source": {"type": "string", "const": f"/inlet/{kind.stage}"},
        "ce-time": {"format": "date-time", **_text("When it was decided; of copies the hour")},
        "ce-sequence": _text("Its place in the order of decision, as a text that sorts"),
        "ce-datacontenttype": {"type": "string", "const": json_type},
        "content-type": {"type": "string", "const": json_type},
    }


def _filterable(kind: EventType) -> Json:
    return {
        name: _text(field.description)
        for attribute, field in kind.record.fields.items()
        if field.filterable
        for name in filter(None, (attribute, field.also_named))
    }


def _traced(kind: EventType) -> Json:
    """Return what leads to the upload, of events that may lead there."""
    names = (f"ce-{TRACEPARENT}", OF_LIBRARIES) if "root_event_id" in kind.record.fields else ()
    return dict.fromkeys(names, _text("W3C Trace Context: the upload's trace, and the event in it"))


def _text(description: str) -> Json:
    return {"type": "string", "description": description}


def proto() -> str:
    """Return the protocol buffer: all fields of all types."""
    return "\n".join(
        (
            "// The data of every public event; each type has some of these fields (schemas/).",
            "// Made by infra/event_contracts.py from event_types.py.",
            'syntax = "proto3";',
            "",
            "message Event {",
            *_nested(FIELDS),
            *_numbered(FIELDS, "  "),
            "}\n",
        )
    )


def _nested(fields: Mapping[str, Field]) -> Iterator[str]:
    for name, field in fields.items():
        match field.form:
            case Each(form=Record() as record):
                yield f"  message {name.capitalize()} {{"
                yield from _numbered(record.fields, "    ")
                yield "  }"


def _numbered(fields: Mapping[str, Field], margin: str) -> Iterator[str]:
    for name, field in sorted(fields.items(), key=lambda each: each[1].number):
        said = _proto_type(name, field.form)
        yield f"{margin}// {_sentence(field.description)}"
        yield f'{margin}{said} {name} = {field.number} [json_name = "{name}"];'


def _proto_type(name: str, form: Form) -> str:
    match form:
        case Each(form=Record()):
            return f"repeated {name.capitalize()}"
        case Each(form=Text()):
            return "repeated string"
        case Whole():
            return "optional int64"
        case Flag():
            return "optional bool"
        case Text():
            return "optional string"
        case _:
            raise TypeError(f"{name} has no type of protocol buffers")


def main() -> int:
    """Write every file; remove the schema of a type that is no more."""
    wanted = contracts()
    for path, content in wanted.items():
        (CONTRACTS / path).parent.mkdir(exist_ok=True)
        (CONTRACTS / path).write_text(content, encoding="utf-8")
    for file in CONTRACTS.glob("schemas/*.schema.json"):
        if file.relative_to(CONTRACTS).as_posix() not in wanted:
            file.unlink()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
