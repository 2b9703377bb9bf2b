"""A multi-frame of 500 MB through the handler `deidentify`, and through the client of its storage.

    python -m tests.benchmarks.large_deid ROUNDS

Speaks to the Cloud Storage that the environment names; `bench_deid` starts one. The handler has the
adapter that it is deployed with; the copy reads the object by the same adapter and writes it by it,
in the same pieces, unchanged. The two take turns; what was written is deleted between them. Prints
the seconds of each round, and how much memory was resident at most when only the handler had run.
The emulator takes the longer for a piece the more it has of an object, the service does not.
"""

from __future__ import annotations

import itertools
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from google.auth.credentials import AnonymousCredentials
from google.cloud.storage import Client

from functions.deidentify.handler import Deidentify
from shared.adapters.chunks import ChunkReader
from shared.adapters.cloud_storage import UPLOAD_CHUNK_BYTES, CloudStorage
from shared.adapters.memory import ManualClock, MemoryTopic
from shared.contracts.objects import StoredObject
from shared.contracts.outcome import OutcomeKind
from shared.dicom.deidentification.profile import BASIC
from shared.dicom.deidentification.pseudonyms import PseudonymKey
from shared.dicom.elements import Extent
from shared.dicom.source import extent_pieces
from shared.object_source import ObjectSource
from tests.benchmarks.typical_ct import FRAME, a_header
from tests.outcomes import an_outcome

FRAMES: Final = 954  # 500 MB
ARCHIVE: Final = "bench-archive"
RESEARCH: Final = "bench-research"
COPIES: Final = "bench-copies"
PROJECT: Final = "bench"
FACILITY: Final = "demo-hospital"


class Bench:
    """The object, and both ways to get it from one bucket into another."""

    def __init__(self) -> None:
        self.client = Client(project=PROJECT, credentials=AnonymousCredentials())
        for name in (ARCHIVE, RESEARCH, COPIES):
            self.client.create_bucket(name)
        self.store = CloudStorage(PROJECT)
        self.outcomes = MemoryTopic()
        self.handler = Deidentify(
            objects=self.store,
            outcomes=self.outcomes,
            clock=ManualClock(),
            key=PseudonymKey(b"only for measurements", "bench"),
            research=RESEARCH,
            profiles={FACILITY: BASIC},
        )
        self.original = self._sent()

    def _sent(self) -> StoredObject:
        blob = self.client.bucket(ARCHIVE).blob("large.dcm", chunk_size=UPLOAD_CHUNK_BYTES)
        header = a_header(1, FRAMES)
        content = ChunkReader(itertools.chain([header], itertools.repeat(FRAME, FRAMES)))
        size = len(header) + FRAMES * len(FRAME)
        blob.upload_from_file(content, size=size, checksum=None, timeout=600)
        found = self.store.find(ARCHIVE, "large.dcm")
        assert found is not None
        return found

    def deidentify(self) -> None:
        """Have the handler make its research copy."""
        done = self.handler(an_outcome(facility=FACILITY, target=self.original))
        assert done.fields["outcome"] == OutcomeKind.DEIDENTIFIED.value, done

    def copy(self) -> None:
        """Read the object and write it again."""
        source = ObjectSource(self.store, self.original)
        pieces = extent_pieces(Extent(0, source.size), source)
        assert self.store.write(COPIES, "large.dcm", pieces) is not None

    def seconds(self, way: Callable[[], None]) -> float:
        """How long one way takes; the server, which has objects in memory, then forgets them."""
        started = time.perf_counter()
        way()
        taken = time.perf_counter() - started
        for bucket in (RESEARCH, COPIES):
            for blob in self.client.list_blobs(bucket):
                blob.delete()
        return taken


def resident_mb() -> float:
    """The most memory that this process has had, in MB."""
    lines = Path("/proc/self/status").read_text("ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) * 1024 / 1e6


def main() -> None:
    """Measure and print."""
    bench = Bench()
    bench.seconds(bench.deidentify)
    rss_mb = resident_mb()
    rounds = [
        {"deidentify": bench.seconds(bench.deidentify), "copy": bench.seconds(bench.copy)}
        for _ in range(int(sys.argv[1]))
    ]
    print(json.dumps({"bytes": bench.original.size, "rss_mb": rss_mb, "rounds": rounds}))


if __name__ == "__main__":
    main()
