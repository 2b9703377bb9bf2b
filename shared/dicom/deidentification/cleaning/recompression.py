"""Frames of JPEG-LS and JPEG 2000: decoded, made black and coded again without loss.

The coders are extras: `pyjpegls` (CharLS, BSD) and `pylibjpeg-openjpeg` (OpenJPEG, BSD), both MIT.
They are C libraries that run in the process; each import takes about 0.1 s, most of it numpy. What
they have coded is decoded again and compared before it is used.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from importlib.util import find_spec
from struct import error as StructError  # noqa: N812 - it is a class
from struct import unpack_from
from typing import Any, Final, Protocol

from shared.dicom.deidentification.cleaning.form import PixelForm
from shared.dicom.deidentification.cleaning.native import native_pixels
from shared.dicom.deidentification.cleaning.obstacles import CleaningError, Obstacle
from shared.dicom.deidentification.cleaning.rectangles import Rectangle
from shared.dicom.elements import Extent
from shared.dicom.source import BytesSource

_MOST_PIXELS: Final = 64 << 20
_BYTE: Final = 8
_FRAME_HEADER_OF_JPEG_LS: Final = 0xF7
_MARK: Final = 0xFF
REFUSALS: Final = (RuntimeError, ValueError, TypeError, KeyError, OSError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Samples:
    """A decoded frame: little endian, in as few bytes a sample as its precision takes."""

    data: bytes
    rows: int
    columns: int
    count: int  # samples of a pixel
    precision: int
    signed: bool
    by_plane: bool


class Codec(Protocol):
    """A lossless coder of frames; it may raise one of `RuntimeError`, `ValueError` and the like."""

    def size(self, frame: bytes) -> tuple[int, int]:
        """Rows and columns, before anything is decoded."""

    def decode(self, frame: bytes) -> Samples:
        """The samples of a frame."""

    def encode(self, samples: Samples, form: PixelForm) -> bytes:
        """A frame of these samples."""


class Recompressor:
    """Makes the same rectangles of every frame black."""

    def __init__(self, codec: Codec, form: PixelForm, rectangles: Sequence[Rectangle]) -> None:
        if form.rows * form.columns > _MOST_PIXELS:
            raise CleaningError(Obstacle.SIZE)
        self._codec = codec
        self._form = form
        self._rectangles = rectangles

    def __call__(self, frame: bytes) -> bytes:
        """The frame with its rectangles black; the same frame when nothing changes.

        Raises:
            CleaningError: the frame cannot be decoded, is of another size than the attributes
                say, or cannot be coded without loss.
        """
        try:
            return self._recoded(frame)
        except (*REFUSALS, StructError, IndexError):
            raise CleaningError(Obstacle.CODESTREAM) from None

    def _recoded(self, frame: bytes) -> bytes:
        if self._codec.size(frame) != (self._form.rows, self._form.columns):
            raise CleaningError(Obstacle.CODESTREAM_FORM)
        before = self._codec.decode(frame)
        after = replace(before, data=self._blanked(before))
        if after == before:
            return frame
        coded = self._codec.encode(after, self._form)
        if self._codec.decode(coded) != after:
            raise CleaningError(Obstacle.CODESTREAM_FORM)
        return coded

    def _blanked(self, samples: Samples) -> bytes:
        width = len(samples.data) * _BYTE // (samples.rows * samples.columns * samples.count)
        bits = width if samples.signed else samples.precision
        if samples.count != self._form.samples:
            raise CleaningError(Obstacle.CODESTREAM_FORM)
        decoded = replace(
            self._form,
            frames=1,
            bits_allocated=width,
            by_plane=samples.by_plane,
            little_endian=True,
            black=tuple(value & ((1 << bits) - 1) for value in self._form.black),
        )
        pixels = native_pixels(decoded, self._rectangles, Extent(0, len(samples.data)))
        return b"".join(pixels.pieces(BytesSource(samples.data)))


class JpegLs:
    """JPEG-LS by CharLS, which takes up to ten seconds to give up on a frame that is cut short."""

    def __init__(self) -> None:
        self._library: Any = import_module("jpeg_ls")

    def size(self, frame: bytes) -> tuple[int, int]:
        """Rows and columns of the frame header."""
        at = 2
        while frame[at + 1] != _FRAME_HEADER_OF_JPEG_LS:
            if frame[at] != _MARK:
                raise CleaningError(Obstacle.CODESTREAM)
            at += 2 + int(unpack_from(">H", frame, at + 2)[0])
        rows, columns = unpack_from(">HH", frame, at + 5)
        return rows, columns

    def decode(self, frame: bytes) -> Samples:
        """The samples of a frame."""
        data, info = self._library.decode_pixel_data(frame)
        return Samples(
            data=bytes(data),
            rows=info["height"],
            columns=info["width"],
            count=info["components"],
            precision=info["bits_per_sample"],
            signed=False,
            by_plane=info["components"] > 1 and info["interleave_mode"] == 0,
        )

    def encode(self, samples: Samples, _form: PixelForm) -> bytes:
        """A frame of these samples, near-lossless or not before, without loss now."""
        return bytes(
            self._library.encode_pixel_data(
                samples.data,
                lossy_error=0,
                rows=samples.rows,
                columns=samples.columns,
                samples_per_pixel=samples.count,
                bits_stored=samples.precision,
                planar_configuration=int(samples.by_plane),
            )
        )


class Jpeg2000:
    """JPEG 2000 by OpenJPEG."""

    def __init__(self) -> None:
        self._library: Any = import_module("openjpeg")

    def size(self, frame: bytes) -> tuple[int, int]:
        """Rows and columns of the main header."""
        header = self._library.get_parameters(frame)
        return header["rows"], header["columns"]

    def decode(self, frame: bytes) -> Samples:
        """The samples of a frame."""
        header = self._library.get_parameters(frame)
        return Samples(
            data=bytes(self._library.decode_pixel_data(frame, version=2)),
            rows=header["rows"],
            columns=header["columns"],
            count=header["samples_per_pixel"],
            precision=header["precision"],
            signed=header["is_signed"],
            by_plane=False,
        )

    def encode(self, samples: Samples, form: PixelForm) -> bytes:
        """A frame of these samples; the irreversible transform of lossy ones has no lossless form.

        Raises:
            CleaningError: the attributes say that the transform is the irreversible one.
        """
        if form.photometric_interpretation == "YBR_ICT":
            raise CleaningError(Obstacle.CODESTREAM_FORM)
        return bytes(
            self._library.encode_pixel_data(
                samples.data,
                rows=samples.rows,
                columns=samples.columns,
                samples_per_pixel=samples.count,
                bits_stored=samples.precision,
                pixel_representation=int(samples.signed),
                photometric_interpretation=form.photometric_interpretation,
            )
        )


_MODULES: Final[dict[type[JpegLs | Jpeg2000], str]] = {JpegLs: "jpeg_ls", Jpeg2000: "openjpeg"}


def installed(codec: type[JpegLs | Jpeg2000]) -> JpegLs | Jpeg2000:
    """A coder that may not be installed.

    Raises:
        CleaningError: it is not.
    """
    if find_spec(_MODULES[codec]) is None:
        raise CleaningError(Obstacle.TRANSFER_SYNTAX)
    return codec()


def recompressor(
    codec: type[JpegLs | Jpeg2000], form: PixelForm, rectangles: Sequence[Rectangle]
) -> Recompressor:
    """A cleaner of frames by a coder.

    Raises:
        CleaningError: it is not installed, or the frames are too large.
    """
    return Recompressor(installed(codec), form, rectangles)
