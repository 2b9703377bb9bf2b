"""Writes `google.json.gz`: the schema of Terraform's provider `hashicorp/google`.

The provider itself is a program of 100 MB that only its registry hands out. Its schema is also in
the bindings that CDK Terrain generates from it (package `cdktn-provider-google`, MPL-2.0), which
are JavaScript of one shape throughout: per resource a class with a getter for each attribute, under
a comment that says whether it is computed, optional or required, and a list of what is sent to
Terraform, which tells blocks from attributes. `make provider-schema` runs this over that package.
"""

import argparse
import gzip
import io
import json
import re
import tarfile
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

OUTPUT: Final = Path(__file__).with_name("google.json.gz")
PROVIDER: Final = "google"

Type = str | list[Any]  # a type as Terraform spells it in JSON
Block = dict[str, Any]

_FILE: Final = re.compile(r"package/lib/([\w-]+)/(?:index-structs/)?[\w-]+(\.d\.ts|\.js)")
_CLASS: Final = re.compile(r"^(?:export )?class (\w+) extends ([\w.]+) \{", re.MULTILINE)
_FUNCTION: Final = re.compile(
    r"^(?:export )?function (\w+)ToHclTerraform\(struct\) \{(.*?)^\}", re.MULTILINE | re.DOTALL
)
_IMPORTED: Final = re.compile(r"\b(?:index|structs)_?\d+(?:_\d+)?\.")
_MEMBER: Final = re.compile(
    r"// (?P<name>\w+) - computed: (?P<computed>\w+), optional: (?P<optional>\w+), "
    r"required: (?P<required>\w+)\n\s+"
    r"(?:(?:_\w+;\s+)?get \w+\(\) \{\n\s+return (?P<getter>.+);"
    r'|_\w+ = new (?P<maker>[\w.]+)\(this, "(?P<made>\w+)"(?P<rest>[^)]*)\);)'
)
_SENT: Final = re.compile(
    r"(\w+): \{\n\s+value: (?P<value>.+),\n\s+isBlock: (?P<block>true|false),\n"
    r'\s+type: "(?P<nesting>\w+)",\n\s+storageClassType: "(?P<kind>\w+)",'
)
_GETTER: Final = re.compile(r"(?:get(\w+?)|interpolationFor)Attribute\('(\w+)'\)")
_INTERFACE: Final = re.compile(
    r"^export interface (\w+)[^\n{]*\{\n(.*?)^\}", re.MULTILINE | re.DOTALL
)
_DOCUMENTED: Final = re.compile(r"/\*\*\n((?:\s+\*.*\n)+?)\s+\*/\n\s+readonly \w+\??: ")
_WRAPPED: Final = re.compile(r"\n\s+\* ?")
_VALUES: Final = re.compile(r"Possible values?: (\[[^\]]*\])")
_DOCUMENTED_AS: Final = re.compile(r"Docs at Terraform Registry: .*?#(\w+) ")
_TYPE_NAME: Final = re.compile(r'static tfResourceType = "(\w+)"')
_ATTRIBUTES: Final = re.compile(r"synthesizeHclAttributes\(\) \{(.*)", re.DOTALL)
_VERSION: Final = re.compile(r"provider version ([\d.]+)")

_SCALARS: Final[Mapping[str, Type]] = {
    "string": "string",
    "boolean": "bool",
    "number": "number",
    "any": "dynamic",
}
# What a getter or a maker of the bindings is called, without its ending, and what it is of.
_GETTERS: Final[Mapping[str, Type]] = {
    "String": "string",
    "Boolean": "bool",
    "Number": "number",
    "Any": "dynamic",
    "List": ["list", "string"],
    "NumberList": ["list", "number"],
    "StringMap": ["map", "string"],
    "NumberMap": ["map", "number"],
    "BooleanMap": ["map", "bool"],
    "AnyMap": ["map", "string"],
}
_MAKERS: Final[Mapping[str, Type]] = {
    "cdktn.StringMap": ["map", "string"],
    "cdktn.BooleanMap": ["map", "bool"],
    "cdktn.NumberMap": ["map", "number"],
    "cdktn.AnyMap": ["map", "string"],
    "cdktn.StringListMap": ["map", ["list", "string"]],
    "cdktn.StringListList": ["list", ["list", "string"]],
    "cdktn.NumberListList": ["list", ["list", "number"]],
    "cdktn.StringMapList": ["list", ["map", "string"]],
    "cdktn.AnyMapList": ["list", ["map", "string"]],
}
_ROOTS: Final = {
    "cdktn.TerraformResource": "resources",
    "cdktn.TerraformDataSource": "data_sources",
    "cdktn.TerraformProvider": "provider",
}

_Found = Mapping[str, re.Match[str]]


def read(wheel: Path) -> dict[str, Any]:
    """Return the schema that a wheel of the bindings was generated from."""
    version, code, types = _sources(wheel)
    schema: dict[str, Any] = {
        "source": f"{wheel.name.rsplit('-py3', 1)[0]} (MPL-2.0), hashicorp/google {version}",
        "resources": {},
        "data_sources": {},
    }
    for folder in sorted(code):
        for kind, name, block in _Bindings.of(code[folder], types.get(folder, "")).roots():
            if kind == "provider":
                schema[kind] = block
            else:
                schema[kind][name] = block
    return schema


def _sources(wheel: Path) -> tuple[str, dict[str, str], dict[str, str]]:
    """Return the provider's version and, by folder, the JavaScript and its declarations."""
    version, sources = "", {".js": dict[str, str](), ".d.ts": dict[str, str]()}
    with zipfile.ZipFile(wheel) as outer:
        (name,) = (name for name in outer.namelist() if name.endswith(".jsii.tgz"))
        inner = io.BytesIO(outer.read(name))
    with tarfile.open(fileobj=inner, mode="r:gz") as archive:
        for member in archive:
            file = archive.extractfile(member)
            text = file.read().decode(errors="replace") if file else ""
            if member.name == "package/README.md" and (found := _VERSION.search(text)):
                version = found[1]
            if place := _FILE.fullmatch(member.name):
                of_kind = sources[place[2]]
                of_kind[place[1]] = of_kind.get(place[1], "") + text.split("\n//# source")[0] + "\n"
    return version, sources[".js"], sources[".d.ts"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bindings:
    """The bindings in one folder: a resource, a data source or the provider, with its blocks."""

    classes: Mapping[str, tuple[str, str]]  # by name: what it extends, and its text
    sent: Mapping[str, _Found]  # by block in lower case: the attributes that are sent
    values: Mapping[str, Mapping[str, list[str]]]  # by interface and attribute: those documented
    types: dict[str, Type] = field(default_factory=dict)

    @classmethod
    def of(cls, code: str, declarations: str) -> "_Bindings":
        code = _IMPORTED.sub("", code)
        parts = _CLASS.split(code)
        return cls(
            classes={
                name: (parent, text)
                for name, parent, text in zip(parts[1::3], parts[2::3], parts[3::3], strict=True)
            },
            sent={found[1].lower(): _sent(found[2]) for found in _FUNCTION.finditer(code)},
            values={
                found[1]: dict(_documented(found[2])) for found in _INTERFACE.finditer(declarations)
            },
        )

    def roots(self) -> Iterator[tuple[str, str, Block]]:
        """Yield each resource, data source or provider as its kind, type and block."""
        for name, (parent, text) in self.classes.items():
            if kind := _ROOTS.get(parent):
                sent = _sent(found[1]) if (found := _ATTRIBUTES.search(text)) else {}
                block = self._provider(sent) if kind == "provider" else self._block(name, sent)
                yield kind, _type_name(text), block

    def _provider(self, sent: _Found) -> Block:
        """Return the provider's own block, whose attributes have no comments."""
        block: Block = {"attributes": {}, "block_types": {}}
        for name, each in sent.items():
            if each["block"] == "true":
                inner = self._provider(self.sent[_function(each).lower()])
                block["block_types"][name] = {"nesting_mode": "list", "max_items": 1} | {
                    "block": inner
                }
            elif name != "alias":
                block["attributes"][name] = {"type": _sent_type(each), "optional": True}
        return block

    def _block(self, name: str, sent: _Found, around: tuple[str, ...] = ()) -> Block:
        block: Block = {"attributes": {}, "block_types": {}}
        values = self.values.get(
            name.removesuffix("OutputReference") if around else f"{name}Config", {}
        )
        for member in self._members(name) if name not in around else ():
            attribute, kind = self._member(member)
            each = sent.get(attribute)
            if each is not None and each["block"] == "true":
                nested = self._nested(member, each, (*around, name))
                block["block_types"][attribute] = nested
            else:
                block["attributes"][attribute] = _attribute(
                    member, _sent_type(each) if each else kind, values.get(attribute)
                )
        return block

    def _nested(self, member: re.Match[str], sent: re.Match[str], around: tuple[str, ...]) -> Block:
        maker = member["maker"]
        inner = maker if maker.endswith("OutputReference") else f"{maker[:-4]}OutputReference"
        is_one = "listMapper" not in sent["value"]
        nested: Block = {
            "nesting_mode": "single" if sent["nesting"] == "struct" else sent["nesting"],
            "block": self._block(inner, self.sent.get(_function(sent).lower(), {}), around),
        }
        if is_one and sent["nesting"] != "struct":
            nested["max_items"] = 1
        if member["required"] == "true":
            nested["min_items"] = 1
        return nested

    def _members(self, name: str) -> Iterator[re.Match[str]]:
        return _MEMBER.finditer(self.classes[name][1])

    def _member(self, member: re.Match[str]) -> tuple[str, Type]:
        """Return an attribute's name and type by its getter or maker."""
        if member["made"]:
            return member["made"], self._made(member["maker"], is_set="true" in member["rest"])
        found = _GETTER.search(member["getter"])
        if found is None:
            return member["name"], "dynamic"
        kind = _GETTERS[found[1]] if found[1] else "dynamic"
        if "tolist" in member["getter"] and isinstance(kind, list):
            kind = ["set", kind[1]]
        return found[2], kind

    def _made(self, maker: str, *, is_set: bool) -> Type:
        if maker in _MAKERS:
            return _MAKERS[maker]
        if maker.endswith("OutputReference"):
            return ["list", self._object(maker)]
        ending, nesting = ("Map", "map") if maker.endswith("Map") else ("List", "list")
        inner = f"{maker.removesuffix(ending)}OutputReference"
        return ["set" if is_set else nesting, self._object(inner)]

    def _object(self, name: str) -> Type:
        if name not in self.types:
            self.types[name] = "dynamic"  # what contains itself stays so
            members = dict(self._member(member) for member in self._members(name))
            self.types[name] = ["object", members]
        return self.types[name]


def _sent(text: str) -> dict[str, re.Match[str]]:
    return {found[1]: found for found in _SENT.finditer(text)}


def _function(sent: re.Match[str]) -> str:
    found = re.search(r"(\w+)ToHclTerraform", sent["value"])
    if found is None:
        raise ValueError("a block that no function makes")
    return found[1]


def _sent_type(sent: re.Match[str]) -> Type:
    """Return a type by its name in the bindings, such as `stringList`."""
    kind, layers = sent["kind"], list[str]()
    while kind not in _SCALARS:
        layer = "List" if kind.endswith("List") else "Map"
        kind = kind.removesuffix(layer)
        layers.append(layer.lower())
    found = _SCALARS[kind]
    for layer in reversed(layers):
        found = [layer, found]
    return ["set", found[1]] if sent["nesting"] == "set" and isinstance(found, list) else found


def _attribute(member: re.Match[str], kind: Type, values: list[str] | None) -> Block:
    attribute: Block = {"type": kind}
    attribute |= {
        name: True for name in ("computed", "optional", "required") if member[name] == "true"
    }
    if len(attribute) == 1:
        attribute["computed"] = True
    if values and kind == "string":
        attribute["enum"] = values
    return attribute


def _documented(interface: str) -> Iterator[tuple[str, list[str]]]:
    """Yield each attribute whose documentation enumerates its values."""
    for comment in _DOCUMENTED.finditer(interface):
        values = _VALUES.search(_WRAPPED.sub(" ", comment[1]))
        name = _DOCUMENTED_AS.search(comment[1])
        if values and name:
            yield name[1], re.findall(r'"([^"]*)"', values[1])


def _type_name(text: str) -> str:
    found = _TYPE_NAME.search(text)
    return found[1] if found else ""


def main() -> int:
    """Write the schema that a wheel has."""
    parser = argparse.ArgumentParser(prog="tests.infra.provider_schema", description=__doc__)
    parser.add_argument("wheel", type=Path, help="a wheel of cdktn-provider-google")
    schema = read(parser.parse_args().wheel)
    text = json.dumps(schema, separators=(",", ":"), sort_keys=True)
    OUTPUT.write_bytes(gzip.compress(text.encode(), mtime=0))
    print(f"{len(schema['resources'])} resources of {schema['source']}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
