"""How samples are stored, and which value of each is black (PS3.3 Section C.7.6.3.1)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from shared.dicom.deidentification.cleaning.attributes import Attributes
from shared.dicom.deidentification.cleaning.obstacles import CleaningError, Obstacle
from shared.dicom.deidentification.cleaning.palettes import darkest_index
from shared.dicom.elements import Encoding, Header
from shared.dicom.source import Source

_SAMPLES_PER_PIXEL: Final = 0x00280002
_PHOTOMETRIC_INTERPRETATION: Final = 0x00280004
_PLANAR_CONFIGURATION: Final = 0x00280006
_NUMBER_OF_FRAMES: Final = 0x00280008
_ROWS: Final = 0x00280010
_COLUMNS: Final = 0x00280011
_BITS_ALLOCATED: Final = 0x00280100
_BITS_STORED: Final = 0x00280101
_HIGH_BIT: Final = 0x00280102
_PIXEL_REPRESENTATION: Final = 0x00280103
_PIXEL_DATA: Final = 0x7FE00010
_BYTE: Final = 8
_WORD: Final = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class PixelForm:
    """The stored pixels of one object."""

    rows: int
    columns: int
    frames: int
    bits_allocated: int  # 1, or whole bytes
    by_plane: bool  # Planar Configuration 1
    photometric_interpretation: str
    little_endian: bool
    black: tuple[int, ...]  # as stored in Bits Allocated, one for each sample

    @property
    def samples(self) -> int:
        """The samples of a pixel."""
        return len(self.black)

    @property
    def sample_bytes(self) -> int:
        """The bytes of a sample that has whole bytes."""
        return self.bits_allocated // _BYTE


def form_of(header: Header, source: Source) -> PixelForm:
    """The form of the pixel data.

    Only a palette that was too large to read is asked of the source.

    Raises:
        CleaningError: what black is, or where a pixel stands, cannot be told.
    """
    attributes = Attributes.of(header)
    described = _Description(attributes, header.encoding, source)
    if header.pixel_data is None or header.pixel_data.tag != _PIXEL_DATA:
        raise CleaningError(Obstacle.PIXEL_FORM)
    form = described.form()
    in_words = header.pixel_data.vr != "OB" and not header.encoding.little_endian
    if in_words and form.bits_allocated < _WORD:  # bytes are swapped, bits begin elsewhere
        raise CleaningError(Obstacle.PIXEL_FORM)
    return form


class _Description:
    """The attributes of the Image Pixel Module."""

    def __init__(self, attributes: Attributes, encoding: Encoding, source: Source) -> None:
        self._attributes = attributes
        self._encoding = encoding
        self._source = source
        self._interpretation = attributes.text(_PHOTOMETRIC_INTERPRETATION).upper()

    def form(self) -> PixelForm:
        allocated, stored = self._known(_BITS_ALLOCATED), self._known(_BITS_STORED)
        samples = self._known(_SAMPLES_PER_PIXEL)
        if allocated not in {1, 8, 16, 32} or not 0 < stored <= allocated:
            raise CleaningError(Obstacle.PIXEL_FORM)
        unusual = (allocated == 1 and samples > 1) or (samples > 1 and stored < _BYTE)
        black = () if unusual else self._black(allocated, stored)
        if len(black) != samples:
            raise CleaningError(Obstacle.PIXEL_FORM)
        planar = self._attributes.number(_PLANAR_CONFIGURATION)
        if samples > 1 and planar not in {0, 1}:
            raise CleaningError(Obstacle.PIXEL_FORM)
        return PixelForm(
            rows=self._known(_ROWS),
            columns=self._known(_COLUMNS),
            frames=self._frames(),
            bits_allocated=allocated,
            by_plane=samples > 1 and planar == 1,
            photometric_interpretation=self._interpretation,
            little_endian=self._encoding.little_endian,
            black=tuple(value & ((1 << allocated) - 1) for value in black),
        )

    def _known(self, tag: int) -> int:
        number = self._attributes.number(tag)
        if not number:
            raise CleaningError(Obstacle.PIXEL_FORM)
        return number

    def _frames(self) -> int:
        text = self._attributes.text(_NUMBER_OF_FRAMES)
        return self._known(_NUMBER_OF_FRAMES) if text else 1

    def _black(self, allocated: int, stored: int) -> tuple[int, ...]:
        high = self._attributes.number(_HIGH_BIT)
        shift = (stored - 1 if high is None else high) + 1 - stored
        if not 0 <= shift <= allocated - stored:
            raise CleaningError(Obstacle.PIXEL_FORM)
        makers: dict[str, Callable[[int], tuple[int, ...]]] = {
            "MONOCHROME1": lambda bits: (self._extreme(bits, highest=True),),
            "MONOCHROME2": lambda bits: (self._extreme(bits, highest=False),),
            "PALETTE COLOR": lambda _: (self._darkest(),),
            "RGB": lambda _: (0, 0, 0),
            "YBR_FULL": lambda bits: (0, 1 << bits - 1, 1 << bits - 1),
            "YBR_FULL_422": lambda bits: (0, 1 << bits - 1, 1 << bits - 1),
            "YBR_PARTIAL_422": lambda bits: (1 << bits - 4, 1 << bits - 1, 1 << bits - 1),
            "YBR_RCT": lambda _: (0, 0, 0),  # of JPEG 2000: its decoders give RGB
            "YBR_ICT": lambda _: (0, 0, 0),
        }
        maker = makers.get(self._interpretation)
        return tuple(value << shift for value in maker(stored)) if maker else ()

    def _extreme(self, bits: int, *, highest: bool) -> int:
        signed = bool(self._attributes.number(_PIXEL_REPRESENTATION))
        lowest = -(1 << bits - 1) if signed else 0
        return lowest + (1 << bits) - 1 if highest else lowest

    def _darkest(self) -> int:
        little_endian = self._encoding.little_endian
        return darkest_index(self._attributes, self._source, little_endian=little_endian)
