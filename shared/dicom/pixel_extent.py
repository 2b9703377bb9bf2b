"""Where the pixel data stand, and whether they are as long as the attributes say."""

from __future__ import annotations

import re
from typing import Final

from shared.dicom.elements import UNDEFINED_LENGTH, Encoding, Extent, RawElement
from shared.dicom.fragments import Stated, held_fragments_end, survey_fragments
from shared.dicom.inflate import InflatedWindows
from shared.dicom.limits import Limits
from shared.dicom.source import WindowedSource
from shared.dicom.tokens import Stop
from shared.dicom.transfer_syntax import (
    is_encapsulated,
    is_native,
    puts_frames_in_fragments,
    puts_one_frame_in_one_fragment,
)
from shared.errors import FormatError

SAMPLES_PER_PIXEL: Final = 0x00280002
PHOTOMETRIC_INTERPRETATION: Final = 0x00280004
NUMBER_OF_FRAMES: Final = 0x00280008
ROWS: Final = 0x00280010
COLUMNS: Final = 0x00280011
BITS_ALLOCATED: Final = 0x00280100
EXTENDED_OFFSET_TABLE: Final = 0x7FE00001

# Chroma subsampled forms store fewer samples than Samples per Pixel says (PS3.3 C.7.6.3.1.2).
_HALF_SAMPLES_STORED: Final = {
    "YBR_FULL_422": 4,
    "YBR_PARTIAL_422": 4,
    "YBR_PARTIAL_420": 3,
}
_US: Final = frozenset({ROWS, COLUMNS, SAMPLES_PER_PIXEL, BITS_ALLOCATED})
_INTEGER: Final = re.compile(rb"[ ]*\+?[0-9]{1,10}[ \x00]*")


def native_element(stop: Stop, windows: WindowedSource) -> RawElement:
    """Return pixel data of a stated length.

    Raises:
        FormatError: `truncated`, the value passes the end of the object.
    """
    extent = Extent(stop.value_offset, stop.length)
    if not windows.reaches(extent.offset + extent.length):
        raise FormatError("truncated")
    return RawElement(stop.tag, stop.vr, extent)


def deflated_element(
    stop: Stop, inflated: InflatedWindows, *, checks: bool
) -> tuple[RawElement, tuple[str, ...]]:
    """Return pixel data of a deflated data set, and if it `checks` them warnings about them.

    Raises:
        FormatError: `truncated`, the value passes the end of the inflated stream.
    """
    if stop.length == UNDEFINED_LENGTH:
        extent = Extent(stop.value_offset, 0)
        pixels = RawElement(stop.tag, stop.vr, extent, undefined_length=True)
        return pixels, ("deflated-pixels-unchecked",) if checks else ()
    extent = Extent(stop.value_offset, stop.length)
    if not checks:
        return RawElement(stop.tag, stop.vr, extent), ()
    whole = inflated.has_pixels(extent.offset + extent.length)
    if whole is False:
        raise FormatError("truncated")
    unchecked = () if whole else ("deflated-pixels-unchecked",)
    return RawElement(stop.tag, stop.vr, extent), unchecked


def encapsulated_element(
    stop: Stop, windows: WindowedSource, stated: Stated | None, limits: Limits, encoding: Encoding
) -> tuple[RawElement, tuple[str, ...]]:
    """Return encapsulated pixel data up to their delimiter, and warnings about them.

    Without `stated` nothing is asked for: what was not seen is taken to reach the object's end.

    Raises:
        FormatError: `truncated` or `malformed-fragments`.
    """
    little = encoding.little_endian
    start = stop.value_offset
    warnings: tuple[str, ...] = ()
    if stated is None:
        end = held_fragments_end(windows, start, limits, little=little)
    else:
        end, warnings = survey_fragments(windows, start, stated, limits, little=little)
    pixels = RawElement(stop.tag, stop.vr, Extent(start, end - start), undefined_length=True)
    return pixels, warnings


def stated_fragments(dataset: tuple[RawElement, ...], transfer_syntax_uid: str) -> Stated:
    """Return what the attributes and the transfer syntax say of the fragments."""
    by_tag = {
        element.tag: element
        for element in dataset
        if element.tag in (NUMBER_OF_FRAMES, EXTENDED_OFFSET_TABLE)
    }
    frames, table = by_tag.get(NUMBER_OF_FRAMES), by_tag.get(EXTENDED_OFFSET_TABLE)
    return Stated(
        frames=_frames(frames.value if frames else None),
        one_each=puts_one_frame_in_one_fragment(transfer_syntax_uid) or table is not None,
        at_least_one_each=puts_frames_in_fragments(transfer_syntax_uid),
        extended_table=table.extent if table else None,
    )


def check_pixel_data(
    pixels: RawElement, dataset: tuple[RawElement, ...], header_syntax: str, encoding: Encoding
) -> tuple[str, ...]:
    """Return warning codes about the pixel data.

    Raises:
        FormatError: `pixel-data-truncated`, native data are shorter than the attributes say.
    """
    if pixels.undefined_length:
        return ("encapsulated-in-native-syntax",) if is_native(header_syntax) else ()
    if is_encapsulated(header_syntax):
        return ("native-in-encapsulated-syntax",)
    if pixels.extent.length == 0:
        return ("pixel-data-empty",)
    expected = native_length(dataset, encoding)
    if expected is None:
        return ("pixel-length-unchecked",)
    if pixels.extent.length < expected:
        raise FormatError("pixel-data-truncated")
    return ("pixel-data-longer",) if pixels.extent.length > expected + expected % 2 else ()


def native_length(dataset: tuple[RawElement, ...], encoding: Encoding) -> int | None:
    """Return the bytes of native pixel data without padding, None where it cannot be told."""
    values = {e.tag: e.value for e in dataset if e.tag >> 16 == 0x0028 and e.value}  # noqa: PLR2004
    numbers = [_unsigned(values.get(tag), encoding) for tag in sorted(_US)]
    frames = _frames(values.get(NUMBER_OF_FRAMES))
    if frames is None or None in numbers:
        return None
    samples, rows, columns, bits = (number or 0 for number in numbers)
    interpretation = values.get(PHOTOMETRIC_INTERPRETATION, b"").strip(b" \x00").decode("latin-1")
    doubled = _HALF_SAMPLES_STORED.get(interpretation, 2 * samples)
    return (rows * columns * doubled * bits * frames // 2 + 7) // 8


def _unsigned(value: bytes | None, encoding: Encoding) -> int | None:
    if value is None or len(value) != 2:  # noqa: PLR2004 - US is two bytes
        return None
    return int.from_bytes(value, "little" if encoding.little_endian else "big")


def _frames(value: bytes | None) -> int | None:
    if value is None or not value.strip(b" \x00"):
        return 1
    return int(value.strip(b" \x00")) if _INTEGER.fullmatch(value) else None
