"""Deflated pixel data are checked without being kept, and within bounds."""

from __future__ import annotations

import random

import pytest

from shared.dicom.inspection import Inspection, inspect
from shared.dicom.limits import Limits
from shared.dicom.reader import read_header
from shared.dicom.source import BytesSource
from shared.errors import FormatError
from tests.builders import (
    DEFLATED,
    UNDEFINED,
    deflated,
    element,
    identity_elements,
    part10,
    study_elements,
)

NOISE = bytes(byte & 0x3F for byte in random.Random(7).randbytes(300_000))  # deflates to 75 %


def deflated_image(pixels: bytes, stated: int | None = None) -> bytes:
    value = element(0x7FE00010, "OB", pixels, stated)
    return part10(deflated(identity_elements() + study_elements() + value), DEFLATED)


def is_unchecked(inspection: Inspection) -> bool:
    return "deflated-pixels-unchecked" in {warning.code for warning in inspection.warnings}


def reason_of(data: bytes, limits: Limits | None = None) -> str:
    with pytest.raises(FormatError) as caught:
        inspect(BytesSource(data), limits or Limits())
    return caught.value.reason


def test_whole_deflated_pixels_are_seen_to_be_whole() -> None:
    inspection = inspect(BytesSource(deflated_image(NOISE)))

    assert not is_unchecked(inspection)
    assert inspection.header.pixel_data is not None
    assert inspection.header.pixel_data.extent.length == len(NOISE)


def test_pixels_that_the_stream_does_not_have_are_truncated() -> None:
    assert reason_of(deflated_image(NOISE, len(NOISE) + 2)) == "truncated"


@pytest.mark.parametrize("kept", [0.3, 0.6, 0.99])
def test_a_stream_that_breaks_off_in_the_pixels_is_truncated(kept: float) -> None:
    whole = deflated_image(NOISE)

    assert reason_of(whole[: int(len(whole) * kept)]) == "truncated"


def test_a_damaged_stream_does_not_inflate() -> None:
    whole = bytearray(deflated_image(NOISE))
    whole[-100_000:-90_000] = bytes(10_000)

    assert reason_of(bytes(whole)) in {"inflate-failed", "truncated"}


def test_more_than_a_stream_can_inflate_to_is_truncated_without_inflating() -> None:
    limits = Limits(max_deflated_pixel_bytes=0)

    assert reason_of(deflated_image(bytes(50_000), 0xF0000000), limits) == "truncated"


def test_many_compressed_bytes_are_not_inflated_and_a_warning_says_so() -> None:
    data = deflated_image(NOISE)
    limits = Limits(max_deflated_pixel_bytes=1_000)

    assert is_unchecked(inspect(BytesSource(data), limits))
    assert not is_unchecked(inspect(BytesSource(data)))


def test_many_inflated_bytes_are_not_inflated_and_a_warning_says_so() -> None:
    data = deflated_image(bytes(900_000))

    assert is_unchecked(inspect(BytesSource(data), Limits(max_inflated_bytes=100_000)))
    assert not is_unchecked(inspect(BytesSource(data)))


def test_encapsulated_pixels_in_a_deflated_data_set_are_not_checked() -> None:
    assert is_unchecked(inspect(BytesSource(deflated_image(b"", UNDEFINED))))


def test_without_a_survey_nothing_is_inflated_for_the_pixels() -> None:
    header = read_header(BytesSource(deflated_image(NOISE, len(NOISE) + 2)))

    assert "deflated-pixels-unchecked" not in header.warnings
