"""Rows a second, and CPU time a row, of `index` against `insert_rows_json`.

    python -m tests.benchmarks.bench_index

Messages of the topic `outcomes`, as `ingest` makes them of real files (those of the corpus, where
one is laid, and those that pydicom ships), go through the handler `Index`, which writes a row of
`imaging.instances` and one of `imaging.uploads` for each and returns once both are confirmed. Three
sinks take the rows, in turns: ours (the Storage Write API, concurrent deliveries share appends);
`Client.insert_rows_json` with one row; and the same with 500 rows, one caller, which confirms no
message before its batch, so that a function that is called for each could not do it.

Both services are null servers in processes of their own (`null_bigquery`), which take 20 ms a
request whatever is in it, so that the clients are measured. Headers that make messages of more
than 256 KiB are left out, since a few would weigh more than all others. Measured are the time on
the wall and the CPU time of this process, all its threads; ratios are taken within each round. CPU
time by step is that of one thread whose rows go nowhere, are serialized, or are written.
`emulator` has the same figures from the local cloud's BigQuery, which answers by inserting: it
tells of itself. Writes build/bench/index.json.
"""

from __future__ import annotations

import argparse
import gc
import json
import logging
import os
import platform
import statistics
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from itertools import cycle, islice
from pathlib import Path
from typing import Any, Final, NamedTuple

from google.auth.credentials import AnonymousCredentials
from google.cloud.bigquery import Client
from requests.adapters import HTTPAdapter

from functions.index.handler import Index, read
from infra.table_schemas import SCHEMAS
from shared.adapters.bigquery import BigQueryTables
from shared.adapters.system_clock import SystemClock
from shared.adapters.table_rows import RowWriter
from shared.contracts.encoding import decoded
from shared.contracts.message import Message
from shared.ports import Row, RowSink
from tests.benchmarks.null_bigquery import answering
from tests.benchmarks.real_outcomes import files, ingested, named
from tests.benchmarks.rounds import medians, quartiles, ratios
from tests.integration.servers import PROJECT, serving
from tests.warehouse import an_empty_warehouse

REPORT: Final = Path(__file__).parents[2] / "build" / "bench" / "index.json"
LATENCY_MS: Final = 20.0
DEPLOYED: Final = 80  # deliveries that an instance of the function takes at once
MESSAGES: Final = {1: 50, 8: 200, DEPLOYED: 800}  # by how many are delivered at once
BATCH: Final = 500
ROWS_A_MESSAGE: Final = 2
LARGEST: Final = 256 << 10
EMULATED_MESSAGES: Final = 80
EMULATED_AT_ONCE: Final = 8
_OF_VERSIONS: Final = {"archived", "conflict"}


class Cost(NamedTuple):
    """What the rows of some messages cost."""

    rows_per_s: float
    cpu_us_per_row: float


Costs = dict[str, Cost]
Way = Callable[[int], Cost]


@dataclass(frozen=True, slots=True)
class OneByOne:
    """The streaming insert of the client library, a request a row."""

    client: Client

    def append(self, table: str, rows: Sequence[Row]) -> None:
        """Return once the rows are inserted."""
        errors = self.client.insert_rows_json(f"{self.client.project}.{table}", _json(rows))
        assert not errors, errors


@dataclass(frozen=True, slots=True)
class Batched:
    """The same, once there are rows enough."""

    client: Client
    waiting: dict[str, list[Row]] = field(default_factory=dict)

    def append(self, table: str, rows: Sequence[Row]) -> None:
        """Keep the rows; every 500th returns once its batch is inserted."""
        waiting = self.waiting.setdefault(table, [])
        waiting += rows
        if len(waiting) >= BATCH:
            self._insert(table)

    def flush(self) -> None:
        """Return once everything is inserted."""
        for table in list(self.waiting):
            self._insert(table)

    def _insert(self, table: str) -> None:
        OneByOne(self.client).append(table, self.waiting.pop(table))


class Nowhere:
    """A sink that forgets."""

    def append(self, table: str, rows: Sequence[Row]) -> None:
        """Return."""


class Serialized:
    """A sink that makes the messages of rows, and forgets them."""

    def __init__(self) -> None:
        self._writers = {
            file.stem: RowWriter(file.stem, json.loads(file.read_text())["fields"])
            for file in SCHEMAS.glob("*.json")
        }

    def append(self, table: str, rows: Sequence[Row]) -> None:
        """Return with all rows serialized."""
        for row in rows:
            self._writers[table].serialize(row)


def _json(rows: Sequence[Row]) -> list[Mapping[str, object]]:
    """The rows as `insert_rows_json` wants them: JSON columns and times are text."""
    return [{name: _value(value) for name, value in row.items()} for row in rows]


def _value(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    return value.decode() if isinstance(value, bytes) else value


def messages() -> list[Message]:
    """What `ingest` tells of the versions that it archived, but for the largest."""
    told = ingested(named(files())).topics["outcomes"].messages
    return [
        message
        for message in told
        if message.attributes["outcome"] in _OF_VERSIONS
        and len(decoded(message, "outcome")) <= LARGEST
    ]


def measured(sink: RowSink, told: Sequence[Message], at_once: int) -> Cost:
    """Return what it costs to index the messages, so many at once."""
    index = Index(tables=sink, clock=SystemClock())
    gc.collect()
    with ThreadPoolExecutor(at_once) as pool:
        cpu, wall = time.process_time(), time.perf_counter()
        for _ in pool.map(lambda message: index(read(message)), told):
            pass
        if isinstance(sink, Batched):
            sink.flush()
        cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    rows = ROWS_A_MESSAGE * len(told)
    return Cost(rows / wall, 1e6 * cpu / rows)


def by_turns(ways: Mapping[str, Way], rounds: int) -> list[Costs]:
    """Return what each way costs in each round; whoever was first is last in the next."""
    found = []
    for turn in range(1 + rounds):  # the first round warms up
        names = deque(ways)
        names.rotate(turn)
        found.append({name: ways[name](turn) for name in names})
    return found[1:]


def ways_of(sinks: Mapping[str, RowSink], told: Sequence[Message]) -> dict[str, Way]:
    """Every sink at every level of concurrency that it knows, by both their names."""

    def way(sink: RowSink, at_once: int) -> Way:
        count = MESSAGES[DEPLOYED if isinstance(sink, Batched) else at_once]
        return lambda turn: measured(
            sink, list(islice(cycle(told), turn * count, (turn + 1) * count)), at_once
        )

    return {
        f"{name}_{at_once}": way(sink, at_once)
        for name, sink in sinks.items()
        for at_once in ((1,) if name in _OF_ONE_CALLER else MESSAGES)
    }


_OF_ONE_CALLER: Final = {"batched", "nowhere", "serialized"}


@contextmanager
def null_services(latency_ms: float) -> Iterator[dict[str, RowSink]]:
    """The sinks, between them and BigQuery nothing but a network and a while."""
    with answering("append", latency_ms) as appends, answering("insert", latency_ms) as inserts:
        os.environ["BIGQUERY_STORAGE_EMULATOR_HOST"] = appends
        client = _client(f"http://{inserts}")
        yield {
            "ours": BigQueryTables(PROJECT, SCHEMAS, {"imaging": "imaging"}),
            "one_by_one": OneByOne(client),
            "batched": Batched(client),
            "nowhere": Nowhere(),
            "serialized": Serialized(),
        }


def _client(address: str) -> Client:
    """A client that keeps a connection for each thread; it would keep ten, and say so."""
    options = {"api_endpoint": address}
    client = Client(project=PROJECT, credentials=AnonymousCredentials(), client_options=options)
    client._http.mount("http://", HTTPAdapter(pool_maxsize=DEPLOYED))
    return client


def emulated(told: Sequence[Message], rounds: int) -> dict[str, Any]:
    """Return the figures from the local cloud's BigQuery."""
    some = told[:EMULATED_MESSAGES]
    with tempfile.TemporaryDirectory() as folder, serving("bigquery", Path(folder)) as variables:
        os.environ.update(variables)
        with an_empty_warehouse(PROJECT) as tables:
            theirs = OneByOne(_client(variables["BIGQUERY_EMULATOR_HOST"]))
            ways: dict[str, Way] = {
                "ours": lambda _turn: measured(tables, some, EMULATED_AT_ONCE),
                "one_by_one": lambda _turn: measured(theirs, some, EMULATED_AT_ONCE),
            }
            found = by_turns(ways, rounds)
    return {
        "at_once": EMULATED_AT_ONCE,
        "costs": medians(found),
        "vs_one_by_one": faster(found, "ours", "one_by_one"),
    }


def faster(rounds: list[Costs], ours: str, theirs: str) -> dict[str, dict[str, float]]:
    """Return how many times the rows a second of theirs ours are, and their CPU time of ours."""
    return {
        "rows_per_s": ratios(rounds, ours, theirs, "rows_per_s"),
        "cpu": ratios(rounds, theirs, ours, "cpu_us_per_row"),
    }


def figures(options: argparse.Namespace) -> dict[str, object]:
    """Return the ratios, and what they were taken from."""
    told = messages()
    with null_services(options.latency_ms) as sinks:
        rounds = by_turns(ways_of(sinks, told), options.rounds)
    costs = medians(rounds)
    ours = f"ours_{DEPLOYED}"
    compared = {
        f"one_by_one_{at_once}": faster(rounds, f"ours_{at_once}", f"one_by_one_{at_once}")
        for at_once in MESSAGES
    }
    compared["batched_1"] = faster(rounds, ours, "batched_1")
    of_steps = [costs[name]["cpu_us_per_row"] for name in ("nowhere_1", "serialized_1", "ours_1")]
    sizes = [len(decoded(message, "outcome")) for message in told]
    return {
        "rows_per_s": costs[ours]["rows_per_s"],
        "vs_insert_rows_json": compared[f"one_by_one_{DEPLOYED}"]["rows_per_s"]["median"],
        "details": {
            "latency_ms": options.latency_ms,
            "messages": len(told),
            "message_bytes": quartiles(sizes) | {"mean": statistics.mean(sizes)},
            "costs": costs,
            "ours_vs": compared,
            "cpu_us_per_row_of": {
                "reading messages and making rows": of_steps[0],
                "serializing": of_steps[1] - of_steps[0],
                "sending, one at a time": of_steps[2] - of_steps[1],
                f"sending, {DEPLOYED} at a time": costs[ours]["cpu_us_per_row"] - of_steps[1],
            },
            "emulator": emulated(told, options.rounds),
            "machine": {"cores": os.cpu_count(), "python": platform.python_version()},
        },
    }


def main() -> None:
    """Measure, print and write the report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--latency-ms", type=float, default=LATENCY_MS)
    logging.disable()
    report = figures(parser.parse_args())
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    REPORT.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
