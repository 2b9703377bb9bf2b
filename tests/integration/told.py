"""Every table and view on a real server, filled as `index` fills them."""

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest
from google.cloud.bigquery import Client

from functions.index.handler import Index, read
from shared.adapters.memory import ManualClock
from shared.contracts.message import Message
from tests.conftest import Environment
from tests.integration.reference import Reference, Row
from tests.warehouse import a_warehouse


@contextmanager
def a_warehouse_told(server: Environment, messages: Sequence[Message]) -> Iterator[Client]:
    """Make everything anew, tell each message three times in random order, yield who may ask."""
    with pytest.MonkeyPatch.context() as patched:
        for name, value in server.items():
            patched.setenv(name, value)
        client, tables = a_warehouse(server)
        index = Index(tables=tables, clock=ManualClock())
        told = [*messages] * 3
        random.Random(1).shuffle(told)
        for message in told:
            index(read(message))
        yield client


def ask(warehouse: Client | Reference, sql: str) -> list[Row]:
    """Return what a query answers."""
    if isinstance(warehouse, Reference):
        return warehouse.ask(sql)
    return [dict(row) for row in warehouse.query(sql).result(retry=None)]
