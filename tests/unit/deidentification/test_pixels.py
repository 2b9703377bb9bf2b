"""Encapsulated pixel data pass through up to their delimiter, whatever follows."""

import struct

import pytest
from pydicom.encaps import encapsulate
from pydicom.uid import JPEG2000Lossless, RLELossless

from shared.dicom.deidentification import Held, HoldReason
from tests.unit.deidentification.samples import (
    an_image,
    as_file,
    copy_of,
    explicit,
    result_of,
)

FRAMES = [b"\xff\x4f\xff\x51" + bytes(60), b"\xff\x4f\xff\x51" + bytes(31) + b"\x01"]


def encapsulated(*frames: bytes, syntax: str = JPEG2000Lossless, trailing: bytes = b"") -> bytes:
    image = an_image(NumberOfFrames=str(len(frames)), PixelData=encapsulate(list(frames)))
    image["PixelData"].is_undefined_length = True
    image["PixelData"].VR = "OB"
    return as_file(image, syntax, trailing=trailing)


@pytest.mark.parametrize("syntax", [JPEG2000Lossless, RLELossless])
def test_the_fragments_pass_byte_for_byte(syntax: str) -> None:
    data = encapsulated(*FRAMES, syntax=syntax)
    stream = encapsulate(FRAMES)
    assert copy_of(data).endswith(stream + b"\xfe\xff\xdd\xe0\x00\x00\x00\x00")


def test_what_follows_the_delimiter_is_dropped() -> None:
    trailing = explicit(0xFFFCFFFC, "OB", b"Quorra Zyxel was here")
    assert copy_of(encapsulated(*FRAMES, trailing=trailing)) == copy_of(encapsulated(*FRAMES))


def test_large_pixel_data_pass_too() -> None:
    frames = [struct.pack("<L", number) * 20_000 for number in range(3)]
    data = encapsulated(*frames, trailing=b"Zyxel^Quorra")
    assert copy_of(data).endswith(frames[2] + b"\xfe\xff\xdd\xe0\x00\x00\x00\x00")


def test_an_identifier_in_a_codestreams_header_is_noticed() -> None:
    comment = b"\xff\x64\x00\x12\x00\x01ACC55501 Quorra"
    data = encapsulated(b"\xff\x4f" + comment + bytes(40))
    assert result_of(data) == Held(reason=HoldReason.IDENTITY_RESIDUE, residue=("codestream",))


def test_pixel_data_without_a_delimiter_are_held() -> None:
    frames = [bytes(80_000), bytes(80_000)]
    data = encapsulated(*frames)[:-8]
    assert result_of(data) == Held(reason=HoldReason.PIXEL_DATA_INCONSISTENT)
