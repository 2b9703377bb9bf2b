-- The account per facility and day: what was announced against what was decided of it.
-- A member that was refused inside its container was never announced; its container was.
-- Bytes are those that were sent: members are part of their container's.
WITH account AS (
  SELECT
    COALESCE(decided.Facility, landed.Facility) AS Facility,
    DATE(COALESCE(decided.LandedAt, landed.LandedAt)) AS LandedOn,
    landed.UploadId IS NOT NULL OR decided.RootEventId != decided.UploadId AS IsUploaded,
    decided.Outcome,
    IF(decided.RootEventId = decided.UploadId, decided.Size, 0) AS Size
  FROM `imaging.landed_current` AS landed
  FULL OUTER JOIN `imaging.uploads_current` AS decided ON decided.UploadId = landed.UploadId
)
SELECT
  Facility,
  LandedOn,
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
GROUP BY Facility, LandedOn
