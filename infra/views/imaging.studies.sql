-- One row per study of a facility: what of it arrived, and how much was to be expected.
-- Counted are the primary versions of instances. ExpectedInstances is the greatest number that an
-- instance itself names (0020,1208); IsComplete is NULL where none does.
-- of imaging:
-- IncompleteMedia counts the DICOMDIRs that name an instance of the study and, of whichever study,
-- one that never arrived.
-- of both:
WITH
-- of imaging:
named AS (
  SELECT
    medium.Facility,
    medium.UploadId,
    archived.StudyInstanceUID,
    LOGICAL_OR(archived.SOPInstanceUID IS NULL) OVER (PARTITION BY medium.UploadId) AS IsIncomplete
  FROM `imaging.uploads_current` AS medium
  CROSS JOIN UNNEST(medium.References) AS reference
  LEFT JOIN `imaging.instances_current` AS archived
    ON archived.Facility = medium.Facility
    AND archived.SOPInstanceUID = reference.SOPInstanceUID
),
incomplete AS (
  SELECT Facility, StudyInstanceUID, COUNT(DISTINCT UploadId) AS Media
  FROM named
  WHERE IsIncomplete AND StudyInstanceUID IS NOT NULL
  GROUP BY Facility, StudyInstanceUID
),
-- of both:
study AS (
  SELECT
    instance.Facility,
    instance.StudyInstanceUID,
    MIN(instance.PatientID) AS PatientID,
    MIN(instance.StudyDate) AS StudyDate,
    MIN(instance.StudyDescription) AS StudyDescription,
    MIN(instance.AccessionNumber) AS AccessionNumber,
    STRING_AGG(DISTINCT instance.Modality, ',' ORDER BY instance.Modality) AS ModalitiesInStudy,
    STRING_AGG(DISTINCT instance.BodyPartExamined, ',' ORDER BY instance.BodyPartExamined)
      AS BodyPartExamined,
    STRING_AGG(DISTINCT part.BodyPart, ',' ORDER BY part.BodyPart) AS CanonicalBodyPart,
    STRING_AGG(DISTINCT instance.Manufacturer, ',' ORDER BY instance.Manufacturer)
      AS Manufacturer,
    STRING_AGG(DISTINCT maker.Manufacturer, ',' ORDER BY maker.Manufacturer)
      AS CanonicalManufacturer,
    COUNT(DISTINCT instance.SeriesInstanceUID) AS NumberOfStudyRelatedSeries,
    COUNT(*) AS NumberOfStudyRelatedInstances,
    MAX(instance.NumberOfStudyRelatedInstances) AS ExpectedInstances,
    -- of imaging:
    MIN(instance.LastUpdated) AS FirstArrival,
    MAX(instance.LastUpdated) AS LastArrival,
    -- of both:
    SUM(instance.BlobStorageSize) AS Bytes
  FROM `imaging.instances_current` AS instance
  LEFT JOIN `imaging.curation_body_parts` AS part
    ON part.Spelling = UPPER(REGEXP_REPLACE(instance.BodyPartExamined, r'[^\pL\pN]', ''))
  LEFT JOIN `imaging.curation_manufacturers` AS maker
    ON maker.Spelling = UPPER(REGEXP_REPLACE(instance.Manufacturer, r'[^\pL\pN]', ''))
  WHERE instance.StudyInstanceUID IS NOT NULL
  GROUP BY instance.Facility, instance.StudyInstanceUID
)
SELECT
  study.*,
  -- of imaging:
  COALESCE(incomplete.Media, 0) AS IncompleteMedia,
  -- of both:
  study.NumberOfStudyRelatedInstances >= study.ExpectedInstances AS IsComplete
FROM study
-- of imaging:
LEFT JOIN incomplete
  ON incomplete.Facility = study.Facility AND incomplete.StudyInstanceUID = study.StudyInstanceUID
-- of both:
