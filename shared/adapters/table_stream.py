"""A table's default stream that takes rows with columns which the table does not have yet.

A release may write a column before it is deployed. The service refuses all rows of a writer that
describes more columns than the table has ("Input schema has more fields than BigQuery schema"), so
what the table lacks is left out until it is there: a row with a column less is a row. Columns that
the rows lack are NULL.
"""

import logging
import time
from collections.abc import Iterable, Sequence
from typing import Any, Final

from google.cloud.bigquery_storage_v1 import BigQueryWriteClient, types

from shared.adapters.append_stream import AppendStream, ExtraColumnsError
from shared.adapters.table_rows import Columns, Field, RowWriter
from shared.adapters.vendor_errors import translated
from shared.runtime import log

LOOK_AGAIN_AFTER_S: Final = 300.0  # for columns that the table lacked
TIMEOUT_S: Final = 60.0


class TableStream:
    """Appends rows that `RowWriter(table, fields)` serialized.

    Not for concurrent use: `group_commit` sends one request at a time.
    """

    def __init__(
        self, client: BigQueryWriteClient, name: str, table: str, fields: Sequence[Field]
    ) -> None:
        self._client = client
        self._name = name
        self._table = table
        self._fields = fields
        self._told: tuple[str, ...] = ()
        self._use(None)

    def append(self, rows: Sequence[bytes]) -> None:
        """Return once the service has confirmed the rows, without what the table has not.

        Raises:
            PermanentError: a row can never be stored.
            TransientError: anything else.
        """
        if self._rows.missing and time.monotonic() > self._look_again:
            self._stream.close()
            self._use(None)
        try:
            self._append(rows)
        except ExtraColumnsError:
            self._use(self._columns())
            self._tell()
            self._append(rows)

    def _append(self, rows: Sequence[bytes]) -> None:
        narrow = self._rows.missing
        self._stream.append([self._rows.fitted(row) for row in rows] if narrow else rows)

    def _use(self, columns: Columns | None) -> None:
        self._rows = RowWriter(self._table, self._fields, columns)
        self._stream = AppendStream(self._client, self._name, self._rows.descriptor)
        self._look_again = time.monotonic() + LOOK_AGAIN_AFTER_S

    def _columns(self) -> Columns:
        request = types.GetWriteStreamRequest(name=self._name, view=types.WriteStreamView.FULL)
        with translated("bigquery"):
            stream = self._client.get_write_stream(request, timeout=TIMEOUT_S)
        return _names(stream.table_schema.fields)

    def _tell(self) -> None:
        """Say once which columns are left out: their names are ours, no file's."""
        if self._rows.missing != self._told:
            self._told = self._rows.missing
            missing = list(self._told)
            log.emit(logging.WARNING, "columns left out", table=self._table, columns=missing)


def _names(fields: Iterable[Any]) -> Columns:
    return {field.name.lower(): _names(field.fields) for field in fields}
