-- One row per object that landed: its one outcome, once however often it was delivered.
SELECT *
FROM `imaging.uploads`
WHERE TRUE
QUALIFY ROW_NUMBER() OVER (PARTITION BY EventId ORDER BY DecidedAt) = 1
