"""What is asked of BigQuery for receipts.

Every query but that of where receipts end bounds the partitions that it reads; what a query costs
is said in `functions/sweep/README.md`.
"""

from typing import Final

# One row per object that landed, or member: its first outcome, or none. An announcement's LandedAt
# is the event's, a moment after the object's creation, which is an outcome's: read is an hour more.
# An upload lands with its members when the first of its rows says; its digest tells by ids which
# files there are and what became of each, whatever the order of rows.
_UPLOADS: Final = """
WITH announced AS (
  SELECT
    UploadId,
    MIN(RootEventId) AS RootEventId,
    MIN(Facility) AS Facility,
    MIN(LandedAt) AS LandedAt,
    MIN(IF(Facility IS NULL, NULL, ObjectName)) AS ObjectName
  FROM landed
  WHERE LandedAt >= TIMESTAMP_SUB(@since, INTERVAL 1 HOUR)
    AND LandedAt <= TIMESTAMP_ADD(@until, INTERVAL 1 HOUR)
  GROUP BY UploadId
),
decided AS (
  SELECT
    UploadId, RootEventId, EventId, ObjectName, LandedAt, Outcome, Reason, Difference, Size,
    StudyInstanceUID, SOPInstanceUID
  FROM uploads
  WHERE LandedAt >= TIMESTAMP_SUB(@since, INTERVAL 1 HOUR)
    AND LandedAt <= TIMESTAMP_ADD(@until, INTERVAL 1 HOUR)
  QUALIFY ROW_NUMBER() OVER (
    PARTITION BY UploadId ORDER BY DecidedAt, EventId, PipelineVersion
  ) = 1
),
item AS (
  SELECT
    COALESCE(decided.UploadId, announced.UploadId) AS UploadId,
    COALESCE(decided.RootEventId, announced.RootEventId) AS RootEventId,
    COALESCE(SPLIT(decided.ObjectName, '/')[SAFE_OFFSET(0)], announced.Facility) AS Facility,
    LEAST(
      COALESCE(decided.LandedAt, announced.LandedAt),
      COALESCE(announced.LandedAt, decided.LandedAt)
    ) AS LandedAt,
    COALESCE(decided.ObjectName, announced.ObjectName) AS ObjectName,
    CAST(CONCAT('0x', SUBSTR(COALESCE(decided.EventId, announced.UploadId), 1, 15)) AS INT64)
      AS Digest,
    decided.EventId,
    decided.Outcome,
    decided.Reason,
    decided.Difference,
    decided.Size,
    decided.StudyInstanceUID,
    decided.SOPInstanceUID
  FROM announced
  FULL JOIN decided ON decided.UploadId = announced.UploadId
),
upload AS (
  SELECT
    RootEventId,
    MAX(Facility) AS Facility,
    MIN(LandedAt) AS LandedAt,
    COUNTIF(EventId IS NULL) AS Undecided,
    COUNTIF(UploadId = RootEventId AND Outcome = 'ignored' AND Reason = 'manifest') AS Manifests,
    BIT_XOR(Digest) AS Digest
  FROM item
  GROUP BY RootEventId
)"""
_OTHERWISE_THAN_SAID: Final = """,
covered AS (
  SELECT Facility, MAX(CoversTo) AS CoversTo FROM receipts GROUP BY Facility
),
latest AS (
  SELECT
    ReceiptId, Facility, Revision, DeclaredAt, OpenedAt, ClosedAt, CoversFrom, CoversTo, Closing,
    Digest
  FROM receipts
  WHERE DeclaredAt >= @since
  QUALIFY OpenedAt > @since AND ROW_NUMBER() OVER (
    PARTITION BY ReceiptId ORDER BY Revision DESC, PipelineVersion
  ) = 1
),
found AS (
  SELECT
    latest.ReceiptId,
    COALESCE(BIT_XOR(upload.Digest), 0) AS Digest,
    COALESCE(SUM(upload.Undecided), 0) AS Undecided
  FROM latest
  LEFT JOIN upload
    ON upload.Facility = latest.Facility
    AND upload.LandedAt > latest.CoversFrom
    AND upload.LandedAt <= latest.CoversTo
  GROUP BY latest.ReceiptId
),
said AS (
  SELECT
    latest.Facility, latest.Revision, latest.DeclaredAt, latest.OpenedAt, latest.ClosedAt,
    latest.CoversFrom, latest.CoversTo, latest.Closing, found.Undecided,
    latest.CoversFrom AS LandedAt, 0 AS Manifests
  FROM latest
  JOIN found ON found.ReceiptId = latest.ReceiptId
  WHERE found.Digest != latest.Digest
  UNION ALL
  SELECT
    upload.Facility, CAST(NULL AS INT64), CAST(NULL AS TIMESTAMP), CAST(NULL AS TIMESTAMP),
    CAST(NULL AS TIMESTAMP), CAST(NULL AS TIMESTAMP), covered.CoversTo, CAST(NULL AS STRING),
    upload.Undecided,
    upload.LandedAt, upload.Manifests
  FROM upload
  LEFT JOIN covered ON covered.Facility = upload.Facility
  WHERE upload.LandedAt > @since AND upload.LandedAt <= @until
    AND upload.Facility IS NOT NULL
    AND (covered.CoversTo IS NULL OR upload.LandedAt > covered.CoversTo)
)
SELECT * FROM said
ORDER BY IF(Revision IS NULL, 1, 0), Facility, LandedAt
"""
COVERED: Final = "SELECT Facility, MAX(CoversTo) AS CoversTo FROM receipts GROUP BY Facility"
_WITHIN: Final = """,
sent AS (
  SELECT item.*, upload.LandedAt AS UploadLandedAt
  FROM item
  JOIN upload ON upload.RootEventId = item.RootEventId
  WHERE upload.Facility = @facility
    AND upload.LandedAt > @since AND upload.LandedAt <= @until
)"""
_TOTALS: Final = """
SELECT
  COALESCE(BIT_XOR(Digest), 0) AS Digest,
  MIN(UploadLandedAt) AS OpenedAt,
  MAX(UploadLandedAt) AS ClosedAt,
  COALESCE(SUM(IF(UploadId = RootEventId, Size, 0)), 0) AS Size,
  COUNT(DISTINCT IF(Outcome IN ('archived', 'duplicate', 'conflict'), StudyInstanceUID, NULL))
    AS Studies,
  COUNT(DISTINCT IF(Outcome IN ('archived', 'duplicate', 'conflict'), SOPInstanceUID, NULL))
    AS Instances
FROM sent
"""
_GROUPS: Final = """,
numbered AS (
  SELECT
    Outcome,
    Reason,
    Difference,
    ObjectName,
    COUNT(*) OVER (PARTITION BY Outcome, Reason, Difference) AS Files,
    ROW_NUMBER() OVER (
      PARTITION BY Outcome, Reason, Difference
      ORDER BY ObjectName IS NULL, ObjectName, UploadId
    ) AS Place
  FROM sent
)
SELECT Outcome, Reason, Difference, ObjectName, Files
FROM numbered
WHERE Place <= @names
ORDER BY
  COALESCE(Outcome, ''), COALESCE(Reason, ''), COALESCE(Difference, ''), Place
"""
_WARNINGS: Final = """,
warned AS (
  SELECT DISTINCT uploads.EventId, warning.Code
  FROM uploads
  CROSS JOIN UNNEST(uploads.Warnings) AS warning
  WHERE uploads.LandedAt >= TIMESTAMP_SUB(@since, INTERVAL 1 HOUR)
    AND uploads.LandedAt <= TIMESTAMP_ADD(@until, INTERVAL 1 HOUR)
),
device AS (
  SELECT
    EventId,
    MIN(Manufacturer) AS Manufacturer,
    MIN(ManufacturerModelName) AS ManufacturerModelName
  FROM instances
  WHERE LastUpdated >= @since
  GROUP BY EventId
)
SELECT
  device.Manufacturer,
  device.ManufacturerModelName,
  warned.Code,
  COUNT(*) AS Files
FROM sent
JOIN warned ON warned.EventId = sent.EventId
LEFT JOIN device ON device.EventId = sent.EventId
GROUP BY device.Manufacturer, device.ManufacturerModelName, warned.Code
"""
_STUDIES: Final = """,
study AS (
  SELECT StudyInstanceUID, MIN(ObjectName) AS ObjectName
  FROM sent
  WHERE Outcome IN ('archived', 'conflict') AND StudyInstanceUID IS NOT NULL
  GROUP BY StudyInstanceUID
),
latest AS (
  SELECT StudyInstanceUID, Change, Instances, ExpectedInstances
  FROM study_changes
  WHERE Facility = @facility AND DeclaredAt >= @since
  QUALIFY ROW_NUMBER() OVER (
    PARTITION BY StudyInstanceUID ORDER BY Revision DESC, Change, PipelineVersion
  ) = 1
)
SELECT
  study.ObjectName,
  latest.Instances,
  latest.ExpectedInstances,
  latest.Change
FROM study
LEFT JOIN latest ON latest.StudyInstanceUID = study.StudyInstanceUID
WHERE latest.Change IS NULL OR latest.Change != 'completed'
  OR latest.Instances < latest.ExpectedInstances
ORDER BY study.ObjectName
"""


UNSAID: Final = _UPLOADS + _OTHERWISE_THAN_SAID
TOTALS: Final = _UPLOADS + _WITHIN + _TOTALS
GROUPS: Final = _UPLOADS + _WITHIN + _GROUPS
WARNINGS: Final = _UPLOADS + _WITHIN + _WARNINGS
STUDIES: Final = _UPLOADS + _WITHIN + _STUDIES
