-- Every outcome that an upload had, with the one before it: what was released had more than one.
WITH decided AS (
  SELECT
    *,
    LAG(EventId) OVER earlier AS PreviousEventId,
    LAG(Outcome) OVER earlier AS PreviousOutcome,
    LAG(Reason) OVER earlier AS PreviousReason
  FROM `imaging.uploads`
  WINDOW earlier AS (PARTITION BY UploadId ORDER BY DecidedAt, EventId)
)
SELECT
  Facility,
  UploadId,
  ObjectName,
  LandedAt,
  DecidedAt,
  Outcome,
  Reason,
  PreviousOutcome,
  PreviousReason,
  TargetUri
FROM decided
WHERE PreviousEventId IS NULL OR PreviousEventId != EventId
