"""The dataset `imaging` on a real server, for what writes to it and asks it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

from google.auth.credentials import AnonymousCredentials
from google.cloud.bigquery import Client, SchemaField, Table

from infra.local.wiring import VIEWS
from infra.table_schemas import SCHEMAS, TABLES
from shared.adapters.bigquery import BigQueryTables

DATASET = "imaging"


@contextmanager
def an_empty_warehouse(project: str, *views: str) -> Iterator[BigQueryTables]:
    """Make every table of the dataset anew, and these views; yield what appends to them."""
    with Client(project=project, credentials=AnonymousCredentials()) as client:
        client.delete_dataset(DATASET, delete_contents=True, not_found_ok=True)
        client.create_dataset(DATASET)
        for name in TABLES:
            if name.startswith(f"{DATASET}."):
                fields = json.loads((SCHEMAS / f"{name}.json").read_text())["fields"]
                columns = [SchemaField.from_api_repr(field) for field in fields]
                client.create_table(Table(f"{project}.{name}", columns))
        for name in views:
            view = Table(f"{project}.{DATASET}.{name}")
            view.view_query = (VIEWS / f"{DATASET}.{name}.sql").read_text()
            client.create_table(view)
        yield BigQueryTables(project, SCHEMAS, {DATASET: DATASET})
