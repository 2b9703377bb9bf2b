"""Frames are found in their fragments, and tables point at what is written."""

from __future__ import annotations

import struct
from typing import Any

import pytest
from pydicom.encaps import generate_frames, get_frame, parse_basic_offsets
from pydicom.uid import HTJ2KLossless, JPEG2000Lossless, JPEGBaseline8Bit

from shared.dicom.deidentification.cleaning.cleaned import cleaned_pixels
from shared.dicom.deidentification.cleaning.encapsulated import (
    EncapsulatedPixels,
    FrameCleaner,
    encapsulated_pixels,
)
from shared.dicom.deidentification.cleaning.obstacles import CleaningError, Obstacle
from shared.dicom.deidentification.cleaning.rectangles import Rectangle
from shared.dicom.reader import read_header
from shared.dicom.source import BytesSource
from shared.errors import TransientError
from tests.unit.deidentification.cleaning.objects import encapsulated
from tests.unit.deidentification.samples import an_image, as_file

FRAMES = [b"\xff\xd8" + bytes([number]) * (20 + 2 * number) for number in range(5)]


def doubled(frame: bytes) -> bytes:
    return frame.rstrip(b"\x00") * 2 + b"!"


def pixels_of(
    data: bytes, count: int, clean: FrameCleaner = doubled, **options: Any
) -> tuple[EncapsulatedPixels, bytes]:
    source = BytesSource(data)
    pixels = encapsulated_pixels(read_header(source), count, clean, source, **options)
    value = b"".join(pixels.pieces(source))
    assert len(value) == pixels.length
    assert value.endswith(b"\xfe\xff\xdd\xe0" + bytes(4))
    return pixels, value[:-8]


def frames_in(value: bytes, count: int) -> list[bytes]:
    return [frame.rstrip(b"\x00") for frame in generate_frames(value, number_of_frames=count)]


EXPECTED = [doubled(frame) for frame in FRAMES]


@pytest.mark.parametrize("kept_bytes", [0, 100, 1 << 20])
@pytest.mark.parametrize("table", [True, False])
@pytest.mark.parametrize("fragments", [1, 3])
def test_each_frame_becomes_one_fragment(kept_bytes: int, fragments: int, *, table: bool) -> None:
    data = encapsulated(FRAMES, JPEGBaseline8Bit, fragments=fragments, table=table)
    pixels, value = pixels_of(data, 5, kept_bytes=kept_bytes)
    assert frames_in(value, 5) == EXPECTED
    assert sum(map(len, pixels.kept.values())) <= kept_bytes
    assert (len(parse_basic_offsets(value)) == 5) is table
    for number in range(5):
        frame = get_frame(value, number, number_of_frames=5)
        assert frame.rstrip(b"\x00") == EXPECTED[number]


def test_one_frame_has_all_fragments() -> None:
    data = encapsulated([b"\x01" * 40], JPEG2000Lossless, fragments=4, table=False)
    assert frames_in(pixels_of(data, 1)[1], 1) == [b"\x01" * 80 + b"!"]


def test_extended_tables_tell_where_frames_are() -> None:
    pixels, value = pixels_of(encapsulated(FRAMES, JPEGBaseline8Bit, table=False), 5)
    tables = [pixels.extended_table(tag) or b"" for tag in (0x7FE00001, 0x7FE00002)]
    offsets, lengths = (list(struct.unpack("<5Q", table)) for table in tables)
    assert pixels.extended_table(0x7FE00010) is None
    for number in range(5):
        frame = get_frame(value, number, number_of_frames=5, extended_offsets=(offsets, lengths))
        assert frame.rstrip(b"\x00") == EXPECTED[number]


def obstacle_of(data: bytes, count: int) -> Obstacle:
    with pytest.raises(CleaningError) as caught:
        pixels_of(data, count)
    return caught.value.obstacle


def test_frames_without_a_table_or_a_start_cannot_be_told_apart() -> None:
    frames = [b"\xff\x4f" + bytes(30)] * 2
    data = encapsulated(frames, JPEG2000Lossless, fragments=2, table=False)
    assert obstacle_of(data, 2) is Obstacle.FRAMES


@pytest.mark.parametrize("count", [3, 6])
def test_another_number_of_frames_than_stated(count: int) -> None:
    data = encapsulated(FRAMES, JPEGBaseline8Bit, fragments=2)
    assert obstacle_of(data, count) is Obstacle.FRAMES


@pytest.mark.parametrize("wrong", [(4, 0, 0), (0, 0, 56), (0, 56, 28), (0, 28, 57)])
def test_a_table_that_names_no_fragments(wrong: tuple[int, ...]) -> None:
    data = encapsulated([b"\xff\xd8" + bytes(38)] * 3, JPEGBaseline8Bit, fragments=2)
    right = struct.pack("<3I", 0, 56, 112)
    assert data.count(right) == 1
    assert pixels_of(data, 3)[0].lengths
    assert obstacle_of(data.replace(right, struct.pack("<3I", *wrong)), 3) is Obstacle.FRAMES


def test_no_fragments_at_all() -> None:
    image = an_image(PixelData=b"\xfe\xff\x00\xe0" + bytes(4))
    image["PixelData"].is_undefined_length = True
    image["PixelData"].VR = "OB"
    assert obstacle_of(as_file(image, JPEGBaseline8Bit), 1) is Obstacle.FRAMES


def test_native_pixels_are_no_frames() -> None:
    source = BytesSource(as_file(an_image()))
    with pytest.raises(CleaningError):
        encapsulated_pixels(read_header(source), 1, doubled, source)


def test_a_source_that_gives_less_is_asked_again_later() -> None:
    data = encapsulated(FRAMES, JPEGBaseline8Bit)
    pixels, _ = pixels_of(data, 5, kept_bytes=0)
    with pytest.raises(TransientError, match="short-read"):
        list(pixels.pieces(BytesSource(data[:-60])))


def test_a_transfer_syntax_without_an_encoder() -> None:
    source = BytesSource(encapsulated([b"\xff\x4f" + bytes(30)], HTJ2KLossless))
    with pytest.raises(CleaningError) as caught:
        cleaned_pixels(read_header(source), [Rectangle(0, 0, 1, 1)], source)
    assert caught.value.obstacle is Obstacle.TRANSFER_SYNTAX
