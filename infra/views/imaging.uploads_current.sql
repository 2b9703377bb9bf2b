-- One row per object that landed, or member of a container: its one outcome, however often delivered.
SELECT *
FROM `imaging.uploads`
WHERE TRUE
QUALIFY ROW_NUMBER() OVER (PARTITION BY UploadId ORDER BY DecidedAt, EventId) = 1
