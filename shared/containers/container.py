"""One container of any supported format, over a source that is read by ranges."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final

from shared.containers.gzip_walk import GzipWalk
from shared.containers.limits import Allowance
from shared.containers.members import Member, Walk
from shared.containers.streams import PlainStream
from shared.containers.tar_walk import TarWalk
from shared.containers.zip_walk import ZipWalk
from shared.dicom.limits import MIB
from shared.dicom.recognition import Kind
from shared.dicom.source import FIRST_WINDOW_BYTES, Source, WindowedSource

EXPANDABLE: Final = frozenset({Kind.ZIP, Kind.TAR, Kind.GZIP})


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What a first pass over a container found."""

    members: int
    total_bytes: int
    warnings: tuple[str, ...]
    bytes_read: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """A container; every pass over it finds the same members under the same names."""

    source: Source
    kind: Kind  # one of EXPANDABLE
    name: str
    allowance: Allowance

    def survey(self) -> Survey:
        """Return what the container holds, so that what exceeds a limit is refused whole.

        Raises:
            FormatError: it is damaged so that not even one member is known.
            LimitError: it exceeds a limit.
        """
        self.allowance.check_depth()
        # The headers of a tar lie between its members, which need not be read.
        source = self._windows(FIRST_WINDOW_BYTES if self.kind is Kind.TAR else MIB)
        walk = self._walk(source)
        members = sum(1 for _ in walk)
        return Survey(
            members=members,
            total_bytes=walk.total_bytes,
            warnings=tuple(walk.warnings),
            bytes_read=source.bytes_read,
        )

    def members(self, first: int = 0) -> Iterator[Member]:
        """Yield the members from the `first` on; each is read before the next is asked for."""
        return islice(self._walk(self._windows()), first, None)

    def _windows(self, first_window: int = MIB) -> WindowedSource:
        return WindowedSource(self.source, first_window=first_window, largest_window=2 * MIB)

    def _walk(self, source: WindowedSource) -> Walk:
        if self.kind is Kind.ZIP:
            return ZipWalk(source, self.allowance)
        stream = PlainStream(source)
        if self.kind is Kind.TAR:
            return TarWalk(stream, self.allowance)
        return GzipWalk(stream, self.allowance, self.name)
