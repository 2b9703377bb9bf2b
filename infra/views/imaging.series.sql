-- One row per series of a facility, with the column names of the Imaging Data Commons' index.
-- Of its columns those are left out that only the Commons assigns. Ages are in years, dates are
-- dates; several values of one series are joined by commas where the index does so.
WITH instance AS (
  SELECT * REPLACE (CAST(PixelRepresentation AS STRING) AS PixelRepresentation)
  FROM `imaging.instances_current`
  WHERE SeriesInstanceUID IS NOT NULL
)
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
  STRING_AGG(DISTINCT PhotometricInterpretation, ',' ORDER BY PhotometricInterpretation)
    AS PhotometricInterpretation,
  STRING_AGG(DISTINCT PixelRepresentation, ',' ORDER BY PixelRepresentation) AS PixelRepresentation,
  MIN(Manufacturer) AS Manufacturer,
  MIN(ManufacturerModelName) AS ManufacturerModelName,
  MIN(SeriesDate) AS SeriesDate,
  MIN(SeriesDescription) AS SeriesDescription,
  MIN(SeriesNumber) AS SeriesNumber,
  COUNT(*) AS instanceCount,
  SUM(BlobStorageSize) / 1000000 AS series_size_MB,
  MIN(LastUpdated) AS FirstArrival,
  MAX(LastUpdated) AS LastArrival
FROM instance
GROUP BY Facility, StudyInstanceUID, SeriesInstanceUID
