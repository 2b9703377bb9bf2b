"""Real files indexed: what the handlers told of them, told thrice to tables on a real server."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from google.cloud.bigquery import Client

from functions.index.handler import Index
from functions.index.handler import read as message_of
from shared.contracts.objects import StoredObject
from shared.contracts.outcome import Outcome
from shared.ports import RowSink
from tests.benchmarks.real_outcomes import ingested, named
from tests.simulation.world import World
from tests.warehouse import a_warehouse

COPIES: Final = 3
AT_ONCE: Final = 80
_INDEXED: Final = ("uploads", "outcomes", "events")

Row = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Settled:
    """What was sent, what the handlers told of it, and the server on which all of it is indexed."""

    uploads: Mapping[str, Path]  # by names in the inbox
    world: World
    client: Client
    deliveries: int
    known: dict[str, list[Row]] = field(default_factory=dict)  # a view may take its time

    @cached_property
    def outcomes(self) -> list[Outcome]:
        """What `ingest` and `deidentify` told."""
        return [Outcome.from_message(each) for each in self.world.topics["outcomes"].messages]

    def file(self, outcome: Outcome) -> Path:
        """What a facility sent; of a member of a container, a path of no file."""
        name = outcome.source.version.name
        return self.uploads.get(name, Path(name))

    def sent(self, outcome: Outcome) -> bytes:
        """The file as it was sent; of a member of a container, what was kept of it."""
        file = self.file(outcome)
        return file.read_bytes() if file.is_file() else self.kept(_uri(outcome.target))

    def kept(self, uri: str) -> bytes:
        """An object, by its gs:// address."""
        bucket, _, name = uri.removeprefix("gs://").partition("/")
        return self.world.store.data(bucket, name)

    def rows(self, table: str) -> list[Row]:
        """Everything that a table or a view shows."""
        if table not in self.known:
            result = self.client.query(f"SELECT * FROM {table}").result()
            self.known[table] = [dict(row) for row in result]
        return self.known[table]


def _uri(stored: StoredObject | None) -> str:
    assert stored
    return stored.uri


def deliver(world: World, tables: RowSink, seed: int) -> int:
    """Index every message three times, in random order and many at once; return how many."""
    index = Index(tables=tables, clock=world.clock)
    told = [each for name in _INDEXED for each in world.topics[name].messages] * COPIES
    random.Random(seed).shuffle(told)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return len(list(pool.map(lambda message: index(message_of(message)), told)))


def settled(
    paths: Iterable[Path],
    variables: Mapping[str, str],
    seed: int,
    worse: Callable[[RowSink], RowSink] = lambda tables: tables,
) -> Settled:
    """All files sent, decided, copied and indexed, where `worse` may replace the tables."""
    uploads = named(paths)
    world = ingested(uploads, seed)
    client, tables = a_warehouse(variables)
    deliveries = deliver(world, worse(tables), seed)
    return Settled(uploads=uploads, world=world, client=client, deliveries=deliveries)
