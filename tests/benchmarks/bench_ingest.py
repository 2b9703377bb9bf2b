"""Ingest and index of CT instances against the calls they make, and against the usual function.

    python -m tests.benchmarks.bench_ingest

Three ways take in instances of 512 x 512 x 16 bits, one after another, from the servers of the
local cloud: our handlers as wired; the floor, which makes the same calls of the services with the
same libraries and does nothing else; and the usual function, which downloads, reads with pydicom,
inserts a row, uploads and deletes. Measured is the CPU time of this process, all its threads, and
the time on the wall; the ways take turns, and ratios are taken within each round. Writes
build/bench/ingest.json.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import platform
import subprocess
import tempfile
import time
from base64 import b64encode
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from itertools import chain, count, islice, product, repeat
from pathlib import Path
from typing import Any, Final, NamedTuple

import requests
from google.cloud.bigquery import SchemaField, Table
from google.cloud.storage import Blob, Client

from infra.bundle import build
from infra.definition import load_pipeline
from infra.local.clients import Clients
from infra.local.endpoints import HOST, Endpoints
from infra.local.functions import function_program, unpack
from infra.local.layout import Layout
from infra.local.overrides import load_profile
from infra.local.program import Program
from infra.local.wiring import Wiring
from shared.adapters.chunks import ChunkReader
from shared.contracts.message import Message
from shared.contracts.objects import ObjectVersion
from shared.contracts.upload import Upload
from tests.benchmarks import bench_header
from tests.benchmarks.rounds import medians, ratios
from tests.benchmarks.typical_ct import FRAME, a_header
from tests.benchmarks.ways_of_ingest import (
    ARCHIVES,
    USUAL_COLUMNS,
    USUAL_TABLE,
    Call,
    Floor,
    Ours,
    Usual,
    Way,
)
from tests.integration.servers import serving

ROOT: Final = Path(__file__).parents[2]
REPORT: Final = ROOT / "build" / "bench" / "ingest.json"
INBOX: Final = "bench-inbox"
FACILITY: Final = "demo-hospital"
LARGE_FRAMES: Final = 1000
CONCURRENT: Final = 80
RESIDENT_UPLOADS: Final = 10 * CONCURRENT
BATCH: Final = 100
THREADS: Final = 8  # the pool of connections that the usual client has holds ten
MIB: Final = 1 << 20


class Cost(NamedTuple):
    """What taking in some objects cost this process, in milliseconds an object."""

    cpu_ms: float
    wall_ms: float


Costs = dict[str, Cost]


class Bench:
    """The servers as they run, and the buckets and tables that are measured on."""

    def __init__(self, clients: Clients) -> None:
        profile, pipeline = load_profile(), load_pipeline()
        wiring = Wiring(clients, profile, Endpoints.choose(pipeline.functions))
        for topic in pipeline.topics.values():
            wiring.topic(topic)
        for bucket in pipeline.buckets:
            wiring.bucket(bucket)
        for dataset in pipeline.datasets.values():
            wiring.dataset(replace(dataset, views=()))
        table = f"{clients.project}.{USUAL_TABLE}"
        clients.bigquery.create_dataset(table.rpartition(".")[0])
        fields = [SchemaField(name, "STRING") for name in USUAL_COLUMNS]
        clients.bigquery.create_table(Table(table, fields))
        self.clients = clients
        self.inbox = clients.storage.create_bucket(INBOX)
        self._archives = [clients.storage.create_bucket(name) for name in ARCHIVES.values()]
        self._archives.append(clients.storage.bucket(profile.bucket("archive")))

    def land(self, numbers: Iterable[int]) -> list[Message]:
        """Return the news of instances that a facility has sent."""
        return [_news(self.sent(f"{number}.dcm", number)) for number in numbers]

    def land_again(self, source: Blob) -> list[Message]:
        """Return the news of another upload of an object, which the service itself copies."""
        blob = self.inbox.blob(f"{source.name}/again")
        blob.rewrite(source, timeout=600)
        return [_news(blob)]

    def sent(self, name: str, number: int, frames: int = 1) -> Blob:
        """Return an instance that was uploaded to the inbox."""
        blob = self.inbox.blob(f"{FACILITY}/{name}")
        header = a_header(number, frames)
        content = ChunkReader(chain([header], repeat(FRAME, frames)))
        size = len(header) + frames * len(FRAME)
        blob.upload_from_file(content, size=size, checksum=None, timeout=600)
        return blob

    def clear(self) -> None:
        """Forget what was archived: the server has it in memory."""
        for bucket in self._archives:
            for blob in self.clients.storage.list_blobs(bucket):
                blob.delete()


def _news(blob: Blob) -> Message:
    version = ObjectVersion(
        bucket=blob.bucket.name, name=blob.name, generation=int(blob.generation)
    )
    return Upload(version=version, landed_at=blob.time_created).to_message()


@contextmanager
def running(layout: Layout) -> Iterator[Mapping[str, str]]:
    """The three servers run; yields the variables that lead clients to them."""
    found = {"GOOGLE_CLOUD_PROJECT": load_profile().project}
    with ExitStack() as stack:
        for name in ("pubsub", "storage", "bigquery"):
            served = stack.enter_context(serving(name, layout.root))
            found |= {key: served[key] for key in served if key.startswith(name.upper())}
        yield found


def program(stage: str, clients: Mapping[str, str], layout: Layout) -> Program:
    """Return a function as it is deployed, led to the servers."""
    profile, function = load_profile(), load_pipeline().functions[stage]
    ports = Endpoints.choose(load_pipeline().functions)
    deployed = function_program(function, profile, ports, layout)
    return replace(deployed, environment={**deployed.environment, **clients})


def measured(way: Way, landed: list[Message], threads: int = 1) -> Cost:
    """Return what it costs to take in what landed, so many at once."""
    gc.collect()
    with ThreadPoolExecutor(threads) as pool:
        cpu, wall = time.process_time(), time.perf_counter()
        done = list(pool.map(way, landed))
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    return Cost(cpu * 1000 / len(done), wall * 1000 / len(done))


def by_turns(
    bench: Bench, ways: Mapping[str, Way], numbers: Iterator[int], rounds: int, threads: int = 1
) -> list[Costs]:
    """Return what each way costs in each round; whoever was first is last in the next."""
    found = []
    for turn in range(1 + rounds):  # the first round warms up
        batch = list(islice(numbers, BATCH))
        names = deque(ways)
        names.rotate(turn)
        costs = {}
        for name in names:
            costs[name] = measured(ways[name], bench.land(batch), threads)
            bench.clear()
        found.append(costs)
    return found[1:]


def by_size(bench: Bench, ways: Mapping[str, Way], trials: int) -> list[Costs]:
    """Return what each way costs for an instance of half a megabyte, and for one of 500."""
    sources = {"small": bench.sent("small", 1), "large": bench.sent("large", 1, LARGE_FRAMES)}
    found = []
    for _ in range(1 + trials):
        costs = {}
        for (name, way), (size, source) in product(ways.items(), sources.items()):
            costs[f"{name}_{size}"] = measured(way, bench.land_again(source))
            bench.clear()
        found.append(costs)
    for source in sources.values():
        source.delete()
    return found[1:]


def resident_mib(bench: Bench, ingest: Program) -> float:
    """Return the peak of a fresh `ingest` under its server while 80 requests are always open."""
    landed = bench.land(range(RESIDENT_UPLOADS))
    process = subprocess.Popen(
        ingest.argv,
        cwd=ingest.folder,
        env=ingest.full_environment(),
        stdout=subprocess.DEVNULL,
    )
    try:
        address = f"http://{HOST}:{ingest.ports[0]}/"
        _await(address)
        with ThreadPoolExecutor(CONCURRENT) as pool:
            statuses = set(pool.map(lambda message: _pushed(address, message), landed))
        assert statuses == {204}, statuses
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        return max(_peak_kib(child) for child in children) / 1024
    finally:
        process.terminate()
        process.wait(30)
        bench.clear()


def _await(address: str) -> None:
    while True:
        try:
            requests.get(address, timeout=10)
        except requests.ConnectionError:
            time.sleep(0.05)
        else:
            return


def _pushed(address: str, message: Message) -> int:
    body = {
        "message": {
            "data": b64encode(message.data).decode(),
            "attributes": dict(message.attributes),
        }
    }
    return requests.post(address, json=body, timeout=300).status_code


def _peak_kib(pid: str) -> int:
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))


def counted(storage: Client) -> list[str]:
    """Return a list that every request of a client to Cloud Storage is added to from now on."""
    sent: list[str] = []
    passed_on = storage._http.request

    def request(method: str, *arguments: Any, **options: Any) -> Any:
        sent.append(method)
        return passed_on(method, *arguments, **options)

    storage._http.request = request
    return sent


def figures(
    options: argparse.Namespace, clients: Mapping[str, str], layout: Layout
) -> dict[str, object]:
    """Return the ratios, and what they were taken from."""
    bench = Bench(Clients(clients))
    unpack(build(load_pipeline().functions["ingest"], layout.bundles), layout)
    programs = {stage: program(stage, clients, layout) for stage in ("ingest", "index")}
    rss_mib = resident_mib(bench, programs["ingest"])
    for each in programs.values():
        os.environ.update(each.environment)
    ours, calls = Ours.wired(), list[Call]()
    numbers = count()
    ours.noting(calls)(bench.land([next(numbers)])[0])
    usual = Usual(bench.clients.project, moves=False)
    ways: dict[str, Way] = {
        "ours": ours,
        "floor": Floor(bench.clients.project, calls),
        "usual": usual,
        "usual_moving": Usual(bench.clients.project, moves=True),
    }
    sent = {name: counted(way.storage) for name, way in ways.items()}
    alone = by_turns(bench, ways, numbers, options.rounds)
    storage_requests = {
        name: len(each) / BATCH / (1 + options.rounds) for name, each in sent.items()
    }
    two: dict[str, Way] = {"ours": ours, "usual": usual}
    together = by_turns(bench, two, numbers, max(2, options.rounds // 2), threads=THREADS)
    sizes = by_size(bench, two, options.trials)
    header = bench_header.measured(bench_header.objects()["ct_256_elements"])
    compared = {
        "cpu_vs_floor": ratios(alone, "ours", "floor", "cpu_ms"),
        "wall_vs_floor": ratios(alone, "ours", "floor", "wall_ms"),
        "cpu_vs_usual": ratios(alone, "usual", "ours", "cpu_ms"),
        "wall_vs_usual": ratios(alone, "usual", "ours", "wall_ms"),
        "cpu_vs_usual_moving": ratios(alone, "usual_moving", "ours", "cpu_ms"),
        "cpu_vs_usual_together": ratios(together, "usual", "ours", "cpu_ms"),
        "wall_vs_usual_together": ratios(together, "usual", "ours", "wall_ms"),
        "large_vs_small": ratios(sizes, "ours_large", "ours_small", "cpu_ms"),
        "large_vs_small_usual": ratios(sizes, "usual_large", "usual_small", "cpu_ms"),
        "cpu_vs_usual_large": ratios(sizes, "usual_large", "ours_large", "cpu_ms"),
    }
    return {
        "cpu_vs_floor": compared["cpu_vs_floor"]["median"],
        "cpu_vs_usual": compared["cpu_vs_usual"]["median"],
        "header_vs_dcmread": header["inspect_vs_dcmread"],
        "large_vs_small": compared["large_vs_small"]["median"],
        "rss_mb": rss_mib * MIB / 1e6,
        "details": {
            "instances": options.rounds * BATCH,
            "ratios": compared,
            "one_at_a_time": medians(alone),
            f"{THREADS}_at_once": medians(together),
            "by_size": medians(sizes),
            "calls": dict(Counter(call.name for call in calls)),
            "storage_requests": storage_requests,
            "header": header,
            "machine": {"cores": os.cpu_count(), "python": platform.python_version()},
        },
    }


def main() -> None:
    """Measure, print and write the report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=10, help=f"of {BATCH} instances a way")
    parser.add_argument("--trials", type=int, default=7, help="of a large and a small object")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        layout = Layout(Path(folder))
        with running(layout) as clients:
            report = figures(options, clients, layout)
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    REPORT.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
