"""Every table and view on a real server, filled as `index` fills them."""

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud.bigquery import Client, SchemaField, Table

from functions.index.handler import Index, read
from infra.definition import load_pipeline
from infra.table_schemas import SCHEMAS, TABLES
from shared.adapters.bigquery import BigQueryTables
from shared.adapters.memory import ManualClock
from shared.contracts.message import Message
from tests.conftest import Environment
from tests.integration.reference import Reference, Row


@contextmanager
def a_warehouse_told(server: Environment, messages: Sequence[Message]) -> Iterator[Client]:
    """Make everything anew, tell each message three times in random order, yield who may ask."""
    with pytest.MonkeyPatch.context() as patched:
        for name, value in server.items():
            patched.setenv(name, value)
        project = server["GOOGLE_CLOUD_PROJECT"]
        client = Client(project=project, credentials=AnonymousCredentials())
        _make(client)
        datasets = {name: name for name in load_pipeline().datasets}
        tables = BigQueryTables(project, SCHEMAS, datasets)
        index = Index(tables=tables, clock=ManualClock())
        told = [*messages] * 3
        random.Random(1).shuffle(told)
        for message in told:
            index(read(message))
        yield client


def _make(client: Client) -> None:
    for dataset in load_pipeline().datasets.values():
        client.delete_dataset(dataset.name, delete_contents=True, not_found_ok=True)
        client.create_dataset(dataset.name)
    for name, schema in TABLES.items():
        fields = [SchemaField.from_api_repr(field) for field in schema["fields"]]  # type: ignore[attr-defined]
        client.create_table(Table(f"{client.project}.{name}", fields))
    for dataset in load_pipeline().datasets.values():
        for name in dataset.views:
            view = Table(f"{client.project}.{dataset.name}.{name}")
            file = SCHEMAS.parent / "views" / f"{dataset.name}.{name}.sql"
            view.view_query = file.read_text()
            client.create_table(view)


def ask(warehouse: Client | Reference, sql: str) -> list[Row]:
    """Return what a query answers."""
    if isinstance(warehouse, Reference):
        return warehouse.ask(sql)
    return [dict(row) for row in warehouse.query(sql).result(retry=None)]
