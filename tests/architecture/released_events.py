"""What was released of the contracts of events, and what breaks it.

Under one version of a type, what was told stays valid and whoever reads it goes on reading: fields
may only be added, and only optional ones. `python -m tests.architecture.released_events` takes the
contracts of today for released, if they break nothing.
"""

import json
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from google.protobuf.descriptor_pb2 import DescriptorProto, FileDescriptorProto, FileDescriptorSet
from grpc_tools import protoc

from infra.event_contracts import CONTRACTS, contracts

RELEASED: Final = Path(__file__).resolve().parent / "released"
PROTO: Final = "events.proto"
Schema = Mapping[str, Any]

_SAID: Final = {"$id", "$schema", "title", "description", "examples"}  # to readers
_WALKED: Final = {"properties", "items", "required"}


def released() -> Mapping[str, Schema]:
    """The released JSON Schema of each type, by the name of its file."""
    files = sorted(RELEASED.glob("*.schema.json"))
    return {file.name: json.loads(file.read_text(encoding="utf-8")) for file in files}


def breaks(old: Schema, new: Schema, path: str = "") -> Iterator[str]:
    """Yield what of a schema would break readers of the old one, or events recorded under it."""
    if set(old.get("required", ())) != set(new.get("required", ())):
        yield f"{path}required is another"
    for keyword in sorted((old.keys() | new.keys()) - _SAID - _WALKED):
        if old.get(keyword) != new.get(keyword):
            yield f"{path}{keyword} is another"
    properties = new.get("properties", {})
    for name, schema in old.get("properties", {}).items():
        if name in properties:
            yield from breaks(schema, properties[name], f"{path}{name}.")
        else:
            yield f"{path}{name} is gone"
    if "items" in old and "items" in new:
        yield from breaks(old["items"], new["items"], f"{path}[].")


def breaks_of_all(new: Mapping[str, Schema]) -> Iterator[str]:
    """Yield what breaks any released type; a new type, or version of one, breaks nothing."""
    for name, schema in released().items():
        if name in new:
            yield from breaks(schema, new[name], f"{name}: ")
        else:
            yield f"{name} is gone"


def described(proto: str) -> FileDescriptorProto:
    """Return what a protocol buffer says, as the compiler reads it."""
    with TemporaryDirectory() as folder:
        source, target = Path(folder, PROTO), Path(folder, "described")
        source.write_text(proto, encoding="utf-8")
        command = ["protoc", f"-I{folder}", f"--descriptor_set_out={target}", str(source)]
        if protoc.main(command) != 0:
            raise ValueError("the protocol buffer cannot be compiled")
        (file,) = FileDescriptorSet.FromString(target.read_bytes()).file
    return file


def breaks_of_proto(new: FileDescriptorProto) -> Iterator[str]:
    """Yield each released field of the protocol buffer that is not what it was."""
    old = described((RELEASED / PROTO).read_text(encoding="utf-8"))
    now = set(_fields(new))
    yield from (f"{PROTO}: {field}" for field in _fields(old) if field not in now)


def _fields(file: FileDescriptorProto) -> Iterator[str]:
    for message in file.message_type:
        yield from _fields_of(message, "")


def _fields_of(message: DescriptorProto, path: str) -> Iterator[str]:
    for field in message.field:
        kind = f"{field.label} {field.type} {field.type_name}"
        yield f"{path}{message.name}.{field.name} = {field.number}, {kind}"
    for nested in message.nested_type:
        yield from _fields_of(nested, f"{path}{message.name}.")


def main() -> int:
    """Take the contracts of today for released, if they break nothing."""
    today = contracts()
    schemas = {Path(path).name: json.loads(text) for path, text in today.items() if "/" in path}
    broken = [*breaks_of_all(schemas), *breaks_of_proto(described(today[PROTO]))]
    print("\n".join(broken))
    if not broken:
        for path in (path for path in today if path == PROTO or "/" in path):
            shutil.copy(CONTRACTS / path, RELEASED)
    return len(broken)


if __name__ == "__main__":
    raise SystemExit(main())
