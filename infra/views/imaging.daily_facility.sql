-- The account per facility and day: what was announced against what was decided of it.
-- A member that was refused inside its container was never announced; its container was.
WITH landed AS (
  SELECT UploadId, MIN(ObjectName) AS ObjectName, MIN(LandedAt) AS LandedAt
  FROM `imaging.landed`
  GROUP BY UploadId
), account AS (
  SELECT
    COALESCE(decided.Facility, SPLIT(landed.ObjectName, '/')[SAFE_OFFSET(0)]) AS Sender,
    DATE(COALESCE(decided.LandedAt, landed.LandedAt)) AS LandedDate,
    landed.UploadId IS NOT NULL OR decided.RootEventId != decided.UploadId AS IsUploaded,
    decided.Outcome,
    decided.Size
  FROM landed
  FULL OUTER JOIN `imaging.uploads_current` AS decided ON decided.UploadId = landed.UploadId
)
SELECT
  Sender AS Facility,
  LandedDate AS LandedOn,
  COUNTIF(IsUploaded) AS Uploaded,
  COUNTIF(Outcome = 'archived') AS Archived,
  COUNTIF(Outcome = 'duplicate') AS Duplicate,
  COUNTIF(Outcome = 'conflict') AS Conflict,
  COUNTIF(Outcome = 'quarantined') AS Quarantined,
  COUNTIF(Outcome = 'expanded') AS Expanded,
  COUNTIF(Outcome = 'ignored') AS Ignored,
  COUNTIF(Outcome IS NULL) AS Undecided,
  SUM(Size) AS Bytes
FROM account
GROUP BY Sender, LandedDate
