"""Where the pixel data stand, and whether they are as long as the attributes say."""

from __future__ import annotations

import re
from typing import Final

from shared.dicom.element_headers import SHORT_HEADER, fragments_end
from shared.dicom.elements import UNDEFINED_LENGTH, Encoding, Extent, RawElement
from shared.dicom.source import WindowedSource
from shared.dicom.tokens import Stop
from shared.dicom.transfer_syntax import is_encapsulated, is_native
from shared.errors import FormatError

SAMPLES_PER_PIXEL: Final = 0x00280002
PHOTOMETRIC_INTERPRETATION: Final = 0x00280004
NUMBER_OF_FRAMES: Final = 0x00280008
ROWS: Final = 0x00280010
COLUMNS: Final = 0x00280011
BITS_ALLOCATED: Final = 0x00280100

# Chroma subsampled forms store fewer samples than Samples per Pixel says (PS3.3 C.7.6.3.1.2).
_HALF_SAMPLES_STORED: Final = {
    "YBR_FULL_422": 4,
    "YBR_PARTIAL_422": 4,
    "YBR_PARTIAL_420": 3,
}
_US: Final = frozenset({ROWS, COLUMNS, SAMPLES_PER_PIXEL, BITS_ALLOCATED})
_INTEGER: Final = re.compile(rb"[ ]*\+?[0-9]{1,10}[ \x00]*")


def pixel_element(
    stop: Stop, windows: WindowedSource | None, object_size: int, encoding: Encoding
) -> RawElement:
    """Return the pixel data's element; `windows` is None where the extent is an inflated one.

    Raises:
        FormatError: `truncated`, the value passes the end of the object.
    """
    if stop.length != UNDEFINED_LENGTH:
        extent = Extent(stop.value_offset, stop.length)
        if windows is not None and not windows.reaches(extent.offset + extent.length):
            raise FormatError("truncated")
        return RawElement(stop.tag, stop.vr, extent)
    end = _encapsulated_end(stop, windows, object_size, encoding)
    extent = Extent(stop.value_offset, end - stop.value_offset)
    return RawElement(stop.tag, stop.vr, extent, undefined_length=True)


def _encapsulated_end(
    stop: Stop, windows: WindowedSource | None, object_size: int, encoding: Encoding
) -> int:
    """Return the end of the Sequence Delimitation Item when that costs no request."""
    if windows is None:
        return stop.value_offset
    if not windows.holds(stop.value_offset, object_size):
        return object_size
    end = fragments_end(
        windows.read,
        stop.value_offset,
        object_size,
        lambda: None,
        little=encoding.little_endian,
    )
    return end + SHORT_HEADER


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
