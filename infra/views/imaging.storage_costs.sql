-- What the archive stores per facility and storage class: what a month of it costs is GiB by price.
-- GiBMonths is what was stored so far. The class is the one at the time of writing: what a lifecycle
-- rule moves since is not known here. Every version counts, not only the primary one.
WITH stored AS (
  SELECT
    version.Facility,
    version.ObjectUri,
    MIN(version.StorageClass) AS StorageClass,
    MIN(version.BlobStorageSize) AS BlobStorageSize,
    MIN(version.StructuredStorageSize) AS StructuredStorageSize,
    MIN(version.LastUpdated) AS LastUpdated,
    LOGICAL_OR(shown.ObjectUri IS NOT NULL) AS IsPrimary
  FROM `imaging.instances` AS version
  LEFT JOIN `imaging.instances_current` AS shown ON shown.ObjectUri = version.ObjectUri
  GROUP BY version.Facility, version.ObjectUri
)
SELECT
  Facility,
  StorageClass,
  COUNT(*) AS Objects,
  SUM(BlobStorageSize) AS Bytes,
  SUM(IF(IsPrimary, 0, BlobStorageSize)) AS BytesOfOtherVersions,
  SUM(StructuredStorageSize) AS BytesOfMetadata,
  SUM(BlobStorageSize) / POW(2, 30) AS GiB,
  SUM(
    BlobStorageSize / POW(2, 30)
    * TIMESTAMP_DIFF(CURRENT_TIMESTAMP(), LastUpdated, HOUR) / (24 * 365.25 / 12)
  ) AS GiBMonths,
  MIN(LastUpdated) AS FirstArrival,
  MAX(LastUpdated) AS LastArrival
FROM stored
GROUP BY Facility, StorageClass
