"""One pass over a zip archive, by its directory."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from functools import partial
from itertools import pairwise
from struct import Struct
from typing import Final

from shared.containers.limits import Allowance
from shared.containers.members import CHUNK_BYTES, Member
from shared.containers.names import Names, decoded
from shared.containers.zip_directory import (
    ENCRYPTED,
    LOCAL_BYTES,
    STORED,
    ZipEntry,
    read_directory,
)
from shared.dicom.source import WindowedSource
from shared.errors import FormatError

_LOCAL: Final = Struct("<4s5H3L2H")
_LOCAL_MAGIC: Final = b"PK\x03\x04"


class ZipWalk:
    """The members of a zip archive.

    Sizes are the directory's. They decide before any member is read, and while it is read a
    member may not have a byte more or less.
    """

    def __init__(self, source: WindowedSource, allowance: Allowance) -> None:
        self._source = source
        self._allowance = allowance
        self.warnings: list[str] = []
        self.total_bytes = 0
        self._ends: dict[int, int] = {}  # where the next entry begins, by an entry's offset

    def __iter__(self) -> Iterator[Member]:
        """Yield the members in the order of the directory."""
        entries = read_directory(self._source, self._allowance)
        self._ends = dict(pairwise(sorted(entry.offset for entry in entries)))
        names = Names(self._allowance.limits.max_path_bytes)
        members = []
        files = (entry for entry in entries if not entry.is_folder)
        for index, entry in enumerate(files):
            members.append(self._member(entry, index, names))
            self._allowance.check_total(self.total_bytes)
        yield from members

    def _member(self, entry: ZipEntry, index: int, names: Names) -> Member:
        name, refusal = names.give(decoded(entry.path), index)
        sizes = self._allowance.refusal_of_sizes(entry.size, entry.stored)
        if refusal := entry.refusal or refusal or sizes:
            return Member(index=index, name=name, refusal=refusal)
        self.total_bytes += entry.size
        return Member(index=index, name=name, size=entry.size, chunks=partial(self._chunks, entry))

    def _chunks(self, entry: ZipEntry) -> Iterator[bytes]:
        raw = self._raw(entry, self._data_offset(entry))
        size = crc32 = 0
        for data in raw if entry.method == STORED else _inflated(raw):
            size, crc32 = size + len(data), zlib.crc32(data, crc32)
            if size > entry.size:
                raise FormatError("member-damaged")
            yield data
        if (size, crc32) != (entry.size, entry.crc32):
            raise FormatError("member-damaged")

    def _data_offset(self, entry: ZipEntry) -> int:
        header = self._source.read(entry.offset, LOCAL_BYTES)
        if len(header) < LOCAL_BYTES or not header.startswith(_LOCAL_MAGIC):
            raise FormatError("member-damaged")
        _, _, flags, method, *_, path, extra = _LOCAL.unpack(header)
        if method != entry.method or flags & ENCRYPTED:
            raise FormatError("member-damaged")
        return entry.offset + LOCAL_BYTES + int(path) + int(extra)

    def _raw(self, entry: ZipEntry, offset: int) -> Iterator[bytes]:
        end = offset + entry.stored
        if end > self._ends.get(entry.offset, end):
            raise FormatError("members-overlap")
        while offset < end:
            data = self._source.read(offset, min(CHUNK_BYTES, end - offset))
            if not data:
                raise FormatError("member-damaged")
            offset += len(data)
            yield data


def _inflated(chunks: Iterator[bytes]) -> Iterator[bytes]:
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        for chunk in chunks:
            data = chunk
            while data and not inflater.eof:
                if output := inflater.decompress(data, CHUNK_BYTES):
                    yield output
                data = inflater.unconsumed_tail
        yield inflater.flush() if not inflater.eof else b""
    except zlib.error:
        raise FormatError("member-damaged") from None
    if not inflater.eof:
        raise FormatError("member-damaged")
