"""A multi-frame of 500 MB through the handler `deidentify`, and through the client of its storage.

    python -m tests.benchmarks.large_deid ROUNDS

The handler has the adapter that it is deployed with, and a server of `object_server`. One object is
a CT whose pixel data go through unchanged; one has compressed frames that do, of 100 kB each; one
is a colour ultrasound, of which every frame is made black around its region. The copy reads the CT
by the same adapter and writes it by it, in the same pieces, unchanged: not the copy that the
service makes by itself. The ways take turns; what was written is deleted between them. Prints the
seconds of each round, and how much memory was resident at most when the handler had taken the CT
once, then the compressed frames, then the ultrasound; nothing else had been done but to send them.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from functions.deidentify.handler import Deidentify
from shared.adapters.cloud_storage import CloudStorage
from shared.adapters.memory import ManualClock, MemoryTopic
from shared.contracts.facilities import Facilities
from shared.contracts.objects import StoredObject
from shared.contracts.outcome import OutcomeKind
from shared.dicom.deidentification.options import Option
from shared.dicom.deidentification.profile import BASIC, Profile
from shared.dicom.deidentification.pseudonyms import PseudonymKey
from shared.dicom.elements import Extent
from shared.dicom.source import extent_pieces
from shared.object_source import ObjectSource
from tests.benchmarks.object_server import PROJECT, serving_large
from tests.benchmarks.typical_ct import FRAME, a_header
from tests.large_objects import LargeObject, a_large_compressed, a_large_ultrasound
from tests.outcomes import an_outcome

FRAMES: Final = 954  # 500 MB
ARCHIVE: Final = "archive"
RESEARCH: Final = "research"
COPIES: Final = "copies"
PROFILES: Final = {
    "ct": BASIC,
    "compressed": BASIC,
    "ultrasound": Profile(name="cleaning", options=frozenset({Option.CLEAN_PIXEL_DATA})),
}


class Bench:
    """The objects, and the ways to get them from one bucket into another."""

    def __init__(self) -> None:
        self.store = CloudStorage(PROJECT)
        self.handler = Deidentify(
            objects=self.store,
            outcomes=MemoryTopic(),
            clock=ManualClock(),
            key=PseudonymKey(b"only for measurements", "bench"),
            research=RESEARCH,
            facilities=Facilities({}),
            profiles=PROFILES,
        )
        ct = LargeObject(a_header(1, FRAMES), FRAME, FRAMES)
        self.originals = {
            "ct": self._sent("ct", ct),
            "compressed": self._sent("compressed", a_large_compressed(ct.size)),
            "ultrasound": self._sent("ultrasound", a_large_ultrasound(ct.size)),
        }

    def _sent(self, name: str, large: LargeObject) -> StoredObject:
        stored = self.store.write(ARCHIVE, name, large.chunks())
        assert stored is not None
        return stored

    def deidentify(self) -> None:
        """Have the handler make the research copy of the CT."""
        self._handle("ct")

    def pass_compressed(self) -> None:
        """Have the handler make that of the compressed frames."""
        self._handle("compressed")

    def clean(self) -> None:
        """Have the handler make that of the ultrasound."""
        self._handle("ultrasound")

    def _handle(self, facility: str) -> None:
        done = self.handler(an_outcome(facility=facility, target=self.originals[facility]))
        assert done.fields["outcome"] == OutcomeKind.DEIDENTIFIED.value, done

    def copy(self) -> None:
        """Read the CT and write it again."""
        source = ObjectSource(self.store, self.originals["ct"])
        pieces = extent_pieces(Extent(0, source.size), source)
        assert self.store.write(COPIES, "ct", pieces) is not None

    def seconds(self, way: Callable[[], None]) -> float:
        """How long one way takes, before what it wrote is deleted."""
        started = time.perf_counter()
        way()
        taken = time.perf_counter() - started
        for bucket in (RESEARCH, COPIES):
            for stored in self.store.list(bucket):
                self.store.delete(stored.version)
        return taken


def resident_mb() -> float:
    """The most memory that this process has had, in MB."""
    lines = Path("/proc/self/status").read_text("ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) * 1024 / 1e6


def measured(rounds: int) -> dict[str, Any]:
    """The figures of so many rounds."""
    bench = Bench()
    ways = {
        "deidentify": bench.deidentify,
        "compressed": bench.pass_compressed,
        "clean": bench.clean,
    }
    resident = {}
    for name, way in ways.items():
        bench.seconds(way)
        resident[name] = resident_mb()
    ways["copy"] = bench.copy
    return {
        "bytes": {name: original.size for name, original in bench.originals.items()},
        "rss_mb": resident["deidentify"],
        "rss_mb_compressed": resident["compressed"],
        "rss_mb_changed": resident["clean"],
        "rounds": [{name: bench.seconds(way) for name, way in ways.items()} for _ in range(rounds)],
    }


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder, serving_large(Path(folder)) as clients:
        os.environ.update(clients)
        print(json.dumps(measured(int(sys.argv[1]))))


if __name__ == "__main__":
    main()
