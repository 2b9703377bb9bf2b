"""Encapsulated pixel data whose frames change: new fragments, new offset tables (PS3.5 A.4)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from struct import pack, unpack
from typing import Final

from shared.dicom.deidentification.cleaning.obstacles import CleaningError, Obstacle
from shared.dicom.deidentification.pixels import fragments
from shared.dicom.elements import Extent, Header, RawElement
from shared.dicom.limits import DEFAULT_LIMITS
from shared.dicom.source import Source, WindowedSource
from shared.errors import FormatError, TransientError

FrameCleaner = Callable[[bytes], bytes]

KEPT_BYTES: Final = 16 << 20
_MOST_FRAME_BYTES: Final = 64 << 20
_ITEM: Final = b"\xfe\xff\x00\xe0"
_DELIMITATION: Final = b"\xfe\xff\xdd\xe0\x00\x00\x00\x00"
_ITEM_HEADER: Final = 8
_START_OF_IMAGE: Final = b"\xff\xd8"
_EXTENDED_OFFSET_TABLE: Final = 0x7FE00001
_EXTENDED_OFFSET_TABLE_LENGTHS: Final = 0x7FE00002
_LARGEST_BASIC_OFFSET: Final = 0xFFFFFFFF

Frame = tuple[Extent, ...]  # its fragments


@dataclass(frozen=True, slots=True)
class EncapsulatedPixels:
    """Encapsulated pixel data, one fragment a frame, with their delimiter."""

    extent: Extent
    frames: tuple[Frame, ...]
    lengths: tuple[int, ...]  # of the fragments that are written
    clean: FrameCleaner
    has_table: bool
    kept: Mapping[int, bytes] = field(repr=False)  # frames that are in memory already

    @property
    def length(self) -> int:
        """The bytes of all pieces together."""
        items = sum(self.lengths) + _ITEM_HEADER * len(self.lengths)
        return _ITEM_HEADER + len(self._table()) + items + len(_DELIMITATION)

    def pieces(self, source: Source) -> Iterator[bytes]:
        """The bytes, a frame a piece.

        Raises:
            TransientError: `short-read`, the source gave less than it has.
        """
        table = self._table()
        yield _ITEM + pack("<I", len(table)) + table
        for number in range(len(self.frames)):
            cleaned = self.frame(source, number)
            yield _ITEM + pack("<I", len(cleaned)) + cleaned
        yield _DELIMITATION

    def frame(self, source: Source, number: int) -> bytes:
        """The bytes of one frame, as they are among the pieces.

        Raises:
            TransientError: `short-read`, the source gave less than it has.
        """
        kept = self.kept.get(number)
        return _even(self.clean(_read(source, self.frames[number]))) if kept is None else kept

    @property
    def offsets(self) -> tuple[int, ...]:
        """Where the item of each frame stands after the offset table."""
        sizes = (length + _ITEM_HEADER for length in self.lengths)
        return tuple(accumulate(sizes, initial=0))[:-1]

    def extended_table(self, tag: int) -> bytes | None:
        """The value of Extended Offset Table or Extended Offset Table Lengths, None of others."""
        columns = {
            _EXTENDED_OFFSET_TABLE: lambda: self.offsets,
            _EXTENDED_OFFSET_TABLE_LENGTHS: lambda: self.lengths,
        }
        column = columns.get(tag)
        return None if column is None else pack(f"<{len(self.frames)}Q", *column())

    def _table(self) -> bytes:
        """The Basic Offset Table: empty where it was, or where the offsets are too large."""
        if not self.has_table or self.offsets[-1] > _LARGEST_BASIC_OFFSET:
            return b""
        return pack(f"<{len(self.frames)}I", *self.offsets)


@dataclass(frozen=True, slots=True)
class StoredFrames:
    """The frames of encapsulated pixel data as they are in the source."""

    frames: tuple[Frame, ...]

    @classmethod
    def of(cls, header: Header, frames: int, source: Source) -> StoredFrames:
        """Those of an object; only where they stand is read.

        Raises:
            CleaningError: the frames cannot be told apart, or are too large.
            TransientError: `short-read`, the source gave less than it has.
        """
        _, grouped = _frames(_only(header.pixel_data).extent, frames, source)
        return cls(grouped)

    def frame(self, source: Source, number: int) -> bytes:
        """The bytes of one frame.

        Raises:
            TransientError: `short-read`, the source gave less than it has.
        """
        return _read(source, self.frames[number])


def encapsulated_pixels(
    header: Header, frames: int, clean: FrameCleaner, source: Source, kept_bytes: int = KEPT_BYTES
) -> EncapsulatedPixels:
    """The pixel data with every frame cleaned.

    Every frame is cleaned here once, so that what stands in the way is known before anything is
    written. Up to `kept_bytes` of them stay in memory, the rest is cleaned again when written.

    Raises:
        CleaningError: the frames cannot be told apart, are too large or cannot be cleaned.
        TransientError: `short-read`, the source gave less than it has.
    """
    pixels = _only(header.pixel_data)
    table, grouped = _frames(pixels.extent, frames, source)
    lengths: list[int] = []
    kept: dict[int, bytes] = {}
    for number, frame in enumerate(grouped):
        cleaned = _even(clean(_read(source, frame)))
        lengths.append(len(cleaned))
        if len(cleaned) <= kept_bytes:
            kept[number] = cleaned
            kept_bytes -= len(cleaned)
    return EncapsulatedPixels(pixels.extent, grouped, tuple(lengths), clean, bool(table), kept)


def _only(pixels: RawElement | None) -> RawElement:
    if pixels is None or not pixels.undefined_length:
        raise CleaningError(Obstacle.FRAMES)
    return pixels


def _frames(extent: Extent, count: int, source: Source) -> tuple[Extent | None, tuple[Frame, ...]]:
    """The Basic Offset Table, None when it is empty, and the fragments of each frame."""
    windows = WindowedSource(source)
    table, *parts = _listed(windows, extent.offset)
    starts = _starts(windows, table, parts, count)
    if starts[0] != 0 or len(starts) != count:
        raise CleaningError(Obstacle.FRAMES)
    stops = (*starts[1:], len(parts))
    grouped = tuple(tuple(parts[start:stop]) for start, stop in zip(starts, stops, strict=True))
    if any(sum(part.length for part in frame) > _MOST_FRAME_BYTES for frame in grouped):
        raise CleaningError(Obstacle.SIZE)
    return (table if table.length else None), grouped


def _listed(windows: WindowedSource, offset: int) -> list[Extent]:
    found: list[Extent] = []
    try:
        for fragment in fragments(windows, offset):
            if len(found) > DEFAULT_LIMITS.max_fragments:
                raise CleaningError(Obstacle.SIZE)
            found.append(fragment)
    except FormatError:
        raise CleaningError(Obstacle.FRAMES) from None
    if len(found) < 2:  # noqa: PLR2004 - the table and a frame
        raise CleaningError(Obstacle.FRAMES)
    return found


def _starts(
    windows: WindowedSource, table: Extent, parts: Sequence[Extent], count: int
) -> Sequence[int]:
    """Which fragments a frame begins with: by number, by the offset table, by what is in them."""
    if count in {1, len(parts)}:
        return range(0, len(parts), len(parts) if count == 1 else 1)
    if table.length == 4 * count:
        first = parts[0].offset
        numbers = {part.offset - first: number for number, part in enumerate(parts)}
        offsets = unpack(f"<{count}I", windows.read(table.offset, table.length))
        starts = [numbers.get(offset, -1) for offset in offsets]
        if -1 in starts or starts != sorted(set(starts)):
            raise CleaningError(Obstacle.FRAMES)
        return starts
    heads = (windows.read(part.offset, min(part.length, 2)) for part in parts)
    return [number for number, head in enumerate(heads) if head == _START_OF_IMAGE] or [-1]


def _read(source: Source, frame: Frame) -> bytes:
    pieces = [source.read(part.offset, part.length) for part in frame]
    if sum(map(len, pieces)) != sum(part.length for part in frame):
        raise TransientError("short-read")
    return b"".join(pieces)


def _even(codestream: bytes) -> bytes:
    return codestream + b"\x00" * (len(codestream) & 1)
