"""BigQuery tables as a `RowSink`: the Storage Write API's default stream.

One connection per table carries the appends of all concurrent deliveries, which share requests
(`group_commit`); each returns only after its own rows are confirmed.
"""

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import grpc
from google.cloud.bigquery_storage_v1 import BigQueryWriteClient
from google.cloud.bigquery_storage_v1.services.big_query_write.transports import (
    BigQueryWriteGrpcTransport,
)

from shared.adapters.group_commit import GroupCommit
from shared.adapters.table_rows import Field, RowWriter
from shared.adapters.table_stream import TableStream
from shared.ports import Row


class BigQueryTables:
    """The tables whose schema files are in a folder, `<dataset>.<table>.json` each.

    `datasets` maps the datasets of the schema files to the deployed ones; tables of others are
    not known.
    """

    def __init__(self, project: str, schemas: Path, datasets: Mapping[str, str]) -> None:
        client = _client()
        self._tables = {
            name: _Table(client, f"projects/{project}/datasets/{datasets[dataset]}", name, fields)
            for name, dataset, fields in _schema_files(schemas)
            if dataset in datasets
        }

    def append(self, table: str, rows: Sequence[Row]) -> None:
        """Return once the rows are confirmed."""
        if rows:
            self._tables[table].append(rows)


class _Table:
    def __init__(
        self, client: BigQueryWriteClient, dataset: str, name: str, fields: Sequence[Field]
    ) -> None:
        self._rows = RowWriter(name, fields)
        stream = f"{dataset}/tables/{name.partition('.')[2]}/streams/_default"
        self._commit = GroupCommit(TableStream(client, stream, name, fields).append)

    def append(self, rows: Sequence[Row]) -> None:
        self._commit.append([self._rows.serialize(row) for row in rows])


def _client() -> BigQueryWriteClient:
    """Return a client; the library honours no emulator variable, so ours names the channel."""
    endpoint = os.environ.get("BIGQUERY_STORAGE_EMULATOR_HOST")
    if not endpoint:
        return BigQueryWriteClient()
    channel = grpc.insecure_channel(endpoint)
    return BigQueryWriteClient(transport=BigQueryWriteGrpcTransport(channel=channel))


def _schema_files(folder: Path) -> list[tuple[str, str, list[Field]]]:
    files = sorted(folder.glob("*.json"))
    return [
        (file.stem, file.stem.partition(".")[0], json.loads(file.read_text())["fields"])
        for file in files
    ]
