"""The central directory of a zip archive (APPNOTE 6.3.10, Section 4.3.12)."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from dataclasses import dataclass
from struct import Struct
from typing import Final

from shared.containers.limits import Allowance
from shared.dicom.source import WindowedSource
from shared.errors import FormatError, LimitError

STORED: Final = 0
DEFLATED: Final = 8
ENCRYPTED: Final = 0x0001 | 0x0040 | 0x2000  # flags: encrypted, strongly, directory too
LOCAL_BYTES: Final = 30

_AES: Final = 99
_END: Final = Struct("<4s4H2LH")
_END_MAGIC: Final = b"PK\x05\x06"
_LOCATOR: Final = Struct("<4sLQL")
_LOCATOR_MAGIC: Final = b"PK\x06\x07"
_END64: Final = Struct("<4sQ2H2L4Q")
_END64_MAGIC: Final = b"PK\x06\x06"
_ENTRY: Final = Struct("<4s6H3L5H2L")
_ENTRY_MAGIC: Final = b"PK\x01\x02"
_LONGEST_COMMENT: Final = 0xFFFF
_IN_EXTRA: Final = 0xFFFFFFFF
_SHORT_IN_EXTRA: Final = 0xFFFF
_ZIP64_EXTRA: Final = 0x0001
_UNIX: Final = 3


@dataclass(frozen=True, slots=True)
class ZipEntry:
    """What the directory says of one entry."""

    path: bytes
    flags: int
    method: int
    crc32: int
    stored: int  # bytes in the archive
    size: int  # bytes when inflated
    offset: int  # of its local header
    mode: int  # of the file, as Unix has it, or 0

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder; one with bytes is not."""
        marked = self.path.endswith((b"/", b"\\")) or stat.S_ISDIR(self.mode)
        return marked and self.size == 0

    @property
    def refusal(self) -> str | None:
        """Why it is not read, as far as that does not depend on limits."""
        kind = stat.S_IFMT(self.mode)
        if kind == stat.S_IFLNK:
            return "member-link"
        if kind not in {0, stat.S_IFREG, stat.S_IFDIR}:
            return "member-special-file"
        if self.flags & ENCRYPTED or self.method == _AES:
            return "member-encrypted"
        if self.method not in {STORED, DEFLATED}:
            return "member-compression-unsupported"
        return None


@dataclass(frozen=True, slots=True)
class _Extent:
    """Where the directory stands."""

    offset: int
    size: int
    entries: int


def read_directory(source: WindowedSource, allowance: Allowance) -> list[ZipEntry]:
    """Return every entry.

    Raises:
        FormatError: there is no directory, or it is damaged.
        LimitError: it, or the number of its entries, exceeds a limit.
    """
    extent = _directory_extent(source)
    if extent.size > allowance.limits.max_directory_bytes:
        raise LimitError("container-directory-too-large")
    allowance.check_entries(extent.entries)
    data = source.read(extent.offset, extent.size)
    entries: list[ZipEntry] = []
    for entry in _entries(data):
        entries.append(entry)
        allowance.check_entries(len(entries))
    _check_apart(entries, extent.offset)
    return entries


def _directory_extent(source: WindowedSource) -> _Extent:
    start = max(0, source.size - _END.size - _LONGEST_COMMENT)
    tail = source.read(start, source.size - start)
    at = _last_end(tail)
    _, disk, first_disk, here, entries, size, offset, _ = _END.unpack_from(tail, at)
    extent = _Extent(offset, size, entries)
    if _IN_EXTRA in {size, offset} or _SHORT_IN_EXTRA in {disk, first_disk, here, entries}:
        extent = _zip64_extent(source, start + at) or extent
    elif disk or first_disk or here != entries:
        raise FormatError("container-split")
    if extent.offset + extent.size > start + at:
        raise FormatError("container-damaged")
    return extent


def _last_end(tail: bytes) -> int:
    at = tail.rfind(_END_MAGIC)
    while at >= 0:
        if len(tail) - at >= _END.size:
            comment = _END.unpack_from(tail, at)[-1]
            if at + _END.size + comment <= len(tail):
                return at
        at = tail.rfind(_END_MAGIC, 0, at)
    raise FormatError("container-damaged")


def _zip64_extent(source: WindowedSource, end: int) -> _Extent | None:
    if end < _LOCATOR.size:
        return None
    locator = source.read(end - _LOCATOR.size, _LOCATOR.size)
    magic, disk, offset, disks = _LOCATOR.unpack(locator)
    if magic != _LOCATOR_MAGIC:
        return None
    if disk or disks > 1:
        raise FormatError("container-split")
    record = source.read(offset, _END64.size) if offset < end else b""
    if len(record) != _END64.size or not record.startswith(_END64_MAGIC):
        raise FormatError("container-damaged")
    *_, entries, size, where = _END64.unpack(record)
    return _Extent(where, size, entries)


def _entries(data: bytes) -> Iterator[ZipEntry]:
    position = 0
    while position < len(data):
        if not data.startswith(_ENTRY_MAGIC, position) or len(data) - position < _ENTRY.size:
            raise FormatError("container-damaged")
        found = _ENTRY.unpack_from(data, position)
        path_at = position + _ENTRY.size
        extra_at = path_at + found[10]
        position = extra_at + found[11] + found[12]
        if position > len(data):
            raise FormatError("container-damaged")
        yield _entry(found, data[path_at:extra_at], data[extra_at : extra_at + found[11]])


def _entry(found: tuple[int, ...], path: bytes, extra: bytes) -> ZipEntry:
    made_by, flags, method, crc32 = found[1], found[3], found[4], found[7]
    values = [found[9], found[8], found[16]]  # as zip64 has them: size, stored, offset
    wide = iter(_zip64_values(extra))
    for number, value in enumerate(values):
        if value == _IN_EXTRA:
            values[number] = next(wide, value)
    size, stored, offset = values
    mode = found[15] >> 16 if made_by >> 8 == _UNIX else 0
    return ZipEntry(path, flags, method, crc32, stored, size, offset, mode)


def _zip64_values(extra: bytes) -> list[int]:
    position = 0
    while position + 4 <= len(extra):
        kind = int.from_bytes(extra[position : position + 2], "little")
        length = int.from_bytes(extra[position + 2 : position + 4], "little")
        body = extra[position + 4 : position + 4 + length]
        if kind == _ZIP64_EXTRA:
            whole = range(0, len(body) - 7, 8)
            return [int.from_bytes(body[at : at + 8], "little") for at in whole]
        position += 4 + length
    return []


def _check_apart(entries: list[ZipEntry], directory: int) -> None:
    """Return only when no two entries share bytes, nor one with the directory."""
    floor = 0
    for entry in sorted(entries, key=lambda entry: entry.offset):
        if entry.offset < floor:
            raise FormatError("members-overlap")
        floor = entry.offset + LOCAL_BYTES + len(entry.path) + entry.stored
    if floor > directory:
        raise FormatError("members-overlap" if entries else "container-damaged")
