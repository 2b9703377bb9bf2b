-- One row per archived instance: the version that became the primary one last.
SELECT *
FROM `imaging.instances`
WHERE IsPrimary
QUALIFY ROW_NUMBER() OVER (
  PARTITION BY Facility, SOPInstanceUID ORDER BY PrimaryAt DESC, LastUpdated, EventId
) = 1
