"""The tables of BigQuery as `Studies`: one query, so that all it says is of one moment.

What it costs is said in `functions/sweep/README.md`.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any, Final

from shared.adapters.queries import Queries
from shared.contracts.gathering import Announcement, Declared, GatheredSeries, Gathering
from shared.contracts.study import Change

# Uploads are read from a day before: a manifest may land before the first instance does, and an
# instance is archived after it landed. Of manifests, `Expected` is empty where all of their folder
# was sent, and has no number where all that landed there of one study was. An instance's own word
# (0020,1208) is worth nothing once there are more.
_GATHERED: Final = """
WITH version AS (
  SELECT
    Facility, StudyInstanceUID, SeriesInstanceUID, SOPInstanceUID, Modality, LastUpdated,
    NumberOfStudyRelatedInstances
  FROM instances
  WHERE LastUpdated >= @since
    AND StudyInstanceUID IS NOT NULL
    AND (ARRAY_LENGTH(@only) = 0 OR StudyInstanceUID IN UNNEST(@only))
),
study AS (
  SELECT
    Facility,
    StudyInstanceUID,
    COUNT(DISTINCT SOPInstanceUID) AS Instances,
    MIN(LastUpdated) AS FirstArrival,
    MAX(LastUpdated) AS LastArrival,
    MAX(NumberOfStudyRelatedInstances) AS Related
  FROM version
  GROUP BY Facility, StudyInstanceUID
),
series AS (
  SELECT
    Facility,
    StudyInstanceUID,
    SeriesInstanceUID,
    MIN(Modality) AS Modality,
    COUNT(DISTINCT SOPInstanceUID) AS Instances,
    MAX(LastUpdated) AS LastArrival
  FROM version
  GROUP BY Facility, StudyInstanceUID, SeriesInstanceUID
),
declared AS (
  SELECT
    Facility, StudyInstanceUID, Revision, Change, DeclaredAt, FirstArrival, LastArrival, Instances,
    MAX(IF(Change = 'completed', Instances, 0)) OVER (PARTITION BY Facility, StudyInstanceUID)
      AS CompletedInstances
  FROM study_changes
  QUALIFY ROW_NUMBER() OVER (
    PARTITION BY Facility, StudyInstanceUID ORDER BY Revision DESC, Change
  ) = 1
),
upload AS (
  SELECT
    UploadId, Facility, ObjectName, LandedAt, Outcome, Reason, StudyInstanceUID, SOPInstanceUID,
    References, Expected, ExpectedInstances
  FROM uploads
  WHERE LandedAt >= TIMESTAMP_SUB(@since, INTERVAL 25 HOUR)  -- it is told after it landed
  QUALIFY ROW_NUMBER() OVER (PARTITION BY UploadId ORDER BY DecidedAt DESC) = 1
),
named AS (
  SELECT DISTINCT upload.Facility, reference.StudyInstanceUID, reference.SOPInstanceUID
  FROM upload CROSS JOIN UNNEST(upload.References) AS reference
  WHERE reference.StudyInstanceUID IS NOT NULL
),
present AS (
  SELECT DISTINCT Facility, StudyInstanceUID, SOPInstanceUID FROM version
),
manifest AS (
  SELECT
    UploadId, Facility, LandedAt, Expected,
    REGEXP_REPLACE(ObjectName, r'[^/]*$', '') AS Folder
  FROM upload
  WHERE Outcome = 'ignored' AND Reason = 'manifest'
),
covered AS (
  SELECT UploadId, Facility, LandedAt, Folder, CAST(NULL AS STRING) AS StudyInstanceUID
  FROM manifest
  WHERE COALESCE(ARRAY_LENGTH(Expected), 0) = 0
  UNION ALL
  SELECT
    manifest.UploadId, manifest.Facility, manifest.LandedAt, manifest.Folder,
    expected.StudyInstanceUID
  FROM manifest CROSS JOIN UNNEST(manifest.Expected) AS expected
  WHERE expected.Instances IS NULL
),
undecided AS (
  SELECT covered.UploadId, COUNT(DISTINCT landed.UploadId) AS Undecided
  FROM covered
  JOIN landed AS root
    ON root.Facility = covered.Facility
    AND STARTS_WITH(root.ObjectName, covered.Folder)
    AND root.LandedAt <= covered.LandedAt
  JOIN landed ON landed.RootEventId = root.UploadId
  LEFT JOIN upload ON upload.UploadId = landed.UploadId
  WHERE root.LandedAt >= TIMESTAMP_SUB(@since, INTERVAL 1 DAY)
    AND landed.LandedAt >= TIMESTAMP_SUB(@since, INTERVAL 1 DAY)
    AND upload.UploadId IS NULL
  GROUP BY covered.UploadId
),
said AS (
  SELECT
    named.Facility,
    named.StudyInstanceUID,
    COUNT(*) AS Instances,
    COUNTIF(present.SOPInstanceUID IS NULL) AS Missing,
    0 AS Undecided
  FROM named
  LEFT JOIN present
    ON present.Facility = named.Facility
    AND present.StudyInstanceUID = named.StudyInstanceUID
    AND present.SOPInstanceUID = named.SOPInstanceUID
  GROUP BY named.Facility, named.StudyInstanceUID
  UNION ALL
  SELECT manifest.Facility, expected.StudyInstanceUID, MAX(expected.Instances), 0, 0
  FROM manifest CROSS JOIN UNNEST(manifest.Expected) AS expected
  WHERE expected.Instances IS NOT NULL
  GROUP BY manifest.Facility, expected.StudyInstanceUID
  UNION ALL
  SELECT
    covered.Facility,
    sent.StudyInstanceUID,
    COUNT(DISTINCT sent.SOPInstanceUID),
    0,
    MAX(COALESCE(undecided.Undecided, 0))
  FROM covered
  JOIN upload AS sent
    ON sent.Facility = covered.Facility
    AND STARTS_WITH(sent.ObjectName, covered.Folder)
    AND sent.LandedAt <= covered.LandedAt
    AND sent.StudyInstanceUID = COALESCE(covered.StudyInstanceUID, sent.StudyInstanceUID)
  LEFT JOIN undecided ON undecided.UploadId = covered.UploadId
  WHERE sent.Outcome IN ('archived', 'duplicate', 'conflict')
  GROUP BY covered.Facility, sent.StudyInstanceUID
  UNION ALL
  SELECT Facility, StudyInstanceUID, Related, 0, 0 FROM study WHERE Related >= Instances
),
manifested AS (
  SELECT
    Facility,
    StudyInstanceUID,
    MAX(Instances) AS Instances,
    MAX(Missing) AS Missing,
    MAX(Undecided) AS Undecided
  FROM said
  GROUP BY Facility, StudyInstanceUID
),
announced AS (
  SELECT Facility, StudyInstanceUID, MAX(ExpectedInstances) AS Instances
  FROM upload
  WHERE ExpectedInstances IS NOT NULL
  GROUP BY Facility, StudyInstanceUID
)
SELECT
  study.Facility,
  study.StudyInstanceUID,
  study.Instances,
  study.FirstArrival,
  study.LastArrival,
  series.SeriesInstanceUID,
  series.Modality,
  series.Instances AS SeriesInstances,
  series.LastArrival AS SeriesLastArrival,
  manifested.Instances AS ManifestInstances,
  manifested.Missing,
  manifested.Undecided,
  announced.Instances AS UploadInstances,
  declared.Revision,
  declared.Change,
  declared.DeclaredAt,
  declared.FirstArrival AS DeclaredFirstArrival,
  declared.LastArrival AS DeclaredLastArrival,
  declared.Instances AS DeclaredInstances,
  declared.CompletedInstances
FROM study
JOIN series
  ON series.Facility = study.Facility AND series.StudyInstanceUID = study.StudyInstanceUID
LEFT JOIN declared
  ON declared.Facility = study.Facility AND declared.StudyInstanceUID = study.StudyInstanceUID
LEFT JOIN manifested
  ON manifested.Facility = study.Facility AND manifested.StudyInstanceUID = study.StudyInstanceUID
LEFT JOIN announced
  ON announced.Facility = study.Facility AND announced.StudyInstanceUID = study.StudyInstanceUID
WHERE declared.Change IS NULL
  OR declared.Change = 'reopened'
  OR study.LastArrival > declared.LastArrival
  OR study.Instances > declared.Instances
ORDER BY study.Facility, study.StudyInstanceUID, series.SeriesInstanceUID
"""


class BigQueryStudies:
    """The dataset that stands for `imaging`."""

    def __init__(self, project: str, dataset: str) -> None:
        self._queries = Queries(project, dataset)

    def gathered(self, since: datetime, only: Sequence[str] = ()) -> Iterator[Gathering]:
        """Yield the studies that got something since then and are not complete with it."""
        rows = self._queries.rows(_GATHERED, since=since, only=list(only))
        for _, group in groupby(rows, lambda row: (row["Facility"], row["StudyInstanceUID"])):
            yield _gathering(list(group))


def _gathering(rows: Sequence[Any]) -> Gathering:
    first = rows[0]
    return Gathering(
        facility=first["Facility"],
        study_instance_uid=first["StudyInstanceUID"],
        instances=first["Instances"],
        first_arrival=first["FirstArrival"],
        last_arrival=first["LastArrival"],
        series=tuple(map(_series, rows)),
        manifest=_announcement(first),
        upload=first["UploadInstances"],
        last=_declared(first),
    )


def _series(row: Any) -> GatheredSeries:
    return GatheredSeries(
        series_instance_uid=row["SeriesInstanceUID"],
        modality=row["Modality"],
        instances=row["SeriesInstances"],
        last_arrival=row["SeriesLastArrival"],
    )


def _announcement(row: Any) -> Announcement | None:
    if row["ManifestInstances"] is None:
        return None
    return Announcement(
        instances=row["ManifestInstances"], missing=row["Missing"], undecided=row["Undecided"]
    )


def _declared(row: Any) -> Declared | None:
    if row["Revision"] is None:
        return None
    return Declared(
        revision=row["Revision"],
        change=Change(row["Change"]),
        declared_at=row["DeclaredAt"],
        first_arrival=row["DeclaredFirstArrival"],
        last_arrival=row["DeclaredLastArrival"],
        instances=row["DeclaredInstances"],
        completed_instances=row["CompletedInstances"],
    )
