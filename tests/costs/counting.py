"""What an instance of each size costs the services and the functions, counted and measured.

    python -m tests.costs.counting

Instances land in a metered local cloud, eight at a time, for a facility with research copies and
for one without; then the sweep runs three times. Counts are an instance's: that they are the same
for each is checked by their adding up. CPU time is that of the functions' processes, servers and
libraries included, start-up and idling excluded. Writes infra/costs/counted.json.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import tempfile
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from itertools import chain, count, product, repeat
from pathlib import Path
from typing import Any, Final, NamedTuple

from infra.costs.model import COUNTED, WITH_COPIES, WITHOUT_COPIES
from shared.adapters.chunks import ChunkReader
from tests.benchmarks.typical_ct import FRAME, a_header
from tests.costs.metered_cloud import ASK_EVERY_S, MeteredCloud, metered_cloud
from tests.costs.uses import Amount, CountError, Use, between

FACILITIES: Final[Mapping[str, Mapping[str, str]]] = {
    WITH_COPIES: {},
    WITHOUT_COPIES: {"deidentification": "none"},
}
EVENTS: Final = 2  # of an instance: it is archived, and its copy is made or is not
AT_ONCE: Final = 8


class Batch(NamedTuple):
    """Instances of a size that land together."""

    frames: int
    instances: int


class Counting:
    """A run in one cloud."""

    def __init__(self, cloud: MeteredCloud) -> None:
        self._cloud = cloud
        self._numbers = count()
        self._landed = 0
        self._asked = 0.0
        self._whole: Mapping[Use, Amount] = {}

    def warm_up(self) -> None:
        """Every client has its connections, and knows the buckets; a sweep has looked at all."""
        for facility in FACILITIES:
            self._land(facility, Batch(1, 2 * AT_ONCE))
        self._asked = time.monotonic()
        self._whole = self._swept()

    def instance(self, facility: str, batch: Batch) -> dict[str, Any]:
        """Return what one instance of a batch takes.

        Raises:
            CountError: instances differ, or something unknown was asked of a service.
        """
        cloud = self._cloud
        uses, cpu, printed = cloud.uses.so_far(), cloud.cpu_s(), cloud.log_bytes()
        size = self._land(facility, batch)
        used, taken = between(uses, cloud.uses.so_far()), cloud.cpu_s()
        told = cloud.log_bytes()
        self._clear()
        each = batch.instances
        return {
            "bytes": size,
            "instances": each,
            "uses": _facts(used, each),
            "cpu_ms": _cpu_ms(cpu, taken, each),
            "log_bytes": {stage: (told[stage] - printed[stage]) // each for stage in printed},
        }

    def sweep(self) -> dict[str, Any]:
        """Return what a sweep takes: whenever it runs, and more of it hourly and daily.

        Raises:
            CountError: what is done at intervals was done twice.
        """
        time.sleep(max(0.0, self._asked + ASK_EVERY_S - time.monotonic()))
        cpu, asked = self._cloud.cpu_s()["sweep"], time.monotonic()
        hourly = self._swept()
        if time.monotonic() > asked + ASK_EVERY_S:
            raise CountError("sweeps take too long to be told apart")
        each = self._swept()
        taken = self._cloud.cpu_s()["sweep"] - cpu
        return {
            "each run": _facts(each, 1),
            "hourly": _facts(between(each, hourly), 1),
            "daily": _facts(between(hourly, self._whole), 1),
            "cpu_ms": round(1000 * taken / 2, 1),
        }

    def _swept(self) -> Mapping[Use, Amount]:
        before = self._cloud.uses.so_far()
        self._cloud.call("sweep")
        return between(before, self._cloud.uses.so_far())

    def _land(self, facility: str, batch: Batch) -> int:
        """Return the size of each instance once all that follows from them is done."""
        numbers = [next(self._numbers) for _ in range(batch.instances)]
        with ThreadPoolExecutor(AT_ONCE) as pool:
            sizes = set(
                pool.map(lambda number: self._sent(facility, number, batch.frames), numbers)
            )
        self._landed += batch.instances
        self._cloud.settle("imaging.events", EVENTS * self._landed)
        return max(sizes)

    def _sent(self, facility: str, number: int, frames: int) -> int:
        bucket = self._cloud.facility.storage.bucket(self._cloud.profile.bucket("inbox"))
        header = a_header(number, frames)
        size = len(header) + frames * len(FRAME)
        content = ChunkReader(chain([header], repeat(FRAME, frames)))
        bucket.blob(f"{facility}/{number}.dcm").upload_from_file(
            content, size=size, checksum=None, timeout=600, if_generation_match=0
        )
        return size

    def _clear(self) -> None:
        """Forget what is stored: the server has it in memory."""
        for name in ("archive", "research"):
            for blob in self._cloud.inside.storage.list_blobs(self._cloud.profile.bucket(name)):
                blob.delete()


def _cpu_ms(
    before: Mapping[str, float], after: Mapping[str, float], instances: int
) -> dict[str, float]:
    """Return each function's milliseconds, less what one takes meanwhile that is not called."""
    taken = {stage: after[stage] - before[stage] for stage in before}
    idle = taken.pop("sweep")
    return {
        stage: round(max(0.0, 1000 * (seconds - idle) / instances), 1)
        for stage, seconds in taken.items()
    }


def _facts(used: Mapping[Use, Amount], instances: int) -> list[list[Any]]:
    """Return what was used, an instance, as rows of JSON."""
    return [
        [*use, _share(use, amount.number, instances), round(amount.bytes / instances)]
        for use, amount in sorted(used.items())
        if amount.number
    ]


def _share(use: Use, number: int, instances: int) -> int:
    share, rest = divmod(number, instances)
    if rest:
        raise CountError(f"{use} was asked {number} times for {instances} instances")
    return share


def counted(cloud: MeteredCloud, sizes: Mapping[int, int]) -> dict[str, Any]:
    """Return the counts of instances, so many by frames, for both facilities; and of a sweep."""
    counting = Counting(cloud)
    counting.warm_up()
    by_size: dict[str, dict[str, Any]] = {facility: {} for facility in FACILITIES}
    for (frames, instances), facility in product(sizes.items(), FACILITIES):
        by_size[facility][str(frames)] = counting.instance(facility, Batch(frames, instances))
    return {"instance": by_size, "sweep": counting.sweep()}


def main() -> None:
    """Count and write the report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--instances", type=int, default=60, help="of one frame, fewer of more")
    instances = parser.parse_args().instances
    sizes = {1: instances, 10: 20, 20: 10, 100: 4, 1000: 1}
    with (
        tempfile.TemporaryDirectory() as folder,
        metered_cloud(Path(folder), facilities=FACILITIES, targets={}) as cloud,
    ):
        found = counted(cloud, sizes)
    made = {
        "at": datetime.now(UTC).date().isoformat(),
        "by": "make costs-count",
        "machine": f"{os.cpu_count()} cores, Python {platform.python_version()}",
    }
    COUNTED.write_text(json.dumps({"made": made, **found}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
