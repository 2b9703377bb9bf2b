-- The versions of every instance that came with more than one, and which is the primary one.
-- A version without an account of its own under its event was promoted with that event.
WITH versions AS (
  SELECT
    stored.Facility,
    stored.SOPInstanceUID,
    stored.ObjectUri,
    MIN(stored.StudyInstanceUID) AS StudyInstanceUID,
    MIN(stored.SeriesInstanceUID) AS SeriesInstanceUID,
    MIN(stored.Crc32c) AS Crc32c,
    MIN(stored.BlobStorageSize) AS BlobStorageSize,
    MIN(decided.LandedAt) AS LandedAt,
    MIN(decided.Difference) AS Difference,
    MAX(IF(decided.EventId IS NULL, stored.PrimaryAt, NULL)) AS PromotedAt
  FROM `imaging.instances` AS stored
  LEFT JOIN `imaging.uploads` AS decided ON decided.EventId = stored.EventId
  GROUP BY stored.Facility, stored.SOPInstanceUID, stored.ObjectUri
)
SELECT
  versions.*,
  shown.ObjectUri IS NOT NULL AS IsPrimary,
  shown.PrimaryAt
FROM versions
LEFT JOIN `imaging.instances_current` AS shown ON shown.ObjectUri = versions.ObjectUri
WHERE TRUE
QUALIFY COUNT(*) OVER (PARTITION BY versions.Facility, versions.SOPInstanceUID) > 1
