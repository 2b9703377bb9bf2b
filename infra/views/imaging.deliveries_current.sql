-- One row per event and target that it was tried on: the last attempt, and how many there were.
SELECT
  *,
  COUNT(*) OVER (PARTITION BY Target, EventId) AS Attempts,
  LOGICAL_OR(Result = 'delivered') OVER (PARTITION BY Target, EventId) AS IsDelivered
FROM `imaging.deliveries`
WHERE TRUE
QUALIFY ROW_NUMBER() OVER (
  PARTITION BY Target, EventId ORDER BY AttemptedAt DESC, Result, PipelineVersion DESC
) = 1
