"""One pass over a tar archive."""

from __future__ import annotations

from collections.abc import Iterator

from shared.containers.limits import Allowance
from shared.containers.members import CHUNK_BYTES, Member
from shared.containers.names import Names, decoded
from shared.containers.streams import CorruptError, Stream
from shared.containers.tar_headers import (
    BLOCK_BYTES,
    EXTENDED,
    FILES,
    FOLDER,
    LINKS,
    LONG_NAME,
    PAX,
    WITHOUT_DATA,
    TarHeader,
    is_sparse,
    parse,
    pax_records,
    pax_size,
)
from shared.errors import FormatError, LimitError


class TarWalk:
    """The members of a tar archive, plain or inflated on the way."""

    def __init__(self, stream: Stream, allowance: Allowance) -> None:
        self._stream = stream
        self._allowance = allowance
        self._names = Names(allowance.limits.max_path_bytes)
        self._entries = 0
        self._extended: dict[str, bytes] = {}
        self.warnings: list[str] = []
        self.total_bytes = 0

    def __iter__(self) -> Iterator[Member]:
        """Yield the members; an archive that ends early is told by a warning."""
        index = 0
        try:
            while (header := self._next_header()) is not None:
                end = self._stream.position + header.padded_size
                if header.type != FOLDER:
                    yield self._member(header, index)
                    index += 1
                self._stream.skip(end - self._stream.position)
                self.total_bytes += header.size
                self._allowance.check_total(self.total_bytes)
        except FormatError as error:
            if not index or isinstance(error, CorruptError):
                raise
            self.warnings.append("container-cut-short")

    def _next_header(self) -> TarHeader | None:
        """Return the next member's header with its extensions applied, None at the end."""
        self._extended = {}
        while True:
            block = self._stream.read(BLOCK_BYTES)
            if not block.strip(b"\0"):
                return None
            header = parse(block)
            self._entries += 1
            self._allowance.check_entries(self._entries)
            if header.type not in EXTENDED:
                return self._applied(header)
            self._extend(header)

    def _extend(self, header: TarHeader) -> None:
        if header.size > self._allowance.limits.max_extended_header_bytes:
            raise LimitError("member-header-too-large")
        data = self._stream.read(header.padded_size)[: header.size]
        if len(data) < header.size:
            raise FormatError("container-damaged")
        if header.type == PAX:
            self._extended |= pax_records(data)
        elif header.type == LONG_NAME:
            self._extended["path"] = data.partition(b"\0")[0]

    def _applied(self, header: TarHeader) -> TarHeader:
        size = pax_size(self._extended)
        size = header.size if size is None else size
        path = self._extended.get("path", header.path)
        return TarHeader(path, 0 if header.type in WITHOUT_DATA else size, header.type)

    def _member(self, header: TarHeader, index: int) -> Member:
        name, refusal = self._names.give(decoded(header.path), index)
        refusal = self._refusal(header) or refusal
        if refusal:
            return Member(index=index, name=name, refusal=refusal)
        return Member(
            index=index, name=name, size=header.size, chunks=lambda: self._chunks(header.size)
        )

    def _refusal(self, header: TarHeader) -> str | None:
        if header.type in LINKS:
            return "member-link"
        if header.type not in FILES or is_sparse(self._extended):
            return "member-special-file"
        # What is not compressed cannot inflate; what is, the stream itself watches.
        return self._allowance.refusal_of_sizes(header.size, header.size)

    def _chunks(self, size: int) -> Iterator[bytes]:
        while size:
            try:
                data = self._stream.read(min(size, CHUNK_BYTES))
            except FormatError:
                data = b""
            if not data:
                raise FormatError("member-damaged")
            size -= len(data)
            yield data
