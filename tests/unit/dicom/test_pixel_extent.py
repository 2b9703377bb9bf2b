from __future__ import annotations

from struct import pack
from typing import Any

import pytest

from shared.dicom.reader import read_header
from shared.dicom.source import BytesSource, WindowedSource
from shared.errors import FormatError
from tests.builders import (
    EXPLICIT,
    JPEG_BASELINE,
    SEQUENCE_END,
    UNDEFINED,
    a_dataset,
    an_instance,
    element,
    item,
    part10,
    written,
)


def image(length: int, **attributes: Any) -> bytes:
    data = a_dataset(rows=5, columns=3, **attributes)
    data.PixelData = bytes(length)
    data["PixelData"].VR = "OW"
    return written(data)


def codes(data: bytes) -> tuple[str, ...]:
    return read_header(BytesSource(data)).warnings


@pytest.mark.parametrize(
    ("length", "attributes"),
    [
        (30, {}),
        (16, {"BitsAllocated": 8}),
        (46, {"BitsAllocated": 8, "SamplesPerPixel": 3, "PhotometricInterpretation": "RGB"}),
        (90, {"frames": 3}),
        (30, {"NumberOfFrames": ""}),
        (2, {"BitsAllocated": 1}),
        (6, {"BitsAllocated": 1, "frames": 3}),
        (60, {"BitsAllocated": 32}),
        (30, {"BitsAllocated": 8, "SamplesPerPixel": 3,
              "PhotometricInterpretation": "YBR_FULL_422"}),
        (24, {"BitsAllocated": 8, "SamplesPerPixel": 3,
              "PhotometricInterpretation": "YBR_PARTIAL_420"}),
    ],
)  # fmt: skip
def test_native_pixel_data_are_as_long_as_the_attributes_say(
    length: int, attributes: dict[str, Any]
) -> None:
    assert codes(image(length, **attributes)) == ()
    assert codes(image(length + 2, **attributes)) == ("pixel-data-longer",)
    with pytest.raises(FormatError) as caught:
        codes(image(length - 2, **attributes)) if length > 2 else codes(image(2, frames=2))
    assert caught.value.reason == "pixel-data-truncated"


def test_what_cannot_be_told_is_not_checked() -> None:
    for attributes in ({"Rows": None}, {"BitsAllocated": None}):
        assert codes(image(2, **attributes)) == ("pixel-length-unchecked",)

    frames = element(0x00280008, "IS", b"many")
    pixels = element(0x7FE00010, "OW", bytes(2))
    assert codes(part10(frames + pixels)) == ("pixel-length-unchecked",)


def test_pixel_data_without_bytes_are_marked() -> None:
    assert codes(image(0)) == ("pixel-data-empty",)


def test_the_form_of_pixel_data_is_compared_with_the_transfer_syntax() -> None:
    fragments = item() + item(b"\xff\xd8") + SEQUENCE_END
    encapsulated = element(0x7FE00010, "OB", fragments, UNDEFINED)
    native = element(0x7FE00010, "OB", bytes(2))

    assert codes(part10(encapsulated, EXPLICIT)) == ("encapsulated-in-native-syntax",)
    assert codes(part10(native, JPEG_BASELINE)) == ("native-in-encapsulated-syntax",)


def test_the_end_of_encapsulated_data_outside_the_window_is_not_looked_for() -> None:
    fragment = item(bytes(200_000)) + SEQUENCE_END + element(0xFFFCFFFC, "OB", bytes(4))
    data = part10(element(0x7FE00010, "OB", fragment, UNDEFINED), JPEG_BASELINE)
    windows = WindowedSource(BytesSource(data))
    header = read_header(windows)

    assert header.pixel_data is not None
    extent = header.pixel_data.extent
    assert extent.offset + extent.length == len(data)
    assert header.trailing == ()
    assert windows.requests == 1


def test_float_pixel_data_end_the_header_too() -> None:
    size = b"".join(
        element(tag, "US", pack("<H", value))
        for tag, value in ((0x00280002, 1), (0x00280010, 2), (0x00280011, 2), (0x00280100, 32))
    )
    header = read_header(BytesSource(part10(size + element(0x7FE00008, "OF", bytes(16)))))

    assert header.pixel_data is not None
    assert (header.pixel_data.tag, header.warnings) == (0x7FE00008, ())


def test_pixels_of_a_large_object_cost_nothing() -> None:
    small, large = an_instance(), an_instance(frames=2000)
    read = [read_header(BytesSource(data)).bytes_read for data in (small, large)]

    assert read == [len(small), 64 * 1024]
