-- One row per instance of a facility: its primary version, once however often it was delivered.
SELECT *
FROM `imaging.instances`
WHERE IsPrimary
QUALIFY ROW_NUMBER() OVER (
  PARTITION BY Facility, SOPInstanceUID ORDER BY LastUpdated, EventId
) = 1
