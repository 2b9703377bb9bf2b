"""What only hand-made bytes have."""

from __future__ import annotations

import pytest

from shared.dicom.inspection import inspect
from shared.dicom.limits import Limits
from shared.dicom.source import BytesSource
from tests.builders import (
    BIG_ENDIAN,
    element,
    identity_elements,
    item,
    part10,
    sequence,
    study_elements,
)
from tests.unit.dicom.valid_objects import a_ct, an_mr, as_object

RETIRED_ULTRASOUND = "1.2.840.10008.5.1.4.1.1.6"


def found(elements: bytes, limits: Limits | None = None) -> set[tuple[str, str]]:
    whole = part10(identity_elements() + elements + study_elements())
    bare = part10(identity_elements() + study_elements())
    limits = limits or Limits()
    there, before = (inspect(BytesSource(each), limits).warnings for each in (whole, bare))
    return {(each.code, each.path) for each in there} - {(each.code, each.path) for each in before}


@pytest.mark.parametrize(
    ("written", "code", "path"),
    [
        (element(0x0008103E, "LO", b"odd"), "odd-length", "0008103E"),
        (element(0x00081030, "LO", b"made up\x00"), "value-padding", "00081030"),
        (element(0x00189310, "FD", bytes(12)), "value-length", "00189310"),
        (element(0x00080060, "CS", b"  "), "empty-type-1", "00080060"),
        (element(0x00191010, "DA", b"yester  "), "value-form", "00191010"),
        (element(0x0008103E, "DA", b"yester  "), "value-form", "0008103E"),
        (element(0x00181FFE, "DA", b"yester  "), "value-form", "00181FFE"),
        (element(0x00181FFE, "LO", b"made up "), "unknown-attribute", "00181FFE"),
        (sequence(0x0008103E, item(), vr="SQ"), "vr-differs", "0008103E"),
    ],
)
def test_one_thing_wrong(written: bytes, code: str, path: str) -> None:
    assert (code, path) in found(written)


@pytest.mark.parametrize(
    "written",
    [
        element(0x00181000, "UN", b"made up "),
        element(0x00180000, "UL", bytes(4)),  # a group length
        element(0x00186000, "XX", b""),
        sequence(0x00191010, item(element(0x00191011, "LO", b"made up "))),
        element(0x00280106, "SS", b"\xff\xff"),  # US or SS
    ],
)
def test_nothing_wrong(written: bytes) -> None:
    codes = {code for code, _ in found(written)}

    assert codes & {"vr-differs", "value-length", "value-form", "vm-differs"} == set()


def test_a_second_representation_has_its_own_form() -> None:
    assert ("value-length", "00280106") in found(element(0x00280106, "SS", bytes(3)))
    assert ("vm-differs", "00280106") in found(element(0x00280106, "SS", bytes(4)))


def test_a_value_too_large_to_read_is_known_by_its_length() -> None:
    small = Limits(max_inline_value_bytes=64)
    values = element(0x00189310, "FD", bytes(100))

    assert ("value-length", "00189310") in found(values, small)
    assert found(element(0x0008103E, "LO", b"made up " * 9), small) == set()


def test_big_endian_numbers_are_enumerated() -> None:
    warnings = inspect(BytesSource(as_object(a_ct(PixelRepresentation=2), BIG_ENDIAN))).warnings

    assert [each.code for each in warnings] == ["retired-transfer-syntax", "not-enumerated"]


def test_a_retired_class_is_told() -> None:
    warnings = inspect(BytesSource(as_object(a_ct(SOPClassUID=RETIRED_ULTRASOUND)))).warnings

    assert [(each.code, each.path) for each in warnings] == [("retired-sop-class", "00080016")]


@pytest.mark.parametrize(
    ("sequence_", "variant", "codes"),
    [
        ("SE", "NONE", ["missing-type-2c"]),
        ("EP", "NONE", []),
        ("EP", "SK", ["missing-type-2c"]),
        ("IR", "NONE", ["missing-type-2c", "missing-type-2c"]),
        ("RM", "NONE", ["missing-type-2c"]),
    ],
)
def test_what_an_mr_sequence_requires(sequence_: str, variant: str, codes: list[str]) -> None:
    data = an_mr(RepetitionTime=None, ScanningSequence=sequence_, SequenceVariant=variant)

    assert [each.code for each in inspect(BytesSource(as_object(data))).warnings] == codes
