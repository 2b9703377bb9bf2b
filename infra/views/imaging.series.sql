-- One row per series of a facility: the 31 columns of the Imaging Data Commons' index, and more.
-- After its idc_index 25. Nine columns only the Commons assigns: here collection_id is the Facility,
-- aws_bucket the bucket, series_aws_url what to copy; the others are NULL. Ages are years, dates are
-- dates; several values of one series are joined by commas where the index does so, else the least
-- is shown. CanonicalBodyPart is a term of PS3.16 Annex L; NULL: the spelling is not known.
WITH series AS (
  SELECT
    Facility,
    MIN(PatientID) AS PatientID,
    StudyInstanceUID,
    SeriesInstanceUID,
    MIN(PatientAge) AS PatientAge,
    MIN(PatientSex) AS PatientSex,
    MIN(StudyDate) AS StudyDate,
    MIN(StudyDescription) AS StudyDescription,
    MIN(BodyPartExamined) AS BodyPartExamined,
    MIN(Modality) AS Modality,
    STRING_AGG(DISTINCT SOPClassUID, ',' ORDER BY SOPClassUID) AS SOPClassUID,
    STRING_AGG(DISTINCT SOPClassName, ',' ORDER BY SOPClassName) AS sop_class_name,
    STRING_AGG(DISTINCT TransferSyntaxUID, ',' ORDER BY TransferSyntaxUID) AS TransferSyntaxUID,
    STRING_AGG(DISTINCT TransferSyntaxName, ',' ORDER BY TransferSyntaxName)
      AS transfer_syntax_name,
    STRING_AGG(DISTINCT PhotometricInterpretation, ',' ORDER BY PhotometricInterpretation)
      AS PhotometricInterpretation,
    STRING_AGG(
      DISTINCT CAST(PixelRepresentation AS STRING), ','
      ORDER BY CAST(PixelRepresentation AS STRING)
    ) AS PixelRepresentation,
    MIN(Manufacturer) AS Manufacturer,
    MIN(ManufacturerModelName) AS ManufacturerModelName,
    MIN(SeriesDate) AS SeriesDate,
    MIN(SeriesDescription) AS SeriesDescription,
    MIN(SeriesNumber) AS SeriesNumber,
    COUNT(*) AS instanceCount,
    MIN(ObjectUri) AS ObjectUri,
    -- of imaging:
    MIN(LastUpdated) AS FirstArrival,
    MAX(LastUpdated) AS LastArrival,
    -- of both:
    SUM(BlobStorageSize) / 1000000 AS series_size_MB
  FROM `imaging.instances_current`
  WHERE SeriesInstanceUID IS NOT NULL
  GROUP BY Facility, StudyInstanceUID, SeriesInstanceUID
)
SELECT
  series.Facility,
  series.Facility AS collection_id,
  CAST(NULL AS STRING) AS analysis_result_id,
  series.PatientID,
  series.SeriesInstanceUID,
  series.StudyInstanceUID,
  CAST(NULL AS STRING) AS source_DOI,
  series.PatientAge,
  series.PatientSex,
  series.StudyDate,
  series.StudyDescription,
  series.BodyPartExamined,
  series.Modality,
  series.SOPClassUID,
  series.sop_class_name,
  series.TransferSyntaxUID,
  series.transfer_syntax_name,
  series.PhotometricInterpretation,
  series.PixelRepresentation,
  series.Manufacturer,
  series.ManufacturerModelName,
  series.SeriesDate,
  series.SeriesDescription,
  series.SeriesNumber,
  series.instanceCount,
  CAST(NULL AS STRING) AS license_short_name,
  CAST(NULL AS INT64) AS series_init_idc_version,
  CAST(NULL AS INT64) AS series_revised_idc_version,
  REGEXP_EXTRACT(series.ObjectUri, r'^gs://([^/]+)/') AS aws_bucket,
  CAST(NULL AS STRING) AS crdc_series_uuid,
  CONCAT(REGEXP_EXTRACT(series.ObjectUri, r'^(gs://.*/)'), '*') AS series_aws_url,
  series.series_size_MB,
  -- of imaging:
  series.FirstArrival,
  series.LastArrival,
  -- of both:
  part.BodyPart AS CanonicalBodyPart,
  maker.Manufacturer AS CanonicalManufacturer
FROM series
LEFT JOIN `imaging.curation_body_parts` AS part
  ON part.Spelling = UPPER(REGEXP_REPLACE(series.BodyPartExamined, r'[^\pL\pN]', ''))
LEFT JOIN `imaging.curation_manufacturers` AS maker
  ON maker.Spelling = UPPER(REGEXP_REPLACE(series.Manufacturer, r'[^\pL\pN]', ''))
