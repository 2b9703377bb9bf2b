-- One row per patient of a facility; of whom there is more than one name, date or sex, look closer.
SELECT
  Facility,
  PatientID,
  IssuerOfPatientID,
  MIN(PatientName.Alphabetic) AS PatientName,
  COUNT(DISTINCT PatientName.Alphabetic) AS NumberOfNames,
  MIN(PatientBirthDate) AS PatientBirthDate,
  COUNT(DISTINCT PatientBirthDate) AS NumberOfBirthDates,
  MIN(PatientSex) AS PatientSex,
  COUNT(DISTINCT PatientSex) AS NumberOfSexes,
  COUNT(DISTINCT StudyInstanceUID) AS NumberOfPatientRelatedStudies,
  COUNT(DISTINCT SeriesInstanceUID) AS NumberOfPatientRelatedSeries,
  COUNT(*) AS NumberOfPatientRelatedInstances,
  MIN(StudyDate) AS FirstStudyDate,
  MAX(StudyDate) AS LastStudyDate
FROM `imaging.instances_current`
WHERE PatientID IS NOT NULL
GROUP BY Facility, PatientID, IssuerOfPatientID
