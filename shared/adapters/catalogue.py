"""The tables of BigQuery as a `Catalogue`.

Every query bounds the partitions that it reads; what a query costs is said in
`functions/sweep/README.md`.
"""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Final

from shared.adapters.bigquery import BigQueryTables
from shared.adapters.queries import Queries
from shared.contracts.catalogue import IndexedVersion, OpenUpload, Progress
from shared.contracts.objects import ObjectVersion
from shared.ports import Row

# An outcome's LandedAt is the object's creation, an announcement's the event's: a moment later.
_OPEN: Final = """
SELECT Bucket, ObjectName, Generation, LandedAt, UploadId, RootEventId
FROM landed
WHERE LandedAt >= @since AND LandedAt <= @until
  AND UploadId NOT IN (
    SELECT UploadId FROM uploads WHERE LandedAt >= TIMESTAMP_SUB(@since, INTERVAL 1 HOUR)
  )
QUALIFY ROW_NUMBER() OVER (PARTITION BY UploadId ORDER BY Generation DESC) = 1
"""
_ARCHIVED: Final = """
SELECT ObjectUri, MAX(Generation) AS Generation, MAX(LastUpdated) AS LastUpdated
FROM instances
WHERE ObjectUri > @after AND STARTS_WITH(ObjectUri, @bucket)
GROUP BY ObjectUri
ORDER BY ObjectUri
LIMIT @limit
"""
_PROGRESS: Final = """
SELECT
  MAX_BY(RedrivenTo, RunAt) AS RedrivenTo,
  MAX(IF(Vanished IS NULL, NULL, RunAt)) AS AskedAt,
  MAX(IF(ComparedTo IS NULL, NULL, RunAt)) AS ComparedAt,
  MAX_BY(ComparedTo, IF(ComparedTo IS NULL, NULL, RunAt)) AS ComparedTo,
  MAX_BY(PassComplete, IF(ComparedTo IS NULL, NULL, RunAt)) AS PassComplete,
  MAX(IF(StudiesSince <= TIMESTAMP_SUB(RunAt, INTERVAL 31 DAY), RunAt, NULL)) AS StudiesAt
FROM sweeps
WHERE RunAt >= @since
"""


class BigQueryCatalogue:
    """The dataset that stands for `imaging`; `schemas` are as in `BigQueryTables`."""

    def __init__(self, project: str, dataset: str, schemas: Path) -> None:
        self._queries = Queries(project, dataset)
        self._tables = BigQueryTables(project, schemas, {"imaging": dataset})

    def open_uploads(self, since: datetime, until: datetime) -> Iterator[OpenUpload]:
        """Yield what landed in that time, was announced and has no outcome."""
        for row in self._queries.rows(_OPEN, since=since, until=until):
            version = ObjectVersion(
                bucket=row["Bucket"], name=row["ObjectName"], generation=row["Generation"]
            )
            yield OpenUpload(
                version=version,
                landed_at=row["LandedAt"],
                event_id=row["UploadId"],
                root_event_id=row["RootEventId"],
            )

    def archived(self, bucket: str, after: str, limit: int) -> Iterator[IndexedVersion]:
        """Yield the indexed versions in a bucket whose names come after one, in their order."""
        folder = f"gs://{bucket}/"
        for row in self._queries.rows(
            _ARCHIVED, after=f"{folder}{after}", bucket=folder, limit=limit
        ):
            yield IndexedVersion(
                name=row["ObjectUri"].removeprefix(folder),
                generation=row["Generation"],
                stored_at=row["LastUpdated"],
            )

    def progress(self, since: datetime) -> Progress:
        """Return how far the sweeps since then have come."""
        (row,) = self._queries.rows(_PROGRESS, since=since)
        return Progress(
            redriven_to=row["RedrivenTo"] or "",
            asked_at=row["AskedAt"],
            compared_at=row["ComparedAt"],
            compared_to=row["ComparedTo"] or "",
            pass_complete=row["PassComplete"] is not False,  # no pass was begun
            studies_at=row["StudiesAt"],
        )

    def record(self, sweep: Row) -> None:
        """Return once the row of a sweep is confirmed."""
        self._tables.append("imaging.sweeps", [sweep])
