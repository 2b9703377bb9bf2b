"""JPEG-LS and JPEG 2000: only boxed pixels change; without their coders such objects wait."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from pydicom.uid import JPEG2000, JPEG2000Lossless, JPEGLSLossless, JPEGLSNearLossless

from shared.dicom.deidentification.cleaning import (
    CleaningError,
    Obstacle,
    Rectangle,
    cleaned_pixels,
    recompression,
)
from shared.dicom.deidentification.cleaning.form import PixelForm
from shared.dicom.deidentification.cleaning.recompression import (
    Codec,
    Jpeg2000,
    JpegLs,
    Recompressor,
    Samples,
)
from shared.dicom.reader import read_header
from shared.dicom.source import BytesSource
from tests.unit.deidentification.cleaning.objects import encapsulated, mask_of

BOXES = [Rectangle(-2, 3, 9, 4), Rectangle(20, 10, 99, 99)]
CODECS: dict[str, type[JpegLs | Jpeg2000]] = {"jpeg_ls": JpegLs, "openjpeg": Jpeg2000}
SYNTAXES: dict[str, str] = {
    JPEGLSLossless: "jpeg_ls", JPEGLSNearLossless: "jpeg_ls",
    JPEG2000Lossless: "openjpeg", JPEG2000: "openjpeg",
}  # fmt: skip


def form(rows: int, columns: int, **values: Any) -> PixelForm:
    described: dict[str, Any] = {
        "rows": rows, "columns": columns, "frames": 1, "bits_allocated": 16, "by_plane": False,
        "photometric_interpretation": "MONOCHROME2", "little_endian": True, "black": (0,),
    }  # fmt: skip
    return PixelForm(**{**described, **values})


def samples(array: np.ndarray, precision: int, *, signed: bool = False) -> Samples:
    """Those of rows x columns x samples."""
    return Samples(
        data=array.tobytes(), rows=array.shape[0], columns=array.shape[1], count=array.shape[2],
        precision=precision, signed=signed, by_plane=False,
    )  # fmt: skip


class Plain:
    """A coder that is the code itself: size and precision before the samples."""

    lossy = False

    def size(self, frame: bytes) -> tuple[int, int]:
        return frame[0], frame[1]

    def decode(self, frame: bytes) -> Samples:
        head = Samples(
            data=b"", rows=frame[0], columns=frame[1], count=frame[2], precision=frame[3],
            signed=bool(frame[4]), by_plane=bool(frame[5]),
        )  # fmt: skip
        if len(frame) < 7:
            raise RuntimeError
        return replace(head, data=frame[6:])

    def encode(self, samples: Samples, _form: PixelForm) -> bytes:
        head = (samples.rows, samples.columns, samples.count, samples.precision)
        data = bytes(len(samples.data)) if self.lossy else samples.data
        return bytes((*head, samples.signed, samples.by_plane)) + data


def noise(rows: int, columns: int, count: int, dtype: str, bits: int) -> np.ndarray:
    low = -(1 << bits - 1) if dtype.startswith("<i") else 0
    generator = np.random.default_rng(9)
    return generator.integers(low, low + (1 << bits), (rows, columns, count)).astype(dtype)


def cleaned_array(
    codec: Codec, array: np.ndarray, precision: int, described: PixelForm, *, signed: bool = False
) -> np.ndarray:
    frame = codec.encode(samples(array, precision, signed=signed), described)
    after = codec.decode(Recompressor(codec, described, BOXES)(frame))
    assert after.precision == precision
    return np.frombuffer(after.data, array.dtype).reshape(array.shape)


@pytest.fixture(params=["plain", *CODECS])
def codec(request: pytest.FixtureRequest) -> Codec:
    if request.param == "plain":
        return Plain()
    pytest.importorskip(request.param, reason="the coder is not installed")
    return CODECS[request.param]()


@pytest.mark.parametrize(
    ("interpretation", "dtype", "precision", "black"),
    [
        ("MONOCHROME2", "<u2", 12, 0),
        ("MONOCHROME1", "<u2", 12, 4095),
        ("MONOCHROME1", "u1", 8, 255),
    ],
)
def test_grey(codec: Codec, interpretation: str, dtype: str, precision: int, black: int) -> None:
    array = noise(43, 51, 1, dtype, precision)
    described = form(43, 51, photometric_interpretation=interpretation, black=(black,))
    expected = array.copy()
    expected[mask_of(BOXES, 51, 43)] = black
    assert np.array_equal(cleaned_array(codec, array, precision, described), expected)


def test_colours(codec: Codec) -> None:
    array = noise(43, 51, 3, "u1", 8)
    described = form(
        43, 51, photometric_interpretation="YBR_FULL", bits_allocated=8, black=(0, 128, 128)
    )
    expected = array.copy()
    expected[mask_of(BOXES, 51, 43)] = (0, 128, 128)
    assert np.array_equal(cleaned_array(codec, array, 8, described), expected)


@pytest.mark.parametrize("name", ["plain", "openjpeg"])
def test_signed_samples(name: str) -> None:
    if name != "plain":
        pytest.importorskip(name, reason="the coder is not installed")
    codec: Codec = Plain() if name == "plain" else Jpeg2000()
    array = noise(43, 51, 1, "<i2", 12)
    described = form(43, 51, black=(-2048 & 0xFFFF,))
    expected = array.copy()
    expected[mask_of(BOXES, 51, 43)] = -2048
    assert np.array_equal(cleaned_array(codec, array, 12, described, signed=True), expected)


def test_a_frame_that_does_not_change_keeps_its_bytes() -> None:
    frame = Plain().encode(samples(np.zeros((8, 9, 1), "u1"), 8), form(8, 9))
    assert Recompressor(Plain(), form(8, 9), BOXES)(frame) is frame


def obstacle_of(codec: Codec, described: PixelForm, frame: bytes) -> Obstacle:
    with pytest.raises(CleaningError) as caught:
        Recompressor(codec, described, BOXES)(frame)
    return caught.value.obstacle


def test_what_is_not_lossless_is_refused() -> None:
    codec = Plain()
    frame = codec.encode(samples(noise(8, 9, 1, "u1", 8), 8), form(8, 9))
    codec.lossy = True
    assert obstacle_of(codec, form(8, 9), frame) is Obstacle.CODESTREAM_FORM


def test_another_size_or_number_of_samples_is_refused() -> None:
    frame = Plain().encode(samples(noise(8, 9, 1, "u1", 8), 8), form(8, 9))
    colour = form(8, 9, photometric_interpretation="RGB", black=(0, 0, 0))
    for described in (form(9, 8), colour):
        assert obstacle_of(Plain(), described, frame) is Obstacle.CODESTREAM_FORM
    assert obstacle_of(Plain(), form(8, 9), frame[:6]) is Obstacle.CODESTREAM
    assert obstacle_of(Plain(), form(8, 9), b"") is Obstacle.CODESTREAM
    with pytest.raises(CleaningError) as caught:
        Recompressor(Plain(), form(65535, 65535), BOXES)
    assert caught.value.obstacle is Obstacle.SIZE


@pytest.mark.parametrize("name", ["plain", "openjpeg"])  # CharLS takes seconds for some of them
def test_damaged_frames_are_cleaned_or_refused(name: str) -> None:
    if name != "plain":
        pytest.importorskip(name, reason="the coder is not installed")
    codec: Codec = Plain() if name == "plain" else Jpeg2000()
    array = noise(43, 51, 1, "<u2", 12)
    whole = codec.encode(samples(array, 12), form(43, 51))
    clean = Recompressor(codec, form(43, 51), BOXES)
    generator = random.Random(2)
    refused = 0
    for _ in range(60):
        frame = bytearray(whole[: generator.randrange(len(whole))])
        for _ in range(2 if frame else 0):
            frame[generator.randrange(min(len(frame), 80))] = generator.randrange(256)
        try:
            assert clean(bytes(frame))
        except CleaningError as error:
            refused += error.obstacle in {Obstacle.CODESTREAM, Obstacle.CODESTREAM_FORM}
    assert refused


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_objects_wait_where_the_coder_is_not_installed(
    syntax: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nowhere(_name: str) -> None:
        return None

    monkeypatch.setattr(recompression, "find_spec", nowhere)
    source = BytesSource(encapsulated([b"\xff\x4f" + bytes(30)], syntax))
    with pytest.raises(CleaningError) as caught:
        cleaned_pixels(read_header(source), BOXES, source)
    assert caught.value.obstacle is Obstacle.TRANSFER_SYNTAX


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_objects_are_cleaned_where_it_is(syntax: str) -> None:
    pytest.importorskip(SYNTAXES[syntax], reason="the coder is not installed")
    codec = CODECS[SYNTAXES[syntax]]()
    array = noise(43, 51, 1, "<u2", 16)
    frame = codec.encode(samples(array, 16), form(43, 51))
    source = BytesSource(encapsulated([frame], syntax, Rows=43, Columns=51))
    boxes: Sequence[Rectangle] = BOXES
    pixels = cleaned_pixels(read_header(source), boxes, source)
    value = b"".join(pixels.pieces(source))
    start = value.index(frame[:4])
    after = np.frombuffer(codec.decode(value[start:-8]).data, "<u2").reshape(43, 51)
    expected = array[..., 0].copy()
    expected[mask_of(BOXES, 51, 43)] = 0
    assert np.array_equal(after, expected)


def test_the_irreversible_transform_has_no_lossless_form() -> None:
    pytest.importorskip("openjpeg", reason="the coder is not installed")
    array = noise(43, 51, 3, "u1", 8)
    values: dict[str, Any] = {"bits_allocated": 8, "black": (0, 0, 0)}
    reversible = form(43, 51, photometric_interpretation="YBR_RCT", **values)
    frame = Jpeg2000().encode(samples(array, 8), reversible)
    expected = array.copy()
    expected[mask_of(BOXES, 51, 43)] = 0
    after = Jpeg2000().decode(Recompressor(Jpeg2000(), reversible, BOXES)(frame))
    assert after.data == expected.tobytes()
    irreversible = replace(reversible, photometric_interpretation="YBR_ICT")
    assert obstacle_of(Jpeg2000(), irreversible, frame) is Obstacle.CODESTREAM_FORM
