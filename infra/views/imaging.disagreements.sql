-- Attributes of patient, study or series that differ between the instances of one study.
-- Where SeriesInstanceUID is NULL the whole study is compared, else that series. An empty text in
-- DistinctValues is no value: it counts only where the standard wants the attribute to be there
-- (Type 1 or 2; a frame of reference of what has a position). The instances are those that count.
WITH held AS (
  SELECT
    instance.Facility,
    instance.StudyInstanceUID,
    IF(compared.OfSeries, instance.SeriesInstanceUID, NULL) AS SeriesInstanceUID,
    compared.Attribute,
    COALESCE(compared.Content, '') AS Content
  FROM `imaging.instances_current` AS instance
  CROSS JOIN UNNEST([
    STRUCT(
      'PatientID' AS Attribute,
      instance.PatientID AS Content,
      FALSE AS OfSeries,
      TRUE AS IsRequired
    ),
    ('IssuerOfPatientID', instance.IssuerOfPatientID, FALSE, FALSE),
    (
      'PatientName',
      ARRAY_TO_STRING(
        [
          instance.PatientName.Alphabetic,
          instance.PatientName.Ideographic,
          instance.PatientName.Phonetic
        ],
        '='
      ),
      FALSE,
      TRUE
    ),
    ('PatientBirthDate', CAST(instance.PatientBirthDate AS STRING), FALSE, TRUE),
    ('PatientSex', instance.PatientSex, FALSE, TRUE),
    ('StudyDate', CAST(instance.StudyDate AS STRING), FALSE, TRUE),
    ('StudyTime', CAST(instance.StudyTime AS STRING), FALSE, TRUE),
    ('StudyID', instance.StudyID, FALSE, TRUE),
    ('StudyDescription', instance.StudyDescription, FALSE, FALSE),
    ('AccessionNumber', instance.AccessionNumber, FALSE, TRUE),
    (
      'ReferringPhysicianName',
      ARRAY_TO_STRING(
        [
          instance.ReferringPhysicianName.Alphabetic,
          instance.ReferringPhysicianName.Ideographic,
          instance.ReferringPhysicianName.Phonetic
        ],
        '='
      ),
      FALSE,
      TRUE
    ),
    ('Modality', instance.Modality, TRUE, TRUE),
    ('SeriesNumber', CAST(instance.SeriesNumber AS STRING), TRUE, TRUE),
    ('SeriesDescription', instance.SeriesDescription, TRUE, FALSE),
    ('SeriesDate', CAST(instance.SeriesDate AS STRING), TRUE, FALSE),
    ('SeriesTime', CAST(instance.SeriesTime AS STRING), TRUE, FALSE),
    ('BodyPartExamined', instance.BodyPartExamined, TRUE, FALSE),
    ('Laterality', instance.Laterality, TRUE, FALSE),
    ('PatientPosition', instance.PatientPosition, TRUE, FALSE),
    ('ProtocolName', instance.ProtocolName, TRUE, FALSE),
    ('Manufacturer', instance.Manufacturer, TRUE, TRUE),
    ('ManufacturerModelName', instance.ManufacturerModelName, TRUE, FALSE),
    ('StationName', instance.StationName, TRUE, FALSE),
    ('InstitutionName', instance.InstitutionName, TRUE, FALSE),
    (
      'FrameOfReferenceUID',
      instance.FrameOfReferenceUID,
      TRUE,
      ARRAY_LENGTH(instance.ImagePositionPatient) > 0
    )
  ]) AS compared
  WHERE instance.StudyInstanceUID IS NOT NULL
    AND (compared.IsRequired OR compared.Content IS NOT NULL)
)
SELECT
  Facility,
  StudyInstanceUID,
  SeriesInstanceUID,
  Attribute,
  COUNT(DISTINCT Content) AS NumberOfValues,
  ARRAY_AGG(DISTINCT Content ORDER BY Content) AS DistinctValues,
  COUNT(*) AS NumberOfInstances
FROM held
GROUP BY Facility, StudyInstanceUID, SeriesInstanceUID, Attribute
HAVING COUNT(DISTINCT Content) > 1
