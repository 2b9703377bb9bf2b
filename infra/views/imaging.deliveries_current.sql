-- One row per event and target that it was tried on: the last attempt, and how many there were.
SELECT
  *,
  COUNT(*) OVER (PARTITION BY Target, EventId) AS Attempts,
  COUNTIF(Result = 'delivered') OVER (PARTITION BY Target, EventId) > 0 AS IsDelivered
FROM `imaging.deliveries`
WHERE TRUE
QUALIFY ROW_NUMBER() OVER (
  PARTITION BY Target, EventId ORDER BY AttemptedAt DESC, Result, PipelineVersion DESC
) = 1
