-- One row per object that landed, or member of a container: its latest outcome.
-- There are several only of what was released from the quarantine.
SELECT *
FROM `imaging.uploads`
WHERE TRUE
QUALIFY ROW_NUMBER() OVER (
  PARTITION BY UploadId ORDER BY DecidedAt DESC, EventId, PipelineVersion DESC
) = 1
