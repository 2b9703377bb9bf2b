from __future__ import annotations

import json

import pytest

from shared.dicom.inspection import InspectionKind, inspect
from shared.dicom.source import BytesSource
from shared.dicom.warnings import WARNINGS, Warning_
from tests.builders import (
    BIG_ENDIAN,
    DEFLATED,
    EXPLICIT,
    IMPLICIT,
    JPEG_BASELINE,
    RLE,
    a_directory,
    a_palette,
    a_uid,
    an_instance,
    element,
    identity_elements,
    part10,
)

# The small made instance lacks much of a CT image; tests of the validation look at that.
INCOMPLETE = {"missing-type-1", "missing-type-2", "missing-type-2c", "retired-transfer-syntax"}


@pytest.mark.parametrize("syntax", [IMPLICIT, EXPLICIT, DEFLATED, BIG_ENDIAN, JPEG_BASELINE, RLE])
def test_an_instance_is_inspected_in_one_read(syntax: str) -> None:
    inspection = inspect(BytesSource(an_instance(transfer_syntax=syntax, frames=3)))

    assert inspection.kind is InspectionKind.INSTANCE
    assert inspection.identity is not None
    assert inspection.identity.sop_instance_uid == a_uid(1, 1, 1, 1)
    assert inspection.identity.transfer_syntax_uid == syntax
    assert {each.code for each in inspection.warnings} <= INCOMPLETE
    assert inspection.dropped == ()
    assert inspection.metadata["00020010"] == {"vr": "UI", "Value": [syntax]}
    assert inspection.metadata["00280008"] == {"vr": "IS", "Value": [3]}
    assert inspection.requests == 1
    assert json.dumps(inspection.metadata, allow_nan=False)


def test_a_palette_is_a_non_patient_object() -> None:
    assert inspect(BytesSource(a_palette())).kind is InspectionKind.NON_PATIENT


def test_a_directory_has_no_identity() -> None:
    inspection = inspect(BytesSource(a_directory()))

    assert inspection.kind is InspectionKind.DIRECTORY
    assert inspection.identity is None


def test_warnings_have_codes_paths_and_meanings() -> None:
    study = element(0x0020000D, "UI", b"1.02.3")
    series = element(0x0020000E, "UI", b"1.2.3.4.")
    found = inspect(BytesSource(part10(identity_elements() + study + series))).warnings

    assert [(each.path, each.text) for each in found if each.code == "uid-form"] == [
        ("0020000D", WARNINGS["uid-form"]),
        ("0020000E", WARNINGS["uid-form"]),
    ]


def test_an_unknown_sop_class_is_a_warning() -> None:
    whole = an_instance(SOPClassUID="1.2.3.999")

    assert inspect(BytesSource(whole)).warnings == (Warning_("unknown-sop-class", "00080016"),)
