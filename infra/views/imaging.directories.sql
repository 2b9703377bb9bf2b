-- One row per DICOMDIR: how many instances it names, and which of them the archive does not have.
WITH compared AS (
  SELECT
    directory.Facility,
    directory.LandedAt,
    directory.ObjectName,
    directory.UploadId,
    reference.SOPInstanceUID,
    reference.FileID,
    archived.SOPInstanceUID AS ArchivedUID
  FROM `imaging.uploads_current` AS directory
  LEFT JOIN UNNEST(directory.References) AS reference
  LEFT JOIN `imaging.instances_current` AS archived
    ON archived.Facility = directory.Facility
    AND archived.SOPInstanceUID = reference.SOPInstanceUID
  WHERE directory.Reason = 'dicomdir'
)
SELECT
  Facility,
  LandedAt,
  ObjectName,
  UploadId,
  COUNT(SOPInstanceUID) AS NumberOfInstances,
  COUNT(ArchivedUID) AS NumberOfArchivedInstances,
  ARRAY_AGG(
    IF(
      SOPInstanceUID IS NOT NULL AND ArchivedUID IS NULL,
      STRUCT(SOPInstanceUID AS SOPInstanceUID, FileID AS FileID),
      NULL
    )
    IGNORE NULLS
    ORDER BY FileID, SOPInstanceUID
  ) AS Missing
FROM compared
GROUP BY Facility, LandedAt, ObjectName, UploadId
