"""Frames of an object, decoded one at a time in order to be looked at."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from io import BytesIO
from struct import error as StructError  # noqa: N812 - it is a class
from types import MappingProxyType
from typing import Any, Final

from shared.dicom.deidentification.cleaning.attributes import Attributes
from shared.dicom.deidentification.cleaning.cleaned import CleanedPixels, stored_frames
from shared.dicom.deidentification.cleaning.form import PixelForm, form_of
from shared.dicom.deidentification.cleaning.obstacles import CleaningError, Obstacle
from shared.dicom.deidentification.cleaning.palettes import brightness
from shared.dicom.deidentification.cleaning.recompression import (
    REFUSALS,
    Jpeg2000,
    JpegLs,
    Samples,
    installed,
)
from shared.dicom.deidentification.cleaning.rle import RleCleaner
from shared.dicom.elements import Header
from shared.dicom.source import Source
from shared.dicom.transfer_syntax import is_native

_PIXEL_REPRESENTATION: Final = 0x00280103
_MOST_PIXELS: Final = 32 << 20
_BYTE: Final = 8

Decoder = Callable[[bytes], Samples]


@dataclass(frozen=True, slots=True, kw_only=True)
class Frames:
    """The frames of an object, as they were or with rectangles black."""

    rows: int
    columns: int
    count: int
    interpretation: str  # Photometric Interpretation
    palette: tuple[int, Sequence[int]] | None  # the first index, how bright each is
    stored: Callable[[int], bytes]  # the bytes of a frame by number
    decode: Decoder

    def samples(self, number: int) -> Samples:
        """One frame, decoded.

        Raises:
            CleaningError: it cannot be decoded, or is of another size than the attributes say.
            TransientError: `short-read`, the source gave less than it has.
        """
        try:
            samples = self.decode(self.stored(number))
        except (*REFUSALS, StructError, IndexError):
            raise CleaningError(Obstacle.CODESTREAM) from None
        if (samples.rows, samples.columns) != (self.rows, self.columns):
            raise CleaningError(Obstacle.CODESTREAM_FORM)
        return samples


def frames_of(header: Header, source: Source, cleaned: CleanedPixels | None = None) -> Frames:
    """The frames of an object, or of what is written in their place.

    Raises:
        CleaningError: there is no decoder for them, or they are not what the attributes say.
        TransientError: `short-read`, the source gave less than it has.
    """
    form = form_of(header, source)
    if form.rows * form.columns > _MOST_PIXELS:
        raise CleaningError(Obstacle.SIZE)
    attributes = Attributes.of(header)
    stored = stored_frames(header, form, source) if cleaned is None else cleaned
    indexed = form.photometric_interpretation == "PALETTE COLOR"
    little_endian = header.encoding.little_endian
    return Frames(
        rows=form.rows,
        columns=form.columns,
        count=form.frames,
        interpretation=form.photometric_interpretation,
        palette=brightness(attributes, source, little_endian=little_endian) if indexed else None,
        stored=partial(stored.frame, source),
        decode=_decoder(header, form, signed=bool(attributes.number(_PIXEL_REPRESENTATION))),
    )


def _decoder(header: Header, form: PixelForm, *, signed: bool) -> Decoder:
    if is_native(header.transfer_syntax_uid):
        return partial(_native, form, signed)
    maker = _DECODERS.get(header.transfer_syntax_uid)
    if maker is None:
        raise CleaningError(Obstacle.TRANSFER_SYNTAX)
    return maker(form, signed)


def _native(form: PixelForm, signed: bool, frame: bytes) -> Samples:  # noqa: FBT001 - of partial
    if form.bits_allocated < _BYTE:
        raise CleaningError(Obstacle.PIXEL_FORM)
    data = frame if form.little_endian else _swapped(frame, form.sample_bytes)
    return _samples(form, data, signed=signed, by_plane=form.by_plane)


def _swapped(frame: bytes, size: int) -> bytes:
    swapped = bytearray(len(frame))
    for at in range(size):
        swapped[at::size] = frame[size - 1 - at :: size]
    return bytes(swapped)


def _samples(form: PixelForm, data: bytes, *, signed: bool, by_plane: bool) -> Samples:
    return Samples(
        data=data,
        rows=form.rows,
        columns=form.columns,
        count=form.samples,
        precision=form.bits_allocated,
        signed=signed,
        by_plane=by_plane,
    )


def _rle(form: PixelForm, signed: bool) -> Decoder:  # noqa: FBT001 - of the table
    cleaner = RleCleaner(form, ())

    def decode(frame: bytes) -> Samples:
        return _samples(form, cleaner.planes(frame), signed=signed, by_plane=True)

    return decode


def _jpeg(form: PixelForm, _signed: bool) -> Decoder:  # noqa: FBT001 - of the table
    """Pillow's, which every finder brings along: 8 bits, of colours the luma."""
    if find_spec("PIL") is None:
        raise CleaningError(Obstacle.TRANSFER_SYNTAX)
    pillow: Any = import_module("PIL.Image")

    def decode(frame: bytes) -> Samples:
        try:
            with pillow.open(BytesIO(frame), formats=("JPEG",)) as image:
                if image.size != (form.columns, form.rows):
                    raise CleaningError(Obstacle.CODESTREAM_FORM)
                data = image.convert("L").tobytes()
        except (pillow.DecompressionBombError, SyntaxError):
            raise CleaningError(Obstacle.CODESTREAM) from None
        return Samples(
            data=data,
            rows=form.rows,
            columns=form.columns,
            count=1,
            precision=_BYTE,
            signed=False,
            by_plane=False,
        )

    return decode


def _coder(codec: type[JpegLs | Jpeg2000], form: PixelForm, _signed: bool) -> Decoder:  # noqa: FBT001
    coder = installed(codec)

    def decode(frame: bytes) -> Samples:
        if coder.size(frame) != (form.rows, form.columns):
            raise CleaningError(Obstacle.CODESTREAM_FORM)
        return coder.decode(frame)

    return decode


_DECODERS: Final[Mapping[str, Callable[[PixelForm, bool], Decoder]]] = MappingProxyType(
    {
        "1.2.840.10008.1.2.5": _rle,
        "1.2.840.10008.1.2.4.50": _jpeg,
        "1.2.840.10008.1.2.4.51": _jpeg,
        "1.2.840.10008.1.2.4.80": partial(_coder, JpegLs),
        "1.2.840.10008.1.2.4.81": partial(_coder, JpegLs),
        "1.2.840.10008.1.2.4.90": partial(_coder, Jpeg2000),
        "1.2.840.10008.1.2.4.91": partial(_coder, Jpeg2000),
    }
)
