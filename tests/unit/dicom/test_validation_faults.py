"""Single faults planted in a valid CT: each is found, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

import pytest
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.tag import Tag

from shared.dicom.inspection import inspect
from shared.dicom.source import BytesSource
from tests.unit.dicom.valid_objects import VALID, a_code, a_ct, a_dataset_of, as_object

BIG_ENDIAN, IMPLICIT = "1.2.840.10008.1.2.2", "1.2.840.10008.1.2"


class Fault(NamedTuple):
    """One thing that is wrong, and the only warning that tells so."""

    made_by: Callable[[Dataset], None]
    code: str
    path: str


def without(keyword: str) -> Callable[[Dataset], None]:
    return lambda data: delattr(data, keyword)


def with_bytes(tag: int, vr: str, value: bytes) -> Callable[[Dataset], None]:
    """Return a change to bytes that pydicom, which checks what it writes, would not make."""
    raw = RawDataElement(Tag(tag), vr, len(value), value, 0, False, True)  # noqa: FBT003
    return lambda data: data.__setitem__(raw.tag, raw)


def without_in_item(keyword: str, sequence: str) -> Callable[[Dataset], None]:
    return lambda data: delattr(data[sequence].value[0], keyword)


FAULTS: Final = {
    "missing Type 1": Fault(without("RescaleSlope"), "missing-type-1", "00281053"),
    "empty Type 1": Fault(with_bytes(0x00281052, "DS", b""), "empty-type-1", "00281052"),
    "missing Type 2": Fault(without("KVP"), "missing-type-2", "00180060"),
    "wrong multiplicity": Fault(
        with_bytes(0x00280030, "DS", rb"0.5\0.5\0.5 "), "vm-differs", "00280030"
    ),
    "bad date": Fault(with_bytes(0x00080020, "DA", b"20240230"), "value-form", "00080020"),
    "bad time": Fault(with_bytes(0x00080030, "TM", b"256000"), "value-form", "00080030"),
    "bad number": Fault(with_bytes(0x00180050, "DS", b"1.5-2 "), "value-form", "00180050"),
    "too long": Fault(with_bytes(0x00200010, "SH", b"7" * 18), "value-length", "00200010"),
    "bad characters": Fault(
        with_bytes(0x00180015, "CS", b"chest "), "value-characters", "00180015"
    ),
    "bad UID": Fault(with_bytes(0x00200052, "UI", b"1.2.03.4"), "uid-form", "00200052"),
    "not enumerated": Fault(with_bytes(0x00100040, "CS", b"X "), "not-enumerated", "00100040"),
    "bad name": Fault(with_bytes(0x00100010, "PN", b"A^B^C^D^E^F "), "value-form", "00100010"),
    "missing Type 1 in an item": Fault(
        without_in_item("ReferencedSOPClassUID", "ReferencedStudySequence"),
        "missing-type-1",
        "00081110[0].00081150",
    ),
}
FURTHER: Final = {
    "missing Type 2C": Fault(without("PatientPosition"), "missing-type-2c", "00185100"),
    "colour without configuration": Fault(
        lambda data: setattr(data, "PhotometricInterpretation", "PALETTE COLOR"),
        "missing-type-1c",
        "00281101",
    ),
    "overlay without data": Fault(
        lambda data: data.add_new(0x60020010, "US", 4), "missing-type-1", "60020011"
    ),
    "unknown attribute": Fault(
        with_bytes(0x00181FFE, "SH", b"made up "), "unknown-attribute", "00181FFE"
    ),
    "other representation": Fault(with_bytes(0x0008103E, "SH", b"made "), "vr-differs", "0008103E"),
    "several groups of a name": Fault(
        with_bytes(0x00100010, "PN", b"A=B=C=D "), "value-form", "00100010"
    ),
    "too large an integer": Fault(
        with_bytes(0x00200013, "IS", b"3000000000"), "value-form", "00200013"
    ),
    "not a pixel representation": Fault(
        with_bytes(0x00280103, "US", b"\x02\x00"), "not-enumerated", "00280103"
    ),
    "blank Type 1": Fault(with_bytes(0x00281052, "DS", b"  "), "empty-type-1", "00281052"),
    "a code without a value": Fault(
        lambda data: setattr(data, "ProcedureCodeSequence", [a_dataset_of(CodeMeaning="Made up")]),
        "missing-type-1c",
        "00081032[0].00080100",
    ),
}


def found(data: Dataset, syntax: str = "1.2.840.10008.1.2.1") -> list[tuple[str, str]]:
    warnings = inspect(BytesSource(as_object(data, syntax))).warnings
    return [(warning.code, warning.path) for warning in warnings]


@pytest.mark.parametrize("name", FAULTS)
def test_a_single_fault_is_all_that_is_found(name: str) -> None:
    fault, data = FAULTS[name], a_ct()
    fault.made_by(data)

    assert found(data) == [(fault.code, fault.path)]


@pytest.mark.parametrize("name", FURTHER)
def test_a_further_fault_is_found(name: str) -> None:
    fault, data = FURTHER[name], a_ct()
    fault.made_by(data)

    assert (fault.code, fault.path) in found(data)


@pytest.mark.parametrize("modality", VALID)
def test_nothing_is_found_in_a_valid_object(modality: str) -> None:
    assert found(VALID[modality]()) == []


@pytest.mark.parametrize("syntax", [IMPLICIT, BIG_ENDIAN])
def test_encodings_are_no_fault(syntax: str) -> None:
    retired = [("retired-transfer-syntax", "00020010")] if syntax == BIG_ENDIAN else []

    assert found(a_ct(), syntax) == retired


def test_the_same_finding_in_other_items_is_counted() -> None:
    codes = [a_code("1", "99MADE", "Made up") for _ in range(3)]
    for code in codes[1:]:
        del code.CodeMeaning
    warnings = inspect(BytesSource(as_object(a_ct(ProcedureCodeSequence=codes)))).warnings

    assert [(each.code, each.path, each.count) for each in warnings] == [
        ("missing-type-1", "00081032[1].00080104", 2)
    ]
