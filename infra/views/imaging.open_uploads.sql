-- What was announced and has no outcome yet, oldest first when ordered by LandedAt.
SELECT
  landed.UploadId,
  MIN(landed.ObjectName) AS ObjectName,
  MIN(landed.Generation) AS Generation,
  MIN(landed.LandedAt) AS LandedAt
FROM `imaging.landed` AS landed
LEFT JOIN `imaging.uploads` AS decided ON decided.UploadId = landed.UploadId
WHERE decided.UploadId IS NULL
GROUP BY landed.UploadId
