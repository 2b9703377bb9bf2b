"""From rectangles to the pixel data that are written in place of the source's."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Final

from shared.dicom.deidentification.cleaning.encapsulated import (
    EncapsulatedPixels,
    FrameCleaner,
    StoredFrames,
    encapsulated_pixels,
)
from shared.dicom.deidentification.cleaning.form import PixelForm, form_of
from shared.dicom.deidentification.cleaning.jpeg import JpegCleaner
from shared.dicom.deidentification.cleaning.native import NativePixels, native_pixels
from shared.dicom.deidentification.cleaning.obstacles import CleaningError, Obstacle
from shared.dicom.deidentification.cleaning.recompression import Jpeg2000, JpegLs, recompressor
from shared.dicom.deidentification.cleaning.rectangles import Rectangle
from shared.dicom.deidentification.cleaning.rle import RleCleaner
from shared.dicom.elements import Header
from shared.dicom.source import Source
from shared.dicom.transfer_syntax import is_native

CleanedPixels = NativePixels | EncapsulatedPixels

CODECS: Final[Mapping[str, Callable[[PixelForm, Sequence[Rectangle]], FrameCleaner]]] = (
    MappingProxyType(
        {
            "1.2.840.10008.1.2.5": RleCleaner,
            "1.2.840.10008.1.2.4.50": JpegCleaner,  # baseline
            "1.2.840.10008.1.2.4.51": JpegCleaner,  # extended, 8 and 12 bits
            "1.2.840.10008.1.2.4.80": partial(recompressor, JpegLs),
            "1.2.840.10008.1.2.4.81": partial(recompressor, JpegLs),  # near-lossless
            "1.2.840.10008.1.2.4.90": partial(recompressor, Jpeg2000),
            "1.2.840.10008.1.2.4.91": partial(recompressor, Jpeg2000),
        }
    )
)


def cleaned_pixels(
    header: Header, rectangles: Sequence[Rectangle], source: Source
) -> CleanedPixels:
    """The pixel data of the object with the rectangles black in every frame.

    Native pixel data are not read. Of encapsulated ones every frame is read and cleaned once, so
    that nothing but the source can fail when they are written.

    Raises:
        CleaningError: they cannot be cleaned so that nothing else changes.
        TransientError: `short-read`, the source gave less than it has.
    """
    form = form_of(header, source)
    if is_native(header.transfer_syntax_uid):
        return _native(header, form, rectangles)
    codec = CODECS.get(header.transfer_syntax_uid)
    if codec is None:
        raise CleaningError(Obstacle.TRANSFER_SYNTAX)
    return encapsulated_pixels(header, form.frames, codec(form, rectangles), source)


def stored_frames(header: Header, form: PixelForm, source: Source) -> NativePixels | StoredFrames:
    """The frames of the object as they are; of encapsulated ones it is read where they stand.

    Raises:
        CleaningError: the frames cannot be told apart.
        TransientError: `short-read`, the source gave less than it has.
    """
    if is_native(header.transfer_syntax_uid):
        return _native(header, form, ())
    return StoredFrames.of(header, form.frames, source)


def _native(header: Header, form: PixelForm, rectangles: Sequence[Rectangle]) -> NativePixels:
    pixels = header.pixel_data
    if header.deflated or pixels is None or pixels.undefined_length:
        raise CleaningError(Obstacle.PIXEL_FORM)
    return native_pixels(form, rectangles, pixels.extent)
