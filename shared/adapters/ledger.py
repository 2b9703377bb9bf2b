"""A `Ledger` of BigQuery tables, in which a claim in Cloud Storage decides who came first.

Whose claim came first has its row appended, by everybody who declares the same, as often as it is
declared; queries see one of them.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

from shared.adapters.queries import Queries
from shared.claims import Claims
from shared.ports import Row, RowSink

_UNTOLD: Final = """
SELECT *
FROM {table}
WHERE DeclaredAt >= @since
  AND EventId NOT IN (SELECT EventId FROM events WHERE RecordedAt >= @since)
QUALIFY ROW_NUMBER() OVER (PARTITION BY EventId ORDER BY PipelineVersion) = 1
ORDER BY DeclaredAt, EventId
"""


class BigQueryLedger:
    """Tables of one dataset; `tables` knows them as `imaging.<table>`."""

    def __init__(self, claims: Claims, tables: RowSink, project: str, dataset: str) -> None:
        self._claims, self._tables = claims, tables
        self._queries = Queries(project, dataset)

    def enter(self, table: str, rows: Sequence[Row]) -> None:
        """Return once the rows are there, or those that came first under their `EventId`s."""
        self._tables.append(table, [self._claims.first(table, row) for row in rows])

    def untold(self, table: str, since: datetime) -> Iterator[Row]:
        """Yield the rows declared since then whose event the table of events does not have."""
        query = _UNTOLD.format(table=table.partition(".")[2])
        for row in self._queries.rows(query, since=since):
            yield dict(row.items())
