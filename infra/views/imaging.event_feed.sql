-- What was published, each event once, in an order to which events are added at its end only.
-- Sequence is the place of an event: who has read up to one reads on with what is greater, in order.
-- An event is there ten minutes after it was recorded, when no delivery that began before can still
-- write. Events of copies come together at the end of their hour, in an order that tells nothing.
SELECT
  CONCAT(FORMAT_TIMESTAMP('%Y%m%dT%H%M%E6S', RecordedAt), '-', EventId) AS Sequence,
  *
FROM `imaging.events`
WHERE RecordedAt < TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 10 MINUTE)
QUALIFY ROW_NUMBER() OVER (PARTITION BY EventId ORDER BY RecordedAt, PipelineVersion) = 1
