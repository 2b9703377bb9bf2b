"""The part of Terraform's plugin protocol, version 6, that a provider needs which applies nothing.

Field numbers are those of `tfplugin6.proto` in Terraform's sources (docs/plugin-protocol); fields
that are neither read nor written here are left out, which protocol buffers allow.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

SERVICE: Final = "tfplugin6.Provider"
_Field = descriptor_pb2.FieldDescriptorProto
_SCALARS: Final = {
    "bool": _Field.TYPE_BOOL,
    "bytes": _Field.TYPE_BYTES,
    "int": _Field.TYPE_INT64,
    "string": _Field.TYPE_STRING,
}

# Per message: field = number, type and, where there may be many, an asterisk.
MESSAGES: Final[Mapping[str, Mapping[str, str]]] = {
    "DynamicValue": {"msgpack": "1 bytes", "json": "2 bytes"},
    "Step": {"attribute_name": "1 string", "element_key_int": "3 int"},
    "AttributePath": {"steps": "1 Step*"},
    "Diagnostic": {
        "severity": "1 int",
        "summary": "2 string",
        "detail": "3 string",
        "attribute": "4 AttributePath",
    },
    "RawState": {"json": "1 bytes"},
    "Attribute": {
        "name": "1 string",
        "type": "2 bytes",
        "required": "4 bool",
        "optional": "5 bool",
        "computed": "6 bool",
    },
    "NestedBlock": {
        "type_name": "1 string",
        "block": "2 Block",
        "nesting": "3 int",
        "min_items": "4 int",
        "max_items": "5 int",
    },
    "Block": {"attributes": "2 Attribute*", "block_types": "3 NestedBlock*"},
    "Schema": {"version": "1 int", "block": "2 Block"},
    "NamedSchema": {"key": "1 string", "value": "2 Schema"},
    "GetProviderSchemaRequest": {},
    "GetProviderSchemaResponse": {
        "provider": "1 Schema",
        "resource_schemas": "2 NamedSchema*",
        "data_source_schemas": "3 NamedSchema*",
    },
    "ValidateProviderConfigRequest": {},
    "ValidateProviderConfigResponse": {},
    "ValidateResourceConfigRequest": {"type_name": "1 string", "config": "2 DynamicValue"},
    "ValidateResourceConfigResponse": {"diagnostics": "1 Diagnostic*"},
    "ValidateDataResourceConfigRequest": {},
    "ValidateDataResourceConfigResponse": {},
    "ConfigureProviderRequest": {"config": "2 DynamicValue"},
    "ConfigureProviderResponse": {},
    "UpgradeResourceStateRequest": {"raw_state": "3 RawState"},
    "UpgradeResourceStateResponse": {"upgraded_state": "1 DynamicValue"},
    "ReadResourceRequest": {"current_state": "2 DynamicValue"},
    "ReadResourceResponse": {"new_state": "1 DynamicValue"},
    "PlanResourceChangeRequest": {
        "type_name": "1 string",
        "proposed_new_state": "3 DynamicValue",
    },
    "PlanResourceChangeResponse": {"planned_state": "1 DynamicValue"},
    "ReadDataSourceRequest": {"type_name": "1 string", "config": "2 DynamicValue"},
    "ReadDataSourceResponse": {"state": "1 DynamicValue"},
    "StopProviderRequest": {},
    "StopProviderResponse": {},
}


def _file() -> descriptor_pb2.FileDescriptorProto:
    file = descriptor_pb2.FileDescriptorProto(
        name="tfplugin6_subset.proto", package="tfplugin6", syntax="proto3"
    )
    for name, fields in MESSAGES.items():
        file.message_type.add(name=name).field.extend(_fields(fields))
    return file


def _fields(fields: Mapping[str, str]) -> Iterator[descriptor_pb2.FieldDescriptorProto]:
    for name, text in fields.items():
        number, _, kind = text.rstrip("*").partition(" ")
        field = _Field(name=name, number=int(number), label=_Field.LABEL_OPTIONAL)
        if text.endswith("*"):
            field.label = _Field.LABEL_REPEATED
        if kind in _SCALARS:
            field.type = _SCALARS[kind]
        else:
            field.type, field.type_name = _Field.TYPE_MESSAGE, f".tfplugin6.{kind}"
        yield field


_POOL = descriptor_pool.DescriptorPool()
_POOL.Add(_file())

# Message classes have no static types.
MESSAGE: Final[Mapping[str, Any]] = {
    name: message_factory.GetMessageClass(_POOL.FindMessageTypeByName(f"tfplugin6.{name}"))
    for name in MESSAGES
}
