-- One row per study of a facility: what of it arrived, and how much was to be expected.
-- Counted are the primary versions of instances. ExpectedInstances is the greatest number that is
-- said of it, as an instance may say it (0020,1208); IsComplete is NULL where nothing says any.
-- of imaging:
-- A manifest and a label of an upload may say it, too; ExpectedBy is who says the greatest number:
-- the first of attribute, manifest and upload. IncompleteMedia counts the DICOMDIRs and manifests
-- that name an instance of the study that never arrived; one that never arrived and of which the
-- medium does not tell the study counts for all of its studies.
-- of both:
WITH
-- of imaging:
named AS (
  SELECT
    medium.Facility,
    medium.UploadId,
    COALESCE(reference.StudyInstanceUID, archived.StudyInstanceUID) AS StudyInstanceUID,
    archived.SOPInstanceUID IS NULL AS IsMissing,
    LOGICAL_OR(archived.SOPInstanceUID IS NULL AND reference.StudyInstanceUID IS NULL)
      OVER (PARTITION BY medium.UploadId) AS IsAnyMissing
  FROM `imaging.uploads_current` AS medium
  CROSS JOIN UNNEST(medium.References) AS reference
  LEFT JOIN `imaging.instances_current` AS archived
    ON archived.Facility = medium.Facility
    AND archived.SOPInstanceUID = reference.SOPInstanceUID
),
incomplete AS (
  SELECT Facility, StudyInstanceUID, COUNT(DISTINCT UploadId) AS Media
  FROM named
  WHERE (IsMissing OR IsAnyMissing) AND StudyInstanceUID IS NOT NULL
  GROUP BY Facility, StudyInstanceUID
),
-- of both:
said AS (
  SELECT
    Facility,
    StudyInstanceUID,
    NumberOfStudyRelatedInstances AS Instances,
    'attribute' AS SaidBy
  FROM `imaging.instances_current`
  -- of imaging:
  UNION ALL
  SELECT manifest.Facility, expected.StudyInstanceUID, expected.Instances, 'manifest'
  FROM `imaging.uploads_current` AS manifest
  CROSS JOIN UNNEST(manifest.Expected) AS expected
  UNION ALL
  SELECT Facility, StudyInstanceUID, ExpectedInstances, 'upload'
  FROM `imaging.uploads_current`
  -- of both:
),
expected AS (
  SELECT Facility, StudyInstanceUID, Instances, SaidBy
  FROM said
  WHERE Instances IS NOT NULL AND StudyInstanceUID IS NOT NULL
  QUALIFY ROW_NUMBER() OVER (
    PARTITION BY Facility, StudyInstanceUID ORDER BY Instances DESC, SaidBy
  ) = 1
),
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
  expected.Instances AS ExpectedInstances,
  -- of imaging:
  expected.SaidBy AS ExpectedBy,
  COALESCE(incomplete.Media, 0) AS IncompleteMedia,
  -- of both:
  study.NumberOfStudyRelatedInstances >= expected.Instances AS IsComplete
FROM study
LEFT JOIN expected
  ON expected.Facility = study.Facility AND expected.StudyInstanceUID = study.StudyInstanceUID
-- of imaging:
LEFT JOIN incomplete
  ON incomplete.Facility = study.Facility AND incomplete.StudyInstanceUID = study.StudyInstanceUID
-- of both:
