-- One row per DICOMDIR or manifest: how many instances it names, and which of them the archive does not have.
WITH compared AS (
  SELECT
    directory.Facility,
    directory.LandedAt,
    directory.ObjectName,
    directory.UploadId,
    directory.Reason,
    reference.SOPInstanceUID,
    reference.StudyInstanceUID,
    reference.FileID,
    archived.SOPInstanceUID AS ArchivedUID
  FROM `imaging.uploads_current` AS directory
  LEFT JOIN UNNEST(directory.References) AS reference
  LEFT JOIN `imaging.instances_current` AS archived
    ON archived.Facility = directory.Facility
    AND archived.SOPInstanceUID = reference.SOPInstanceUID
  WHERE directory.Reason IN ('dicomdir', 'manifest')
)
SELECT
  Facility,
  LandedAt,
  ObjectName,
  UploadId,
  Reason AS Kind,
  COUNT(SOPInstanceUID) AS NumberOfInstances,
  COUNT(ArchivedUID) AS NumberOfArchivedInstances,
  ARRAY_AGG(
    IF(
      SOPInstanceUID IS NOT NULL AND ArchivedUID IS NULL,
      STRUCT(
        SOPInstanceUID AS SOPInstanceUID,
        FileID AS FileID,
        StudyInstanceUID AS StudyInstanceUID
      ),
      NULL
    )
    IGNORE NULLS
    ORDER BY FileID, SOPInstanceUID
  ) AS Missing
FROM compared
GROUP BY Facility, LandedAt, ObjectName, UploadId, Reason
