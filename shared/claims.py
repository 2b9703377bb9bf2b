"""Who was the first to say something: an object is created by one writer only.

BigQuery has no unique keys, and not even a MERGE that inserts what it does not find makes up for
that: one that only inserts conflicts with no other statement, so that two at once both insert ("DML
statement conflicts", https://cloud.google.com/bigquery/docs/data-manipulation-language).
"""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from shared.contracts.layout import ledger_name
from shared.contracts.objects import StoredObject
from shared.errors import TransientError
from shared.ports import ObjectStore, Row

_TIME: Final = "$time"


class Claims:
    """Rows of whom each has one say: objects in a bucket, by table and `EventId`."""

    def __init__(self, objects: ObjectStore, bucket: str) -> None:
        self._objects, self._bucket = objects, bucket

    def first(self, table: str, row: Row) -> Row:
        """Return the row that was the first to be claimed under this id: this one, or another."""
        name = ledger_name(table, str(row["EventId"]))
        found = self._objects.find(self._bucket, name)
        if found is None and self._objects.write(
            self._bucket, name, [_written(row)], media_type="application/json"
        ):
            return row
        found = found or self._objects.find(self._bucket, name)
        if found is None:
            raise TransientError("ledger-claim-gone")
        return self._read(found)

    def _read(self, stored: StoredObject) -> Row:
        row: Row = json.loads(
            self._objects.read(stored.version, 0, stored.size), object_hook=_with_times
        )
        return row


def _written(row: Row) -> bytes:
    return json.dumps(row, ensure_ascii=False, default=_time).encode()


def _time(value: object) -> Mapping[str, str]:
    if isinstance(value, datetime):
        return {_TIME: value.isoformat()}
    raise TypeError("a row of a ledger holds times and what JSON holds")


def _with_times(found: dict[str, Any]) -> object:
    return datetime.fromisoformat(found[_TIME]) if _TIME in found else found
