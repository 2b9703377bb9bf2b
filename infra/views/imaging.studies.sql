-- One row per study of a facility, from the primary version of each of its instances.
SELECT
  Facility,
  StudyInstanceUID,
  MIN(PatientID) AS PatientID,
  MIN(StudyDate) AS StudyDate,
  MIN(StudyDescription) AS StudyDescription,
  MIN(AccessionNumber) AS AccessionNumber,
  STRING_AGG(DISTINCT Modality, ',' ORDER BY Modality) AS ModalitiesInStudy,
  COUNT(DISTINCT SeriesInstanceUID) AS NumberOfStudyRelatedSeries,
  COUNT(*) AS NumberOfStudyRelatedInstances,
  SUM(BlobStorageSize) AS Bytes,
  MIN(LastUpdated) AS FirstArrival,
  MAX(LastUpdated) AS LastArrival
FROM `imaging.instances_current`
WHERE StudyInstanceUID IS NOT NULL
GROUP BY Facility, StudyInstanceUID
