"""Encapsulated pixel data pass through up to their delimiter, whatever follows."""

import struct

import pytest
from pydicom.encaps import encapsulate
from pydicom.uid import JPEG2000Lossless, RLELossless

from shared.dicom.deidentification import BASIC, Held, HeldError, HoldReason
from shared.dicom.deidentification.echoes import echoes_of
from shared.dicom.deidentification.pixels import PassingFragments
from shared.dicom.deidentification.rules import rules_for
from shared.dicom.elements import Extent
from shared.dicom.source import BytesSource
from tests.unit.deidentification.samples import (
    an_image,
    as_file,
    copy_of,
    explicit,
    header_of,
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


ITEM, END = b"\xfe\xff\x00\xe0", b"\xfe\xff\xdd\xe0\x00\x00\x00\x00"
KIB, MIB = 1 << 10, 1 << 20


class Counting(BytesSource):
    """Counts the bytes that are asked for."""

    asked = 0

    def read(self, offset: int, length: int) -> bytes:
        self.asked += length
        return super().read(offset, length)


def passing(data: bytes, start: int = 0) -> PassingFragments:
    pixel_data = Extent(start, len(data) - start)
    return PassingFragments(pixel_data, echoes_of(header_of(an_image()), rules_for(BASIC, "")))


def fragments_of(*lengths: int) -> bytes:
    items = (ITEM + struct.pack("<L", length) + bytes(length) for length in lengths)
    return b"".join(items) + END


@pytest.mark.parametrize(
    "lengths",
    [
        [0, 20 * MIB],
        [8 * MIB - 8 - cut for cut in range(0, 20, 2)],
        [8 * MIB - 8, 8 * MIB - 4 * KIB, 8 * MIB - 16, 2],
        [5000] * 4000,
    ],
    ids=["one across pieces", "pieces end near items", "pieces end in starts", "many"],
)
def test_fragments_pass_in_pieces_and_are_read_once(lengths: list[int]) -> None:
    stream = fragments_of(*lengths)
    source = Counting(b"before" + stream + b"behind")
    pieces = list(passing(source.read(0, source.size), len(b"before")).pieces(source))
    assert b"".join(pieces) == stream
    assert max(map(len, pieces)) <= 8 * MIB
    assert source.asked - source.size <= len(stream) + len(pieces) * 5 * KIB


@pytest.mark.parametrize("at", [8 * MIB - cut for cut in (5000, 4096, 30, 8, 1, 0)])
def test_an_identifier_is_noticed_wherever_a_piece_ends(at: int) -> None:
    frame = ITEM + struct.pack("<L", 4096) + b"Quorra^Zyxel".ljust(4096, b"\x00")
    stream = fragments_of(at - 8)[:-8] + frame + END
    given: list[bytes] = []
    with pytest.raises(HeldError, match=r"^identity-residue$"):
        given.extend(passing(stream).pieces(BytesSource(stream)))
    assert len(b"".join(given)) <= at


@pytest.mark.parametrize(
    "stream",
    [
        fragments_of(10, 20)[:-8],
        fragments_of(10, 20)[:-1],
        fragments_of(10)[:-8] + ITEM + struct.pack("<L", 0xFFFFFFFF) + END,
        fragments_of(10)[:-8] + ITEM + struct.pack("<L", 9) + END,
        fragments_of(10)[:-8] + b"\x00" * 8 + END,
        b"",
    ],
    ids=["no delimiter", "half a delimiter", "undefined", "beyond the end", "no item", "nothing"],
)
def test_what_is_no_run_of_fragments_is_held(stream: bytes) -> None:
    with pytest.raises(HeldError, match=r"^pixel-data-inconsistent$"):
        list(passing(stream).pieces(BytesSource(stream)))
