-- One row per archived instance: the version that became the primary one last.
-- Of rows that several releases wrote of it, the greatest release's by its text.
SELECT *
FROM `imaging.instances`
WHERE IsPrimary
QUALIFY ROW_NUMBER() OVER (
  PARTITION BY Facility, SOPInstanceUID
  ORDER BY PrimaryAt DESC, LastUpdated, EventId, PipelineVersion DESC
) = 1
