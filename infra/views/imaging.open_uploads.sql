-- What was announced and has no outcome yet, oldest first when ordered by LandedAt.
SELECT landed.*
FROM `imaging.landed_current` AS landed
LEFT JOIN `imaging.uploads` AS decided ON decided.UploadId = landed.UploadId
WHERE decided.UploadId IS NULL
