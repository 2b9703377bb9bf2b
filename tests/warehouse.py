"""The warehouse on a real server, for what writes to it and asks it."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from google.auth.credentials import AnonymousCredentials
from google.cloud.bigquery import Client, SchemaField, Table

from infra.definition import load_pipeline
from infra.local.clients import Clients
from infra.local.endpoints import Endpoints
from infra.local.overrides import load_profile
from infra.local.wiring import VIEWS, Wiring
from infra.table_schemas import SCHEMAS, TABLES
from shared.adapters.bigquery import BigQueryTables
from shared.ports import RowSink

DATASET = "imaging"


def a_warehouse(variables: Mapping[str, str]) -> tuple[Client, RowSink]:
    """Make every table and view anew, as the local cloud does; return who asks and who appends."""
    clients, datasets = Clients(variables), load_pipeline().datasets
    wiring = Wiring(clients, load_profile(), Endpoints.choose({}))
    for dataset in datasets.values():
        clients.bigquery.delete_dataset(dataset.name, delete_contents=True, not_found_ok=True)
        wiring.dataset(dataset)
    tables = BigQueryTables(clients.project, SCHEMAS, {name: name for name in datasets})
    return clients.bigquery, tables


def make_tables(client: Client, dataset: str) -> None:
    """Make a dataset anew, with every table of it and no row."""
    client.delete_dataset(dataset, delete_contents=True, not_found_ok=True)
    client.create_dataset(dataset)
    for name in TABLES:
        if name.startswith(f"{dataset}."):
            fields = json.loads((SCHEMAS / f"{name}.json").read_text())["fields"]
            columns = [SchemaField.from_api_repr(field) for field in fields]
            client.create_table(Table(f"{client.project}.{name}", columns))


@contextmanager
def an_empty_warehouse(project: str, *views: str) -> Iterator[BigQueryTables]:
    """Make every table of `imaging` anew, and these views; yield what appends to them."""
    with Client(project=project, credentials=AnonymousCredentials()) as client:
        make_tables(client, DATASET)
        for name in views:
            view = Table(f"{project}.{DATASET}.{name}")
            view.view_query = (VIEWS / f"{DATASET}.{name}.sql").read_text()
            client.create_table(view)
        yield BigQueryTables(project, SCHEMAS, {DATASET: DATASET})
