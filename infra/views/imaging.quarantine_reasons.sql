-- What was refused, per facility and reason, with when it began and last happened.
SELECT
  Facility,
  Reason,
  COUNT(*) AS Files,
  SUM(Size) AS Bytes,
  MIN(LandedAt) AS FirstLanded,
  MAX(LandedAt) AS LastLanded
FROM `imaging.uploads_current`
WHERE Outcome = 'quarantined'
GROUP BY Facility, Reason
