-- Instances of a facility that came with more than one content, or under more than one study.
SELECT
  Facility,
  SOPInstanceUID,
  COUNT(DISTINCT ObjectUri) AS Versions,
  COUNT(DISTINCT StudyInstanceUID) AS Studies,
  ARRAY_AGG(DISTINCT ObjectUri ORDER BY ObjectUri) AS ObjectUris,
  MIN(LastUpdated) AS FirstArrival,
  MAX(LastUpdated) AS LastArrival
FROM `imaging.instances`
GROUP BY Facility, SOPInstanceUID
HAVING COUNT(DISTINCT ObjectUri) > 1
