"""The header of one untrusted object, read by ranges and within limits."""

from __future__ import annotations

from typing import Final

from shared.dicom import transfer_syntax as syntaxes
from shared.dicom.elements import Encoding, Header, RawElement
from shared.dicom.file_meta import (
    TRANSFER_SYNTAX_UID,
    read_command_set,
    read_file_meta,
    uid_value,
)
from shared.dicom.identity import USABLE_UID
from shared.dicom.inflate import InflatedWindows
from shared.dicom.limits import DEFAULT_LIMITS, Limits
from shared.dicom.pixel_extent import check_pixel_data, pixel_element
from shared.dicom.recognition import (
    CONTAINER_KINDS,
    DICOM_KINDS,
    PREAMBLE_BYTES,
    PREFIX,
    RECOGNITION_BYTES,
    Kind,
    is_tiff,
    recognise,
)
from shared.dicom.source import Source, WindowedSource, Windows
from shared.dicom.tokens import DataSetWalk
from shared.errors import FormatError

_REFUSALS: Final = {
    Kind.EMPTY: "empty-object",
    Kind.POLYGLOT: "polyglot-preamble",
    **dict.fromkeys(CONTAINER_KINDS, "container-not-supported"),
}
_FIRST_ELEMENT_BYTES: Final = 8


def read_header(source: Source, limits: Limits = DEFAULT_LIMITS) -> Header:
    """Return everything up to the pixel data of the object behind `source`.

    Pixel data and values longer than `limits.max_inline_value_bytes` are never read.

    Raises:
        FormatError: the bytes are not a readable DICOM object; `reason` says why.
        LimitError: a limit of `limits` was exceeded.
    """
    windows = source if isinstance(source, WindowedSource) else WindowedSource(source)
    windows.max_bytes = limits.max_header_bytes
    return _HeaderReading(windows, limits).header()


class _HeaderReading:
    """The state of reading one header, so that each step stays small."""

    def __init__(self, windows: WindowedSource, limits: Limits) -> None:
        self._windows = windows
        self._limits = limits
        self._warnings: dict[str, None] = {}
        self._deflated = False

    def header(self) -> Header:
        preamble, offset = self._preamble()
        meta, offset = read_file_meta(self._windows, offset, self._limits, self._warnings)
        commands, offset = read_command_set(self._windows, offset, self._limits, self._warnings)
        uid = self._stated_syntax(meta) or self._guess(offset)
        stream, offset = self._stream(uid, offset)
        start, data = stream.window(offset, _FIRST_ELEMENT_BYTES)
        stated = syntaxes.encoding_of(uid)
        encoding = syntaxes.encoding_seen(data[offset - start :][:8], stated, self._warnings)
        walk = DataSetWalk(stream, self._limits, self._warnings)
        dataset = walk.read(offset, encoding)
        self._check_order(dataset)
        pixels = self._pixels(walk, dataset, uid, encoding)
        return Header(
            transfer_syntax_uid=uid,
            encoding=encoding,
            preamble=preamble,
            file_meta=meta,
            dataset=commands + dataset,
            trailing=self._trailing(pixels, encoding),
            pixel_data=pixels,
            warnings=tuple(self._warnings),
            object_size=self._windows.size,
            bytes_read=self._windows.bytes_read,
            deflated=self._deflated,
        )

    def _preamble(self) -> tuple[bytes | None, int]:
        head = self._windows.read(0, RECOGNITION_BYTES)
        kind = recognise(head, self._windows.size)
        if kind not in DICOM_KINDS:
            raise FormatError(_REFUSALS.get(kind, "not-dicom"))
        if kind is not Kind.PART10:
            self._warnings["no-preamble"] = None
            return None, 0
        if is_tiff(head):
            self._warnings["tiff-preamble"] = None
        return head[:PREAMBLE_BYTES], PREAMBLE_BYTES + len(PREFIX)

    @staticmethod
    def _stated_syntax(meta: tuple[RawElement, ...]) -> str:
        uid = uid_value(meta, TRANSFER_SYNTAX_UID)
        return uid if USABLE_UID.fullmatch(uid) else ""

    def _guess(self, offset: int) -> str:
        self._warnings["guessed-transfer-syntax"] = None
        return syntaxes.guessed(self._windows.read(offset, _FIRST_ELEMENT_BYTES))

    def _stream(self, uid: str, offset: int) -> tuple[Windows, int]:
        """Return the windows in which the data set stands, and where it starts there."""
        if not syntaxes.is_standard(uid):
            self._warnings["private-transfer-syntax"] = None
        if not syntaxes.is_deflated(uid):
            return self._windows, offset
        self._deflated = True
        inflated = InflatedWindows(self._windows, offset, self._limits)
        if inflated.is_wrapped:
            self._warnings["zlib-wrapped"] = None
        return inflated, 0

    def _pixels(
        self, walk: DataSetWalk, dataset: tuple[RawElement, ...], uid: str, encoding: Encoding
    ) -> RawElement | None:
        if walk.stop is None:
            return None
        windows = None if self._deflated else self._windows
        pixels = pixel_element(walk.stop, windows, self._windows.size, encoding)
        if pixels.undefined_length and "guessed-transfer-syntax" in self._warnings:
            raise FormatError("no-transfer-syntax")
        for code in check_pixel_data(pixels, dataset, uid, encoding):
            self._warnings[code] = None
        return pixels

    def _trailing(self, pixels: RawElement | None, encoding: Encoding) -> tuple[RawElement, ...]:
        """Return what follows native pixel data, or encapsulated data whose end is known."""
        if pixels is None or self._deflated:
            return ()
        offset = pixels.extent.offset + pixels.extent.length
        rest = self._windows.size - offset
        if rest > self._limits.max_trailing_bytes:
            self._warnings["trailing-too-large"] = None
            return ()
        walk = DataSetWalk(self._windows, self._limits, self._warnings)
        try:
            return walk.read(offset, encoding, stops_at_pixels=False)
        except FormatError:
            self._warnings["unreadable-trailing"] = None
            return ()

    def _check_order(self, dataset: tuple[RawElement, ...]) -> None:
        tags = [element.tag for element in dataset]
        if tags != sorted(tags):
            self._warnings["elements-out-of-order"] = None
        if len(set(tags)) != len(tags):
            self._warnings["duplicate-element"] = None
