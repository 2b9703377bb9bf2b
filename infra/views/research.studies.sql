-- One row per study of a key: what of it arrived, and how much was to be expected.
-- Made by infra/derived_views.py from imaging.studies.sql.
-- Counted are the primary versions of instances. ExpectedInstances is the greatest number that is
-- said of it, as an instance may say it (0020,1208); IsComplete is NULL where nothing says any.
WITH
said AS (
  SELECT
    KeyId,
    StudyInstanceUID,
    NumberOfStudyRelatedInstances AS Instances,
    'attribute' AS SaidBy
  FROM `research.instances_current`
),
expected AS (
  SELECT KeyId, StudyInstanceUID, Instances, SaidBy
  FROM said
  WHERE Instances IS NOT NULL AND StudyInstanceUID IS NOT NULL
  QUALIFY ROW_NUMBER() OVER (
    PARTITION BY KeyId, StudyInstanceUID ORDER BY Instances DESC, SaidBy
  ) = 1
),
study AS (
  SELECT
    instance.KeyId,
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
    SUM(instance.BlobStorageSize) AS Bytes
  FROM `research.instances_current` AS instance
  LEFT JOIN `research.curation_body_parts` AS part
    ON part.Spelling = UPPER(REGEXP_REPLACE(instance.BodyPartExamined, r'[^\pL\pN]', ''))
  LEFT JOIN `research.curation_manufacturers` AS maker
    ON maker.Spelling = UPPER(REGEXP_REPLACE(instance.Manufacturer, r'[^\pL\pN]', ''))
  WHERE instance.StudyInstanceUID IS NOT NULL
  GROUP BY instance.KeyId, instance.StudyInstanceUID
)
SELECT
  study.*,
  expected.Instances AS ExpectedInstances,
  study.NumberOfStudyRelatedInstances >= expected.Instances AS IsComplete
FROM study
LEFT JOIN expected
  ON expected.KeyId = study.KeyId AND expected.StudyInstanceUID = study.StudyInstanceUID
