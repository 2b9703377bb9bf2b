"""Native pixel data: only boxed pixels change, byte by byte against arrays of numpy."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from shared.dicom.deidentification.cleaning.form import form_of
from shared.dicom.deidentification.cleaning.native import NativePixels, native_pixels
from shared.dicom.deidentification.cleaning.obstacles import MEANINGS, CleaningError, Obstacle
from shared.dicom.deidentification.cleaning.rectangles import Rectangle
from shared.dicom.elements import Extent
from shared.dicom.reader import read_header
from shared.dicom.source import BytesSource
from shared.errors import TransientError
from tests.unit.deidentification.samples import an_image, as_file

ROWS, COLUMNS, FRAMES = 7, 10, 3
RECTANGLES = st.lists(
    st.builds(
        Rectangle, st.integers(-3, 11), st.integers(-3, 8), st.integers(0, 9), st.integers(0, 9)
    ),
    max_size=4,
)
SIZES = st.sampled_from([1, 2, 5, 16, 1000, 4 << 20])
NO_PALETTE = {"Red": b"", "Green": b"", "Blue": b""}


def masked(rectangles: list[Rectangle], columns: int = COLUMNS) -> np.ndarray:
    mask = np.zeros((ROWS, columns), bool)
    for left, top, width, height in rectangles:
        mask[max(top, 0) : max(top + height, 0), max(left, 0) : max(left + width, 0)] = True
    return mask


def an_object(pixels: bytes, syntax: str = ExplicitVRLittleEndian, **attributes: Any) -> bytes:
    image = an_image(
        Rows=ROWS,
        Columns=COLUMNS,
        NumberOfFrames=str(FRAMES),
        PixelData=pixels + b"\x00" * (len(pixels) % 2),
        **attributes,
    )
    image["PixelData"].VR = attributes.get("VR", "OW")
    return as_file(image, syntax)


def cleaned_by(
    data: bytes, rectangles: list[Rectangle], chunk_bytes: int = 4 << 20
) -> tuple[bytes, bytes]:
    """The pixel data before and after."""
    source = BytesSource(data)
    header = read_header(source)
    assert header.pixel_data is not None
    extent = header.pixel_data.extent
    pixels = native_pixels(form_of(header, source), rectangles, extent)
    pieces = list(replace(pixels, chunk_bytes=chunk_bytes).pieces(source))
    assert max(map(len, pieces)) <= chunk_bytes
    after = b"".join(pieces)
    assert len(after) == pixels.length == extent.length
    return data[extent.offset : extent.offset + extent.length], after


def noise(*shape: int, dtype: str = "u1", bits: int = 8) -> np.ndarray:
    return np.random.default_rng(5).integers(0, 1 << bits, shape).astype(dtype)


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian])
@pytest.mark.parametrize(
    ("dtype", "stored", "interpretation", "signed", "black"),
    [
        ("u1", 8, "MONOCHROME2", 0, 0),
        ("u1", 8, "MONOCHROME1", 0, 255),
        ("u2", 12, "MONOCHROME2", 0, 0),
        ("u2", 12, "MONOCHROME1", 0, 4095),
        ("i2", 12, "MONOCHROME2", 1, -2048),
        ("i2", 16, "MONOCHROME1", 1, 32767),
        ("u4", 32, "MONOCHROME2", 0, 0),
        ("u4", 24, "MONOCHROME1", 0, (1 << 24) - 1),
    ],
)
@settings(max_examples=25, deadline=None)
@given(rectangles=RECTANGLES, chunk_bytes=SIZES)
def test_one_sample(
    *,
    dtype: str,
    stored: int,
    interpretation: str,
    signed: int,
    black: int,
    syntax: str,
    rectangles: list[Rectangle],
    chunk_bytes: int,
) -> None:
    size = np.dtype(dtype).itemsize
    frames = noise(FRAMES, ROWS, COLUMNS, dtype=f"<{dtype}", bits=8 * size)
    data = an_object(
        frames.tobytes(), syntax,
        BitsAllocated=8 * size, BitsStored=stored, HighBit=stored - 1,
        PixelRepresentation=signed, PhotometricInterpretation=interpretation,
    )  # fmt: skip
    _, after = cleaned_by(data, rectangles, chunk_bytes)
    frames[:, masked(rectangles)] = black
    assert after[: frames.nbytes] == frames.tobytes()


def test_black_stands_at_the_high_bit() -> None:
    frames = noise(FRAMES, ROWS, COLUMNS, dtype="<u2", bits=16)
    data = an_object(
        frames.tobytes(), BitsStored=12, HighBit=15, PhotometricInterpretation="MONOCHROME1"
    )
    _, after = cleaned_by(data, [Rectangle(1, 1, 2, 2)])
    frames[:, 1:3, 1:3] = 0xFFF0
    assert after == frames.tobytes()


COLOURS: dict[str, Any] = {"SamplesPerPixel": 3, "BitsAllocated": 8, "BitsStored": 8, "HighBit": 7}


@pytest.mark.parametrize(
    ("interpretation", "black"), [("RGB", (0, 0, 0)), ("YBR_FULL", (0, 128, 128))]
)
@pytest.mark.parametrize("planar", [0, 1])
@settings(max_examples=25, deadline=None)
@given(rectangles=RECTANGLES, chunk_bytes=SIZES)
def test_three_samples(
    interpretation: str,
    black: tuple[int, ...],
    planar: int,
    rectangles: list[Rectangle],
    chunk_bytes: int,
) -> None:
    shape = (FRAMES, 3, ROWS, COLUMNS) if planar else (FRAMES, ROWS, COLUMNS, 3)
    frames = noise(*shape)
    data = an_object(
        frames.tobytes(), PhotometricInterpretation=interpretation, PlanarConfiguration=planar,
        **COLOURS,
    )  # fmt: skip
    _, after = cleaned_by(data, rectangles, chunk_bytes)
    by_pixel = frames.transpose(0, 2, 3, 1) if planar else frames
    by_pixel[:, masked(rectangles)] = black
    assert after[: frames.nbytes] == frames.tobytes()


@pytest.mark.parametrize(("interpretation", "luma"), [("YBR_FULL_422", 0), ("YBR_PARTIAL_422", 16)])
@settings(max_examples=25, deadline=None)
@given(rectangles=RECTANGLES, chunk_bytes=SIZES)
def test_pixels_that_share_their_chroma_go_in_pairs(
    interpretation: str, luma: int, rectangles: list[Rectangle], chunk_bytes: int
) -> None:
    pairs = noise(FRAMES, ROWS, COLUMNS // 2, 4)
    data = an_object(
        pairs.tobytes(), PhotometricInterpretation=interpretation, PlanarConfiguration=0,
        **COLOURS,
    )  # fmt: skip
    _, after = cleaned_by(data, rectangles, chunk_bytes)
    pairs[:, masked(rectangles).reshape(ROWS, -1, 2).any(2)] = (luma, luma, 128, 128)
    assert after[: pairs.nbytes] == pairs.tobytes()


@pytest.mark.parametrize(("interpretation", "black"), [("MONOCHROME1", 1), ("MONOCHROME2", 0)])
@settings(max_examples=25, deadline=None)
@given(rectangles=RECTANGLES, chunk_bytes=SIZES)
def test_single_bits_are_packed_across_frames(
    interpretation: str, black: int, rectangles: list[Rectangle], chunk_bytes: int
) -> None:
    bits = noise(FRAMES, ROWS, COLUMNS, bits=1)
    data = an_object(
        np.packbits(bits, bitorder="little").tobytes(),
        BitsAllocated=1, BitsStored=1, HighBit=0, PhotometricInterpretation=interpretation,
    )  # fmt: skip
    before, after = cleaned_by(data, rectangles, chunk_bytes)
    bits[:, masked(rectangles)] = black
    packed = np.packbits(bits, bitorder="little").tobytes()
    assert after == packed + before[len(packed) :]


@pytest.mark.parametrize("first", [0, 40, 65536 - 40])
@pytest.mark.parametrize("entry_bits", [8, 16])
def test_the_darkest_entry_of_the_palette_is_black(entry_bits: int, first: int) -> None:
    red, green, blue = noise(3, 100, dtype="<u2", bits=7) + 1
    red[70] = green[70] = blue[70] = 0
    palette: dict[str, Any] = {}
    for colour, entries in (("Red", red), ("Green", green), ("Blue", blue)):
        narrow = entries.astype("u1").tobytes()
        palette[f"{colour}PaletteColorLookupTableDescriptor"] = [100, first, entry_bits]
        palette[f"{colour}PaletteColorLookupTableData"] = (
            narrow if entry_bits == 8 else entries.tobytes()
        )
    frames = noise(FRAMES, ROWS, COLUMNS, dtype="<u2", bits=16)
    data = an_object(frames.tobytes(), PhotometricInterpretation="PALETTE COLOR", **palette)
    _, after = cleaned_by(data, [Rectangle(4, 0, 3, 2)])
    frames[:, 0:2, 4:7] = (first + 70) % 65536
    assert after == frames.tobytes()


@pytest.mark.parametrize("length", [0, 99, 201])
def test_a_palette_of_another_length_than_described(length: int) -> None:
    palette: dict[str, Any] = {}
    for colour in NO_PALETTE:
        palette[f"{colour}PaletteColorLookupTableDescriptor"] = [100, 0, 16]
        palette[f"{colour}PaletteColorLookupTableData"] = bytes(length)
    data = an_object(
        bytes(2 * FRAMES * ROWS * COLUMNS), PhotometricInterpretation="PALETTE COLOR", **palette
    )
    assert obstacle_of(data) is Obstacle.PALETTE


def segments_of(*segments: tuple[int, ...]) -> bytes:
    return b"".join(struct.pack(f"<{len(segment)}H", *segment) for segment in segments)


STAIRS = segments_of((0, 2, 500, 400), (1, 4, 100), (1, 3, 700))  # down to entry 5, and up
AGAIN = segments_of((0, 2, 500, 400), (2, 1, 0, 0), (0, 1, 7), (2, 1, 16, 0), (1, 3, 700))


@pytest.mark.parametrize(
    ("segments", "count", "index"),
    [(STAIRS, 9, 5), (AGAIN, 9, 4)],
)
def test_a_palette_in_segments(segments: bytes, count: int, index: int) -> None:
    palette: dict[str, Any] = {}
    for colour in NO_PALETTE:
        palette[f"{colour}PaletteColorLookupTableDescriptor"] = [count, 0, 16]
        palette[f"Segmented{colour}PaletteColorLookupTableData"] = segments
    frames = noise(FRAMES, ROWS, COLUMNS, dtype="<u2", bits=16)
    data = an_object(frames.tobytes(), PhotometricInterpretation="PALETTE COLOR", **palette)
    _, after = cleaned_by(data, [Rectangle(4, 0, 3, 2)])
    frames[:, 0:2, 4:7] = index
    assert after == frames.tobytes()


@pytest.mark.parametrize(
    "segments",
    [
        segments_of((1, 4, 100)),  # from nowhere
        segments_of((0, 4, 1, 2)),  # cut short
        segments_of((0, 2, 1, 2)),  # too few
        segments_of((0, 5, 1, 2, 3, 4, 5)),  # too many
        segments_of((7, 4, 1, 2, 3, 4)),
        segments_of((2, 1, 0, 0)),  # in a circle
        segments_of((0, 1, 1), (1, 65535, 9), (1, 65535, 9)),
        b"\x00",
        b"",
    ],
)
def test_segments_that_are_no_palette(segments: bytes) -> None:
    palette: dict[str, Any] = {}
    for colour in NO_PALETTE:
        palette[f"{colour}PaletteColorLookupTableDescriptor"] = [4, 0, 16]
        palette[f"Segmented{colour}PaletteColorLookupTableData"] = segments
    pixels = bytes(2 * FRAMES * ROWS * COLUMNS)
    data = an_object(pixels, PhotometricInterpretation="PALETTE COLOR", **palette)
    assert obstacle_of(data) is Obstacle.PALETTE


def test_big_endian_words() -> None:
    frames = noise(FRAMES, ROWS, COLUMNS, dtype=">u2", bits=16)
    data = an_object(
        frames.tobytes(), ExplicitVRBigEndian, BitsStored=12, HighBit=11,
        PhotometricInterpretation="MONOCHROME1",
    )  # fmt: skip
    _, after = cleaned_by(data, [Rectangle(0, 0, 3, 2), Rectangle(2, 1, 3, 3)])
    frames[:, masked([Rectangle(0, 0, 3, 2), Rectangle(2, 1, 3, 3)])] = 4095
    assert after == frames.tobytes()


def obstacle_of(data: bytes) -> Obstacle:
    with pytest.raises(CleaningError) as caught:
        cleaned_by(data, [Rectangle(0, 0, 3, 3)])
    assert caught.value.reason == f"pixels-not-cleanable-{caught.value.obstacle}"
    return caught.value.obstacle


@pytest.mark.parametrize(
    "attributes",
    [
        {"PhotometricInterpretation": "CMYK"},
        {"PhotometricInterpretation": "RGB"},
        {"PhotometricInterpretation": ""},
        {"BitsStored": 17},
        {"BitsStored": 0},
        {"HighBit": 9, "BitsStored": 12},
    ],
)
def test_forms_whose_black_is_not_known(attributes: dict[str, Any]) -> None:
    data = an_object(bytes(2 * FRAMES * ROWS * COLUMNS), **attributes)
    assert obstacle_of(data) is Obstacle.PIXEL_FORM


@pytest.mark.parametrize(
    "attributes",
    [{"PlanarConfiguration": 2}, {}, {"PlanarConfiguration": 0, "BitsStored": 3, "HighBit": 2}],
)
def test_colours_without_a_known_order(attributes: dict[str, Any]) -> None:
    data = an_object(
        bytes(3 * FRAMES * ROWS * COLUMNS),
        **{"PhotometricInterpretation": "RGB", **COLOURS, **attributes},
    )
    assert obstacle_of(data) is Obstacle.PIXEL_FORM


def test_bytes_in_words_of_big_endian_are_not_taken_apart() -> None:
    attributes = {"BitsAllocated": 8, "BitsStored": 8, "HighBit": 7}
    data = an_object(bytes(FRAMES * ROWS * COLUMNS), ExplicitVRBigEndian, **attributes)
    assert obstacle_of(data) is Obstacle.PIXEL_FORM


def test_rectangles_in_more_pieces_than_are_kept() -> None:
    scattered = [Rectangle(column, 0, 1, 9_000) for column in range(0, 60, 2)]
    image = an_image(Rows=9_000, Columns=60, PixelData=bytes(2 * 9_000 * 60))
    with pytest.raises(CleaningError) as caught:
        cleaned_by(as_file(image), scattered)
    assert caught.value.obstacle is Obstacle.SIZE


def test_every_obstacle_has_its_meaning() -> None:
    assert set(MEANINGS) == set(Obstacle)
    assert all(meaning.endswith(".") for meaning in MEANINGS.values())


def test_a_source_that_gives_less_is_asked_again_later() -> None:
    pixels = NativePixels(Extent(0, 100), 1, 800, ())
    with pytest.raises(TransientError, match="short-read"):
        list(pixels.pieces(BytesSource(bytes(50))))


class Counting:
    """A source of one byte value that has no bytes."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.asked: list[int] = []

    def read(self, _offset: int, length: int) -> bytes:
        self.asked.append(length)
        return b"\x07" * length


def test_a_large_object_is_read_once_in_pieces() -> None:
    image = an_image(Rows=512, Columns=512, NumberOfFrames="40", PixelData=b"")
    header = read_header(BytesSource(as_file(image)))
    source = Counting(40 * 512 * 1024)
    form = form_of(header, source)
    pixels = native_pixels(form, [Rectangle(0, 0, 200, 40)], Extent(0, source.size))

    def blacks() -> Iterator[int]:
        for piece in pixels.pieces(source):
            yield piece.count(0)

    assert sum(blacks()) == 40 * 200 * 40 * 2
    assert source.asked == [4 << 20] * 5


@pytest.mark.parametrize("chunk_bytes", [10_001, 1 << 20])
def test_wide_images(chunk_bytes: int) -> None:
    frames = noise(2, 3, 9_000, dtype="<u2", bits=16) | 1
    image = an_image(Rows=3, Columns=9_000, NumberOfFrames="2", PixelData=frames.tobytes())
    _, after = cleaned_by(as_file(image), [Rectangle(4_000, 1, 700, 1)], chunk_bytes)
    frames[:, 1, 4_000:4_700] = 0
    assert after == frames.tobytes()


def test_a_data_set_without_pixels_has_no_form() -> None:
    image: Dataset = an_image()
    del image.PixelData
    with pytest.raises(CleaningError):
        form_of(read_header(BytesSource(as_file(image))), BytesSource(b""))
