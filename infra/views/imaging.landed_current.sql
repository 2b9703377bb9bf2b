-- One row per object that landed, or member of a container, however often it was announced.
SELECT
  landed.UploadId,
  landed.RootEventId,
  root.Facility,
  landed.Bucket,
  landed.ObjectName,
  landed.Generation,
  landed.LandedAt
FROM `imaging.landed` AS landed
LEFT JOIN (
  SELECT UploadId, MIN(Facility) AS Facility
  FROM `imaging.landed`
  GROUP BY UploadId
) AS root ON root.UploadId = landed.RootEventId
WHERE TRUE
QUALIFY ROW_NUMBER() OVER (
  PARTITION BY landed.UploadId
  ORDER BY
    landed.Facility IS NULL, landed.LandedAt, landed.Bucket, landed.ObjectName, landed.Generation
) = 1
