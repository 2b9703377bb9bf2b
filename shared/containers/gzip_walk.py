"""One pass over a gzip file: a tar archive inside, or one member."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from shared.containers.limits import Allowance
from shared.containers.members import CHUNK_BYTES, Member
from shared.containers.names import Names
from shared.containers.streams import CorruptError, InflatedStream, PlainStream
from shared.containers.tar_walk import TarWalk
from shared.dicom.recognition import RECOGNITION_BYTES, Kind, recognise
from shared.errors import FormatError, LimitError

_ENDINGS: Final = (".gz", ".GZ")
_UNNAMED: Final = "content"


class GzipWalk:
    """The members of a tar.gz, or the one file that was compressed."""

    def __init__(self, compressed: PlainStream, allowance: Allowance, name: str) -> None:
        self._stream = InflatedStream(compressed, allowance)
        self._allowance = allowance
        self._name = name
        self.warnings: list[str] = []
        self.total_bytes = 0

    def __iter__(self) -> Iterator[Member]:
        """Yield the members; a file that is damaged anywhere is none at all."""
        head = self._stream.peek(RECOGNITION_BYTES)
        if recognise(head, max(len(head), 1)) is Kind.TAR:
            tar = TarWalk(self._stream, self._allowance)
            yield from tar
            self.warnings += tar.warnings or self._rest_of_tar()
        else:
            yield self._only_member()
            self._drain()
        self.total_bytes = self._stream.position
        if self._stream.has_trailing_bytes:
            self.warnings.append("container-trailing-bytes")

    def _rest_of_tar(self) -> list[str]:
        """Read what follows the archive's end, for the checksum behind it."""
        try:
            self._drain()
        except CorruptError:
            raise
        except FormatError:
            return ["container-cut-short"]
        return []

    def _drain(self) -> None:
        while self._stream.read(CHUNK_BYTES):
            pass

    def _only_member(self) -> Member:
        own = self._name.rpartition("/")[2]
        for ending in _ENDINGS:
            own = own.removesuffix(ending)
        names = Names(self._allowance.limits.max_path_bytes)
        name, refusal = names.give(own or _UNNAMED, 0)
        if refusal:
            name, _ = names.give(_UNNAMED, 0)
        return Member(index=0, name=name, size=None, chunks=self._chunks)

    def _chunks(self) -> Iterator[bytes]:
        limit = self._allowance.limits.max_entry_bytes
        try:
            while data := self._stream.read(CHUNK_BYTES):
                if self._stream.position > limit:
                    raise LimitError("member-too-large")
                yield data
        except FormatError:
            raise FormatError("member-damaged") from None
