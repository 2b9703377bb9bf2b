"""The header of one untrusted object, read by ranges and within limits."""

from __future__ import annotations

import time
from collections.abc import Callable
from operator import lt
from typing import Final

from shared.dicom import transfer_syntax as syntaxes
from shared.dicom.elements import UNDEFINED_LENGTH, Encoding, Header, RawElement
from shared.dicom.file_meta import (
    TRANSFER_SYNTAX_UID,
    read_command_set,
    read_file_meta,
    uid_value,
)
from shared.dicom.identity import USABLE_UID
from shared.dicom.inflate import InflatedWindows
from shared.dicom.limits import DEFAULT_LIMITS, Limits
from shared.dicom.pixel_extent import (
    check_pixel_data,
    deflated_element,
    encapsulated_element,
    native_element,
    stated_fragments,
)
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
from shared.dicom.tokens import DataSetWalk, Stop
from shared.errors import FormatError

_REFUSALS: Final = {
    Kind.EMPTY: "empty-object",
    Kind.POLYGLOT: "polyglot-preamble",
    **dict.fromkeys(CONTAINER_KINDS, "container-not-supported"),
}
_FIRST_ELEMENT_BYTES: Final = 8


def read_header(
    source: Source,
    limits: Limits = DEFAULT_LIMITS,
    clock: Callable[[], float] = time.monotonic,
    *,
    surveys_pixels: bool = False,
) -> Header:
    """Return everything up to the pixel data of the object behind `source`.

    Values longer than `limits.max_inline_value_bytes` are not read, but for texts of up to
    `limits.max_text_value_bytes`. Of pixel data item headers and offset tables alone are read,
    and only when they are to be surveyed; else no request is spent on them.

    Raises:
        FormatError: the bytes are not a readable DICOM object; `reason` says why.
        LimitError: a limit of `limits` was exceeded.
        TransientError: the source gave less than it has, or took longer than `max_read_s`.
    """
    windows = source if isinstance(source, WindowedSource) else WindowedSource(source)
    windows.bound(limits, clock)
    return _HeaderReading(windows, limits, surveys_pixels=surveys_pixels).header()


class _HeaderReading:
    """The state of reading one header, so that each step stays small."""

    def __init__(self, windows: WindowedSource, limits: Limits, *, surveys_pixels: bool) -> None:
        self._windows = windows
        self._limits = limits
        self._surveys_pixels = surveys_pixels
        self._warnings: dict[str, None] = {}
        self._inflated: InflatedWindows | None = None

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
            deflated=self._inflated is not None,
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
        self._inflated = InflatedWindows(self._windows, offset, self._limits)
        if self._inflated.is_wrapped:
            self._warnings["zlib-wrapped"] = None
        return self._inflated, 0

    def _pixels(
        self, walk: DataSetWalk, dataset: tuple[RawElement, ...], uid: str, encoding: Encoding
    ) -> RawElement | None:
        stop = walk.stop
        if stop is None:
            return None
        pixels, codes = self._located(stop, dataset, uid, encoding)
        codes += check_pixel_data(pixels, dataset, uid, encoding)
        self._warnings.update(dict.fromkeys(codes))
        return pixels

    def _located(
        self, stop: Stop, dataset: tuple[RawElement, ...], uid: str, encoding: Encoding
    ) -> tuple[RawElement, tuple[str, ...]]:
        if self._inflated is not None:
            return deflated_element(stop, self._inflated, checks=self._surveys_pixels)
        if stop.length != UNDEFINED_LENGTH:
            return native_element(stop, self._windows), ()
        if "guessed-transfer-syntax" in self._warnings:
            raise FormatError("no-transfer-syntax")
        stated = stated_fragments(dataset, uid) if self._surveys_pixels else None
        return encapsulated_element(stop, self._windows, stated, self._limits, encoding)

    def _trailing(self, pixels: RawElement | None, encoding: Encoding) -> tuple[RawElement, ...]:
        """Return what follows native pixel data, or encapsulated data whose end is known."""
        if pixels is None or self._inflated is not None:
            return ()
        offset = pixels.extent.offset + pixels.extent.length
        rest = self._windows.size - offset
        if not rest:
            return ()
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
        if all(map(lt, tags, tags[1:])):
            return
        if tags != sorted(tags):
            self._warnings["elements-out-of-order"] = None
        if len(set(tags)) != len(tags):
            self._warnings["duplicate-element"] = None
