"""Rectangles of sequential JPEG frames made black without decoding pixels (ISO/IEC 10918-1).

The rectangles grow to whole units (MCU) of 8 to 32 pixels. Blocks in them get the one coefficient
of black; all other blocks keep theirs. Comments and application segments, which may hold anything,
are left out, except those that say what the colours are.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from struct import error as StructError  # noqa: N812 - it is a class
from struct import unpack_from
from typing import Final

from shared.dicom.deidentification.cleaning.form import PixelForm
from shared.dicom.deidentification.cleaning.huffman import all_categories
from shared.dicom.deidentification.cleaning.jpeg_header import Component, JpegHeader
from shared.dicom.deidentification.cleaning.jpeg_scan import ScanComponent, recoded
from shared.dicom.deidentification.cleaning.obstacles import CleaningError, Obstacle
from shared.dicom.deidentification.cleaning.rectangles import Rectangle, bands

_MARK: Final = 0xFF
_START_OF_IMAGE: Final = b"\xff\xd8"
_END_OF_IMAGE: Final = 0xD9
_START_OF_SCAN: Final = 0xDA
_END_OF_SCAN: Final = re.compile(rb"\xff+[^\x00\xd0-\xd7\xff]", re.DOTALL)
_SCAN_HEADER_BYTES: Final = 4  # without components; what they select is fixed in a sequential scan
_BLOCK: Final = 8
_MOST_PIXELS: Final = 64 << 20
_PRECISIONS: Final = frozenset({8, 12})
_INTERPRETATIONS: Final = {
    1: frozenset({"MONOCHROME1", "MONOCHROME2"}),
    3: frozenset({"RGB", "YBR_FULL", "YBR_FULL_422"}),
}


class JpegCleaner:
    """Makes the same rectangles of every frame black."""

    def __init__(self, form: PixelForm, rectangles: Sequence[Rectangle]) -> None:
        if form.photometric_interpretation not in _INTERPRETATIONS[form.samples]:
            raise CleaningError(Obstacle.CODESTREAM_FORM)
        if form.rows * form.columns > _MOST_PIXELS:
            raise CleaningError(Obstacle.SIZE)
        self._form = form
        self._rectangles = [part.within(form.columns, form.rows) for part in rectangles]

    def __call__(self, frame: bytes) -> bytes:
        """The frame with its rectangles black.

        Raises:
            CleaningError: the frame cannot be read, is of another size or process than the
                attributes and the transfer syntax say, or has no code for an empty block.
        """
        try:
            return _Codestream(frame, self._form, self._rectangles).cleaned()
        except (IndexError, StructError):
            raise CleaningError(Obstacle.CODESTREAM) from None


class _Codestream:
    """One codestream while it is read and written again."""

    def __init__(self, data: bytes, form: PixelForm, rectangles: Sequence[Rectangle]) -> None:
        self._data = data
        self._form = form
        self._rectangles = rectangles
        self._header = JpegHeader()
        self._written = bytearray(_START_OF_IMAGE)
        self._scanned: list[Component] = []

    def cleaned(self) -> bytes:
        if not self._data.startswith(_START_OF_IMAGE):
            raise CleaningError(Obstacle.CODESTREAM)
        marker, at = self._marker(len(_START_OF_IMAGE))
        while marker != _END_OF_IMAGE:
            payload, after = self._payload(at)
            if marker == _START_OF_SCAN:
                after = self._scan(payload, at, after)
            elif self._header.read(marker, payload):
                self._written += bytes((_MARK, marker)) + self._data[at:after]
            marker, at = self._marker(after)
        if not self._scanned or sorted(self._scanned) != sorted(self._header.components):
            raise CleaningError(Obstacle.CODESTREAM)
        return bytes(self._written) + bytes((_MARK, _END_OF_IMAGE))

    def _marker(self, at: int) -> tuple[int, int]:
        """The next marker, and where its segment starts."""
        if self._data[at] != _MARK:
            raise CleaningError(Obstacle.CODESTREAM)
        while self._data[at] == _MARK:
            at += 1
        return self._data[at], at + 1

    def _payload(self, at: int) -> tuple[bytes, int]:
        """What a segment holds after its length, and where it ends."""
        (length,) = unpack_from(">H", self._data, at)
        payload = self._data[at + 2 : at + length]
        if len(payload) != length - 2:
            raise CleaningError(Obstacle.CODESTREAM)
        return payload, at + length

    def _scan(self, header: bytes, at: int, start: int) -> int:
        """Write a scan with its header anew; the answer is where it ends."""
        self._check()
        end = _END_OF_SCAN.search(self._data, start)
        count = header[0]
        if end is None or len(header) != 2 * count + _SCAN_HEADER_BYTES:
            raise CleaningError(Obstacle.CODESTREAM)
        components = []
        for identifier, tables in (header[i : i + 2] for i in range(1, 1 + 2 * count, 2)):
            component, coded = self._coded(identifier, tables >> 4, tables & 15)
            components.append(coded)
            self._scanned.append(component)
            if coded.new_dc is not coded.dc:
                self._written += coded.new_dc.segment(tables >> 4)
        self._written += bytes((_MARK, _START_OF_SCAN)) + self._data[at:start]
        unit, blank = self._units(self._scanned[-count:])
        scan = self._data[start : end.start()]
        self._written += recoded(scan, components, unit, blank, self._header.interval)
        return end.start()

    def _check(self) -> None:
        header, form = self._header, self._form
        found = header.rows, header.columns, len(header.components)
        if found != (form.rows, form.columns, form.samples):
            raise CleaningError(Obstacle.CODESTREAM_FORM)
        if header.precision not in _PRECISIONS or header.precision > form.bits_allocated:
            raise CleaningError(Obstacle.CODESTREAM_FORM)

    def _coded(self, identifier: int, dc: int, ac: int) -> tuple[Component, ScanComponent]:
        header = self._header
        found = [c for c in header.components if c.identifier == identifier]
        if len(found) != 1 or dc not in header.dc or ac not in header.ac:
            raise CleaningError(Obstacle.CODESTREAM)
        component = found[0]
        quantizer = header.quantizers.get(component.quantization)
        if quantizer is None:
            raise CleaningError(Obstacle.CODESTREAM)
        table, whole = header.dc[dc], all_categories(header.precision)
        coded = ScanComponent(
            dc=table,
            ac=header.ac[ac],
            new_dc=table if whole.codes.keys() <= table.codes.keys() else whole,
            black=self._black(component, quantizer),
        )
        return component, coded

    def _black(self, component: Component, quantizer: int) -> int:
        """The quantized DC coefficient of black, rounded away from grey (A.3.3, A.3.4)."""
        half = 1 << self._header.precision - 1
        is_chroma = component is not self._header.components[0] and self._transforms()
        if is_chroma:
            return 0
        magnitude = -(-half * _BLOCK // quantizer)
        return magnitude if self._form.photometric_interpretation == "MONOCHROME1" else -magnitude

    def _transforms(self) -> bool:
        """Whether the components are luma and chroma: said by a segment, by names, by DICOM."""
        header = self._header
        if header.transforms is not None:
            return header.transforms
        if bytes(component.identifier for component in header.components) == b"RGB":
            return False
        return self._form.photometric_interpretation != "RGB"

    def _units(self, components: Sequence[Component]) -> tuple[list[int], bytes]:
        """Of which component of the scan each block of a unit is, and which units are black.

        A scan of one component has units of one block, as many as the component needs (A.2.2).
        """
        widest, highest = self._header.unit
        if len(components) > 1:
            unit = [i for i, c in enumerate(components) for _ in range(c.width * c.height)]
            return unit, self._blank(widest * _BLOCK, highest * _BLOCK, 1, 1)
        (only,) = components
        if widest % only.width or highest % only.height:
            raise CleaningError(Obstacle.CODESTREAM_FORM)
        width, height = widest * _BLOCK // only.width, highest * _BLOCK // only.height
        return [0], self._blank(width, height, only.width, only.height)

    def _blank(self, width: int, height: int, across: int, down: int) -> bytes:
        """A flag for each unit of this size; `across` x `down` of them are black together."""
        columns, rows = -(-self._form.columns // width), -(-self._form.rows // height)
        grown = (part.outwards(width * across, height * down) for part in self._rectangles)
        covered = (
            Rectangle(r.left // width, r.top // height, r.width // width, r.height // height)
            for r in grown
        )
        flags = bytearray()
        for band in bands(covered, columns, rows):
            line = bytearray(columns)
            for start, stop in band.spans:
                line[start:stop] = b"\x01" * (stop - start)
            flags += line * (band.bottom - band.top)
        return bytes(flags)
