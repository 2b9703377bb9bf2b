"""BigQuery tables as a `RowSink`: the Storage Write API's default stream.

One connection per table carries the appends of all concurrent deliveries, which share requests
(`group_commit`); each returns only after its own rows are confirmed.
"""

import json
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import grpc
from google.api_core.exceptions import InvalidArgument
from google.cloud.bigquery_storage_v1 import BigQueryWriteClient, types, writer
from google.cloud.bigquery_storage_v1.exceptions import StreamClosedError
from google.cloud.bigquery_storage_v1.services.big_query_write.transports import (
    BigQueryWriteGrpcTransport,
)

from shared.adapters.group_commit import GroupCommit
from shared.adapters.table_rows import RowWriter
from shared.adapters.vendor_errors import VENDOR_ERRORS, reason_of
from shared.errors import PermanentError, TransientError
from shared.ports import Row

CONFIRMATION_TIMEOUT_S = 60.0


class BigQueryTables:
    """The tables whose schema files are in a folder, `<dataset>.<table>.json` each.

    `datasets` maps the datasets of the schema files to the deployed ones.
    """

    def __init__(self, project: str, schemas: Path, datasets: Mapping[str, str]) -> None:
        client = _client()
        self._streams = {
            name: _Table(client, project, datasets[dataset], name, fields)
            for name, dataset, fields in _schema_files(schemas)
        }

    def append(self, table: str, rows: Sequence[Row]) -> None:
        """Return once the rows are confirmed."""
        if rows:
            self._streams[table].append(rows)


class _Table:
    """One table's connection, opened by the first append and again after it breaks."""

    def __init__(
        self,
        client: BigQueryWriteClient,
        project: str,
        dataset: str,
        name: str,
        fields: Sequence[Mapping[str, object]],
    ) -> None:
        self._client = client
        self._rows = RowWriter(name, fields)
        self._commit = GroupCommit(self._send)
        self._stream: writer.AppendRowsStream | None = None
        table = name.partition(".")[2]
        self._name = f"projects/{project}/datasets/{dataset}/tables/{table}/streams/_default"

    def append(self, rows: Sequence[Row]) -> None:
        self._commit.append([self._rows.serialize(row) for row in rows])

    def _send(self, rows: Sequence[bytes]) -> None:
        """Return once one request is confirmed; the group commit sends one at a time."""
        if self._stream is None:
            self._stream = writer.AppendRowsStream(self._client, self._request())
        try:
            self._stream.send(self._request(rows)).result(timeout=CONFIRMATION_TIMEOUT_S)
        except InvalidArgument as error:
            self._close()
            raise PermanentError("bigquery-row-refused") from error
        except (*VENDOR_ERRORS, StreamClosedError) as error:
            self._close()
            raise TransientError(reason_of("bigquery", error)) from error

    def _request(self, rows: Sequence[bytes] = ()) -> types.AppendRowsRequest:
        data = types.AppendRowsRequest.ProtoData(
            writer_schema=types.ProtoSchema(proto_descriptor=self._rows.descriptor)
        )
        if rows:
            data = types.AppendRowsRequest.ProtoData(rows=types.ProtoRows(serialized_rows=rows))
        return types.AppendRowsRequest(write_stream=self._name, proto_rows=data)

    def _close(self) -> None:
        stream, self._stream = self._stream, None
        with suppress(StreamClosedError):
            stream.close()


def _client() -> BigQueryWriteClient:
    """Return a client; the library honours no emulator variable, so ours names the channel."""
    endpoint = os.environ.get("BIGQUERY_STORAGE_EMULATOR_HOST")
    if not endpoint:
        return BigQueryWriteClient()
    channel = grpc.insecure_channel(endpoint)
    return BigQueryWriteClient(transport=BigQueryWriteGrpcTransport(channel=channel))


def _schema_files(folder: Path) -> list[tuple[str, str, list[Mapping[str, object]]]]:
    files = sorted(folder.glob("*.json"))
    return [
        (file.stem, file.stem.partition(".")[0], json.loads(file.read_text())["fields"])
        for file in files
    ]
