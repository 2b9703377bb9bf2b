"""Whoever subscribed to a version of a type goes on reading it: nothing released breaks."""

import json
import re
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorProto

from infra.event_contracts import contracts
from shared.contracts.event_forms import Each, Field, Flag, Record
from shared.contracts.event_types import FIELDS
from tests.architecture.released_events import (
    PROTO,
    breaks_of_all,
    breaks_of_proto,
    described,
    released,
)

Schemas = dict[str, Any]
ARCHIVED = "dicom.instance.archived.v1.schema.json"
STUDY = "dicom.study.completed.v1.schema.json"


def _today() -> Schemas:
    return {Path(path).name: json.loads(text) for path, text in contracts().items() if "/" in path}


def test_what_was_released_is_kept() -> None:
    assert list(breaks_of_all(_today())) == []
    assert list(breaks_of_proto(described(contracts()[PROTO]))) == []


def test_every_type_was_released() -> None:
    """A type that is new is taken for released by python -m tests.architecture.released_events."""
    assert released().keys() == _today().keys()


def _removed(schemas: Schemas) -> None:
    del schemas[ARCHIVED]["properties"]["modality"]


def _renamed(schemas: Schemas) -> None:
    properties = schemas[ARCHIVED]["properties"]
    properties["bytes"] = properties.pop("size")
    schemas[ARCHIVED]["required"] = [
        "bytes" if name == "size" else name for name in schemas[ARCHIVED]["required"]
    ]


def _of_another_type(schemas: Schemas) -> None:
    schemas[ARCHIVED]["properties"]["size"]["type"] = "string"


def _narrowed(schemas: Schemas) -> None:
    schemas[ARCHIVED]["properties"]["study_instance_uid"]["maxLength"] = 32


def _widened(schemas: Schemas) -> None:
    schemas[ARCHIVED]["properties"]["study_instance_uid"]["maxLength"] = 128


def _bounded(schemas: Schemas) -> None:
    schemas[ARCHIVED]["properties"]["size"]["maximum"] = 10


def _looks_different(schemas: Schemas) -> None:
    schemas[ARCHIVED]["properties"]["facility"]["pattern"] = "^[a-z]+$"


def _says_another_outcome(schemas: Schemas) -> None:
    schemas[ARCHIVED]["properties"]["outcome"]["const"] = "stored"


def _now_required(schemas: Schemas) -> None:
    schemas[ARCHIVED]["required"].append("modality")


def _no_longer_required(schemas: Schemas) -> None:
    schemas[ARCHIVED]["required"].remove("size")


def _new_and_required(schemas: Schemas) -> None:
    schemas[ARCHIVED]["properties"]["laterality"] = {"type": "string"}
    schemas[ARCHIVED]["required"].append("laterality")


def _removed_below(schemas: Schemas) -> None:
    del schemas[STUDY]["properties"]["series"]["items"]["properties"]["settled"]


def _required_below(schemas: Schemas) -> None:
    schemas[STUDY]["properties"]["series"]["items"]["required"].append("modality")


def _closed(schemas: Schemas) -> None:
    schemas[ARCHIVED]["additionalProperties"] = False


def _withdrawn(schemas: Schemas) -> None:
    del schemas[ARCHIVED]


BREAKING = [
    *(_removed, _renamed, _of_another_type, _narrowed, _widened, _bounded, _looks_different),
    *(_says_another_outcome, _now_required, _no_longer_required, _new_and_required),
    *(_removed_below, _required_below, _closed, _withdrawn),
]


@pytest.mark.parametrize("change", BREAKING)
def test_what_breaks_a_reader_is_refused(change: Callable[[Schemas], None]) -> None:
    schemas = deepcopy(_today())
    change(schemas)
    assert list(breaks_of_all(schemas)) != []


def _optional(schemas: Schemas) -> None:
    schemas[ARCHIVED]["properties"]["laterality"] = {"type": "string"}


def _optional_below(schemas: Schemas) -> None:
    schemas[STUDY]["properties"]["series"]["items"]["properties"]["laterality"] = {"type": "string"}


def _explained(schemas: Schemas) -> None:
    schemas[ARCHIVED]["properties"]["size"]["description"] = "How large it is"


def _in_another_order(schemas: Schemas) -> None:
    schemas[ARCHIVED]["required"].reverse()


def _another_version(schemas: Schemas) -> None:
    later = deepcopy(schemas[ARCHIVED])
    del later["properties"]["modality"]
    schemas[ARCHIVED.replace(".v1.", ".v2.")] = later


ALLOWED = [_optional, _optional_below, _explained, _in_another_order, _another_version]


@pytest.mark.parametrize("change", ALLOWED)
def test_what_breaks_nobody_is_allowed(change: Callable[[Schemas], None]) -> None:
    schemas = deepcopy(_today())
    change(schemas)
    assert list(breaks_of_all(schemas)) == []


@pytest.mark.parametrize(
    ("pattern", "change"),
    [
        (r".*string modality = 10.*\n", ""),
        (r"string modality = 10", "string modality = 99"),
        (r"int64 size = 14", "string size = 14"),
        (r"optional string difference", "repeated string difference"),
        (r"string facility = 4 ", "string sender = 4 "),
    ],
)
def test_a_protocol_buffer_keeps_its_fields(pattern: str, change: str) -> None:
    today = contracts()[PROTO]
    changed = re.sub(pattern, change, today)
    assert changed != today
    assert len(list(breaks_of_proto(described(changed)))) >= 1


def _said(file: FileDescriptorProto) -> dict[str, int]:
    (event,) = file.message_type
    return {field.name: field.number for field in event.field}


def test_a_new_field_wherever_it_stands_leaves_the_numbers_of_the_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = _said(described(contracts()[PROTO]))
    new = Field(number=99, description="New", form=Flag())
    monkeypatch.setattr("infra.event_contracts.FIELDS", {"laterality": new, **FIELDS})
    today = described(contracts()[PROTO])
    assert list(breaks_of_proto(today)) == []
    assert _said(today) == {**before, "laterality": 99}


def test_no_two_fields_have_one_number() -> None:
    records = [field.form.form for field in FIELDS.values() if isinstance(field.form, Each)]
    below = [form.fields for form in records if isinstance(form, Record)]
    for fields in (FIELDS, *below):
        numbers = [field.number for field in fields.values()]
        assert len(numbers) == len(set(numbers))


def test_a_protocol_buffer_may_have_more_fields() -> None:
    more = re.sub(r"}\n$", "  optional string laterality = 99;\n}\n", contracts()[PROTO])
    assert list(breaks_of_proto(described(more))) == []
