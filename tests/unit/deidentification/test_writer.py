"""The writer is the reader's inverse, and brings no large value into memory."""

import struct
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.uid import (
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from shared.dicom.deidentification.writer import joined, length_of, written
from shared.dicom.elements import Encoding, Extent, RawElement, RawItem
from tests.unit.deidentification.samples import NOWHERE, an_image, as_file, element, header_of

ENCODINGS = [Encoding(True, True), Encoding(False, True), Encoding(True, False)]  # noqa: FBT003
SYNTAXES = [ExplicitVRLittleEndian, ImplicitVRLittleEndian, ExplicitVRBigEndian]
EXPLICIT, IMPLICIT, BIG = ENCODINGS


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_what_was_read_is_written_as_it_stood(syntax: str) -> None:
    nested = an_image()
    del nested.PixelData
    image = an_image(ReferencedSeriesSequence=[nested, nested])
    image["ReferencedSeriesSequence"].is_undefined_length = True
    header = header_of(image, syntax)
    (body,) = written(header.dataset, header.encoding)
    assert isinstance(body, bytes)
    assert body in as_file(image, syntax)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_odd_values_are_padded_as_their_vr_wants(encoding: Encoding) -> None:
    (body,) = written(
        (element(0x00080018, "UI", b"1.2"), element(0x00080060, "CS", b"CTX")), encoding
    )
    assert isinstance(body, bytes)
    assert b"1.2\x00" in body
    assert body.endswith(b"CTX ")


def test_a_short_vr_has_two_length_bytes_and_a_long_one_four() -> None:
    elements = (element(0x00080060, "CS", b"CT"), element(0x00282000, "OB", b"ab"))
    assert written(elements, EXPLICIT) == (
        b"\x08\x00\x60\x00CS\x02\x00CT" + b"\x28\x00\x00\x20OB\x00\x00\x02\x00\x00\x00ab",
    )


def test_implicit_and_big_endian_headers() -> None:
    elements = (element(0x00080060, "CS", b"CT"),)
    assert written(elements, IMPLICIT) == (b"\x08\x00\x60\x00\x02\x00\x00\x00CT",)
    assert written(elements, BIG) == (b"\x00\x08\x00\x60CS\x00\x02CT",)


def test_a_value_too_long_for_its_vr_is_written_as_un() -> None:
    (body,) = written((element(0x00080060, "CS", b"A" * 0x10000),), EXPLICIT)
    assert isinstance(body, bytes)
    assert body[:12] == b"\x08\x00\x60\x00UN\x00\x00" + struct.pack("<L", 0x10000)


def test_sequences_keep_their_way_of_ending() -> None:
    item = RawItem((element(0x00080060, "CS", b"CT"),), undefined_length=True)
    sequence = RawElement(0x00081115, "SQ", NOWHERE, items=(item,), undefined_length=True)
    assert written((sequence,), IMPLICIT) == (
        b"\x08\x00\x15\x11\xff\xff\xff\xff"  # noqa: ISC004 - one segment
        b"\xfe\xff\x00\xe0\xff\xff\xff\xff"
        b"\x08\x00\x60\x00\x02\x00\x00\x00CT"
        b"\xfe\xff\x0d\xe0\x00\x00\x00\x00"
        b"\xfe\xff\xdd\xe0\x00\x00\x00\x00",
    )


def test_a_value_that_was_not_read_stays_an_extent_and_is_padded() -> None:
    large = RawElement(0x00660016, "OF", Extent(1000, 70_001))
    after = element(0x00700001, "CS", b"AB")
    segments = written((large, after), IMPLICIT)
    assert segments[0] == b"\x66\x00\x16\x00" + struct.pack("<L", 70_002)
    assert segments[1] == Extent(1000, 70_001)
    assert segments[2] == b"\x00" + b"\x70\x00\x01\x00\x02\x00\x00\x00AB"
    assert length_of(segments) == 8 + 70_002 + 10


def test_an_extent_inside_a_defined_length_sequence_counts() -> None:
    item = RawItem((RawElement(0x00660016, "OF", Extent(1000, 70_000)),))
    sequence = RawElement(0x00660013, "SQ", NOWHERE, items=(item,))
    head, extent = written((sequence,), IMPLICIT)
    assert head == (
        b"\x66\x00\x13\x00" + struct.pack("<L", 8 + 8 + 70_000)
        + b"\xfe\xff\x00\xe0" + struct.pack("<L", 8 + 70_000)
        + b"\x66\x00\x16\x00" + struct.pack("<L", 70_000)
    )  # fmt: skip
    assert extent == Extent(1000, 70_000)


@given(st.lists(st.one_of(st.binary(max_size=4), st.builds(Extent, st.just(0), st.integers(0, 9)))))
def test_joining_keeps_order_and_length(segments: list[bytes | Extent]) -> None:
    together = joined(segments)
    assert length_of(together) == length_of(segments)
    assert all(isinstance(one, Extent) or isinstance(other, Extent)
               for one, other in pairwise(together))  # fmt: skip
