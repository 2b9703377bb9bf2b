-- The account per facility and day: Uploaded equals the sum of the outcomes, members count.
SELECT
  Facility,
  DATE(LandedAt) AS LandedOn,
  COUNT(DISTINCT CONCAT(RootEventId, '/', ObjectName)) AS Uploaded,
  COUNTIF(Outcome = 'archived') AS Archived,
  COUNTIF(Outcome = 'duplicate') AS Duplicate,
  COUNTIF(Outcome = 'conflict') AS Conflict,
  COUNTIF(Outcome = 'quarantined') AS Quarantined,
  COUNTIF(Outcome = 'expanded') AS Expanded,
  COUNTIF(Outcome = 'ignored') AS Ignored,
  SUM(Size) AS Bytes
FROM `imaging.uploads_current`
GROUP BY Facility, LandedOn
