"""A `Ledger` of BigQuery tables, in which a claim in Cloud Storage decides who came first.

Whose claim came first has its row appended, by everybody who declares the same, as often as it is
declared; queries see one of them.
"""

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

from shared.adapters.queries import Queries
from shared.claims import Claims
from shared.contracts.declaration import Declaration
from shared.ports import Row, RowSink

# JSON as text, which every release of the client gives alike.
_UNTOLD: Final = """
WITH declared AS (
  SELECT
    'imaging.study_changes' AS Ledger, Facility, StudyInstanceUID AS Study, EventId, DeclaredAt,
    TO_JSON_STRING(Data) AS Data
  FROM study_changes
  WHERE DeclaredAt >= @since
  UNION ALL
  SELECT 'imaging.receipts', Facility, '', EventId, DeclaredAt, TO_JSON_STRING(Data)
  FROM receipts
  WHERE DeclaredAt >= @since
),
untold AS (
  SELECT *, MAX(DeclaredAt) OVER (PARTITION BY Ledger, Facility, Study) AS Latest
  FROM declared
  WHERE EventId NOT IN (SELECT EventId FROM events WHERE RecordedAt >= @since)
)
SELECT Ledger, MIN(Data) AS Data
FROM untold
GROUP BY Ledger, EventId
ORDER BY MAX(Latest) < @first, MIN(DeclaredAt), EventId
"""


class BigQueryLedger:
    """Tables of one dataset; `tables` knows them as `imaging.<table>`."""

    def __init__(self, claims: Claims, tables: RowSink, project: str, dataset: str) -> None:
        self._claims, self._tables = claims, tables
        self._queries = Queries(project, dataset)

    def enter(self, table: str, rows: Sequence[Row]) -> None:
        """Return once the rows are there, or those that came first under their `EventId`s."""
        self._tables.append(table, [self._claims.first(table, row) for row in rows])

    def untold(self, since: datetime, first: datetime) -> Iterator[Declaration]:
        """Yield what was declared since then and has no event in the table of events.

        Studies, and facilities of receipts, of which something was declared since the second
        moment come first, either in the order of declaration.
        """
        for row in self._queries.rows(_UNTOLD, since=since, first=first):
            yield Declaration(table=row["Ledger"], data=json.loads(row["Data"]))
