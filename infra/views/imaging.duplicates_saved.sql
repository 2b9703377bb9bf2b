-- What was sent again and is stored once, per facility and day: files, and bytes not stored twice.
SELECT
  Facility,
  DATE(LandedAt) AS LandedOn,
  COUNT(*) AS Files,
  COUNT(DISTINCT TargetUri) AS Instances,
  SUM(Size) AS Bytes
FROM `imaging.uploads_current`
WHERE Outcome = 'duplicate'
GROUP BY Facility, LandedOn
