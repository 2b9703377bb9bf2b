"""A stand-in for the provider `hashicorp/google`: its schema, and no cloud behind it.

Terraform talks to it over the plugin protocol as to any provider that was started by hand
(TF_REATTACH_PROVIDERS). It refuses what the provider's documentation rules out, and plans for
what the cloud will assign: known values where the provider knows them before it applies
(`planned.json`), unknown ones elsewhere.
"""

import gzip
import json
import os
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping
from concurrent import futures
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, Final

import grpc
import msgpack

from tests.infra.plugin_protocol import MESSAGE, SERVICE

HERE = Path(__file__).resolve().parent
INFRA: Final = HERE.parents[1] / "infra"
ADDRESS: Final = "registry.terraform.io/hashicorp/google"
_UNKNOWN: Final = msgpack.ExtType(0, b"\0")
_NESTINGS: Final = {"single": 1, "list": 2, "set": 3, "map": 4}
_ERROR: Final = 1
_MAX_MESSAGE_BYTES: Final = 256 * 1024 * 1024

Json = Mapping[str, Any]


@cache
def schema() -> Json:
    """Return the provider's schema as `provider_schema.py` wrote it, each kind that is used whole.

    Terraform reads it anew with each command and looks kinds up by name: to be told of the
    hundreds that neither the files nor their broken variants name would change nothing but time.
    """
    found: Json = json.loads(gzip.decompress((HERE / "google.json.gz").read_bytes()))
    files = [*INFRA.rglob("*.tf"), HERE / "mutations.yaml"]
    used = set(re.findall(r"\bgoogle_\w+", "".join(file.read_text() for file in files)))
    kinds = {
        group: {name: block for name, block in found[group].items() if name in used}
        for group in ("resources", "data_sources")
    }
    return {**found, **kinds}


@cache
def planned() -> Json:
    """Return, per type, the attributes that are known before anything exists, as templates."""
    found: Json = json.loads((HERE / "planned.json").read_text())
    return found


@contextmanager
def serving() -> Iterator[dict[str, str]]:
    """Serve the provider; yield the environment in which Terraform finds it."""
    with tempfile.TemporaryDirectory() as folder:
        socket = f"{folder}/google.sock"
        server = grpc.server(
            futures.ThreadPoolExecutor(8),
            options=[("grpc.max_send_message_length", _MAX_MESSAGE_BYTES)],
        )
        server.add_generic_rpc_handlers([_Provider().handlers()])
        server.add_insecure_port(f"unix:{socket}")
        server.start()
        plugin = {
            "Protocol": "grpc",
            "ProtocolVersion": 6,
            "Pid": os.getpid(),
            "Test": True,
            "Addr": {"Network": "unix", "String": socket},
        }
        try:
            yield {"TF_REATTACH_PROVIDERS": json.dumps({ADDRESS: plugin})}
        finally:
            server.stop(None).wait()


class _Provider:
    """What answers; `project` is what the configuration names, as the default of resources."""

    def __init__(self) -> None:
        self.project: object = None

    def handlers(self) -> Any:
        """Return the provider as gRPC serves it."""
        answers: Mapping[str, Callable[[Any], Any]] = {
            "GetProviderSchema": lambda _: _schema_message(),
            "ValidateProviderConfig": lambda _: MESSAGE["ValidateProviderConfigResponse"](),
            "ValidateResourceConfig": _validate,
            "ValidateDataResourceConfig": lambda _: MESSAGE["ValidateDataResourceConfigResponse"](),
            "ConfigureProvider": self._configure,
            "UpgradeResourceState": _upgrade,
            "ReadResource": _read,
            "PlanResourceChange": self._plan,
            "ReadDataSource": self._read_data,
            "StopProvider": lambda _: MESSAGE["StopProviderResponse"](),
        }
        return grpc.method_handlers_generic_handler(
            SERVICE, {name: _handler(name, answer) for name, answer in answers.items()}
        )

    def _configure(self, request: Any) -> Any:
        self.project = _unpacked(request.config)["project"]
        return MESSAGE["ConfigureProviderResponse"]()

    def _plan(self, request: Any) -> Any:
        proposed = _unpacked(request.proposed_new_state)
        if proposed is not None:
            block = schema()["resources"][request.type_name]
            known = self._known(request.type_name, block, proposed)
            proposed = _filled(block, known, _UNKNOWN)
        return MESSAGE["PlanResourceChangeResponse"](planned_state=_packed(proposed))

    def _read_data(self, request: Any) -> Any:
        block = schema()["data_sources"][request.type_name]
        known = self._known(request.type_name, block, _unpacked(request.config))
        return MESSAGE["ReadDataSourceResponse"](state=_packed(_filled(block, known, None)))

    def _known(self, kind: str, block: Json, value: dict[str, Any]) -> dict[str, Any]:
        """Return a value with the default project and what its type's templates say of it."""
        if "project" in block["attributes"] and value["project"] is None:
            value["project"] = self.project
        for name, template in planned().get(kind, {}).items():
            *path, last = name.split(".")
            inner = value
            for part in path:
                inner = inner[part][0]
            if inner.get(last) is None:
                inner[last] = _rendered(template, value)
        return value


def _handler(name: str, answer: Callable[[Any], Any]) -> Any:
    def handle(request: Any, _context: object) -> Any:
        return answer(request)

    return grpc.unary_unary_rpc_method_handler(
        handle,
        request_deserializer=MESSAGE[f"{name}Request"].FromString,
        response_serializer=lambda message: message.SerializeToString(),
    )


@cache
def _schema_message() -> Any:
    found = schema()
    return MESSAGE["GetProviderSchemaResponse"](
        provider=_schema(found["provider"]),
        resource_schemas=_named(found["resources"]),
        data_source_schemas=_named(found["data_sources"]),
    )


def _named(blocks: Json) -> list[Any]:
    return [MESSAGE["NamedSchema"](key=key, value=_schema(block)) for key, block in blocks.items()]


def _schema(block: Json) -> Any:
    return MESSAGE["Schema"](block=_block(block))


def _block(block: Json) -> Any:
    return MESSAGE["Block"](
        attributes=[
            MESSAGE["Attribute"](
                name=name,
                type=json.dumps(attribute["type"]).encode(),
                required=attribute.get("required", False),
                optional=attribute.get("optional", False),
                computed=attribute.get("computed", False),
            )
            for name, attribute in block["attributes"].items()
        ],
        block_types=[_nested(name, nested) for name, nested in block["block_types"].items()],
    )


def _nested(name: str, nested: Json) -> Any:
    counted = nested["nesting_mode"] in {"list", "set"}
    return MESSAGE["NestedBlock"](
        type_name=name,
        block=_block(nested["block"]),
        nesting=_NESTINGS[nested["nesting_mode"]],
        min_items=nested.get("min_items", 0) if counted else 0,
        max_items=nested.get("max_items", 0) if counted else 0,
    )


def _validate(request: Any) -> Any:
    block = schema()["resources"][request.type_name]
    return MESSAGE["ValidateResourceConfigResponse"](
        diagnostics=[
            MESSAGE["Diagnostic"](
                severity=_ERROR,
                summary="Invalid value",
                detail=problem,
                attribute=MESSAGE["AttributePath"](steps=[_step(key) for key in path]),
            )
            for path, problem in _problems(block, _unpacked(request.config), ())
        ]
    )


def _step(key: str | int) -> Any:
    if isinstance(key, int):
        return MESSAGE["Step"](element_key_int=key)
    return MESSAGE["Step"](attribute_name=key)


def _problems(
    block: Json, value: Any, path: tuple[str | int, ...]
) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yield where a value is none of those that the documentation enumerates, or not to be set."""
    if not isinstance(value, Mapping):
        return
    for name, attribute in block["attributes"].items():
        given = value.get(name)
        if given is None or isinstance(given, msgpack.ExtType):
            continue
        if not (attribute.get("optional") or attribute.get("required")):
            yield (*path, name), f"{name} is set by the provider"
        if given not in attribute.get("enum", [given]):
            yield (*path, name), f"{name} must be one of {', '.join(attribute['enum'])}"
    for name, nested in block["block_types"].items():
        given = value.get(name)
        for index, each in enumerate(given if isinstance(given, list) else [given]):
            place = (*path, name, index) if nested["nesting_mode"] == "list" else (*path, name)
            yield from _problems(nested["block"], each, place)


def _upgrade(request: Any) -> Any:
    state = MESSAGE["DynamicValue"](json=request.raw_state.json)
    return MESSAGE["UpgradeResourceStateResponse"](upgraded_state=state)


def _read(request: Any) -> Any:
    return MESSAGE["ReadResourceResponse"](new_state=request.current_state)


def _rendered(template: str, value: Json) -> Any:
    """Return a template with attributes in the place of `{name}`; unknown when one of them is."""
    names = re.findall(r"\{(\w+)\}", template)
    if any(isinstance(value.get(name), msgpack.ExtType) for name in names):
        return _UNKNOWN
    return re.sub(r"\{(\w+)\}", lambda found: str(value[found[1]]), template)


def _filled(block: Json, value: Any, filler: Any) -> Any:
    """Return a value with a filler for every computed attribute that has none."""
    if not isinstance(value, Mapping):
        return value
    whole = dict(value)
    for name, attribute in block["attributes"].items():
        if attribute.get("computed") and whole.get(name) is None:
            whole[name] = filler
    for name, nested in block["block_types"].items():
        if isinstance(whole.get(name), list):
            whole[name] = [_filled(nested["block"], each, filler) for each in whole[name]]
    return whole


def _unpacked(value: Any) -> Any:
    return msgpack.unpackb(value.msgpack, raw=False, strict_map_key=False)


def _packed(value: Any) -> Any:
    return MESSAGE["DynamicValue"](msgpack=msgpack.packb(value))
