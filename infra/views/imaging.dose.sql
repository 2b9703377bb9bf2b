-- One row per CT acquisition of an X-ray radiation dose report: what was irradiated, and how much.
-- After TID 10011 and 10013 (PS3.16): CTDIvol and SSDE in mGy, DLP in mGy.cm, ScanningLength in mm,
-- Pitch without unit; of several sources KVP is the greatest. An irradiation event that several
-- reports tell of is here once. The device is that of the event, else that of the report.
-- Fluoroscopy (TID 10003) is not here.
WITH told AS (
  SELECT
    event.Facility,
    event.StudyInstanceUID,
    event.SOPInstanceUID,
    event.Path,
    MAX(IF(item.ConceptCode = '113769', item.UIDValue, NULL)) AS IrradiationEventUID,
    MAX(IF(item.ConceptCode = '125203', item.TextValue, NULL)) AS AcquisitionProtocol,
    MAX(IF(item.ConceptCode = '123014', item.ValueMeaning, NULL)) AS TargetRegion,
    MAX(IF(item.ConceptCode = '113820', item.ValueMeaning, NULL)) AS AcquisitionType,
    MAX(IF(item.ConceptCode = '113830', item.NumericValue, NULL)) AS CTDIvol,
    MAX(IF(item.ConceptCode = '113835', item.ValueMeaning, NULL)) AS Phantom,
    MAX(IF(item.ConceptCode = '113838', item.NumericValue, NULL)) AS DLP,
    MAX(IF(item.ConceptCode = '113930', item.NumericValue, NULL)) AS SSDE,
    MAX(IF(item.ConceptCode = '113825', item.NumericValue, NULL)) AS ScanningLength,
    MAX(IF(item.ConceptCode = '113828', item.NumericValue, NULL)) AS Pitch,
    MAX(IF(item.ConceptCode = '113733', item.NumericValue, NULL)) AS KVP,
    MAX(IF(item.ConceptCode = '113878', item.TextValue, NULL)) AS DeviceManufacturer,
    MAX(IF(item.ConceptCode = '113879', item.TextValue, NULL)) AS DeviceModelName,
    MAX(IF(item.ConceptCode = '113880', item.TextValue, NULL)) AS DeviceSerialNumber
  FROM `imaging.structured_reports` AS event
  INNER JOIN `imaging.structured_reports` AS item
    ON item.Facility = event.Facility
    AND item.SOPInstanceUID = event.SOPInstanceUID
    AND STARTS_WITH(item.Path, CONCAT(event.Path, '.'))
  WHERE event.ConceptCode = '113819' AND event.ConceptScheme = 'DCM' AND item.ConceptScheme = 'DCM'
  GROUP BY event.Facility, event.StudyInstanceUID, event.SOPInstanceUID, event.Path
)
SELECT
  told.Facility,
  told.StudyInstanceUID,
  told.SOPInstanceUID,
  told.Path,
  report.PatientID,
  report.StudyDate,
  told.IrradiationEventUID,
  told.AcquisitionProtocol,
  told.TargetRegion,
  told.AcquisitionType,
  told.CTDIvol,
  told.Phantom,
  told.DLP,
  told.SSDE,
  told.ScanningLength,
  told.Pitch,
  told.KVP,
  COALESCE(told.DeviceManufacturer, report.Manufacturer) AS Manufacturer,
  COALESCE(told.DeviceModelName, report.ManufacturerModelName) AS ManufacturerModelName,
  COALESCE(told.DeviceSerialNumber, report.DeviceSerialNumber) AS DeviceSerialNumber,
  report.StationName
FROM told
INNER JOIN `imaging.instances_current` AS report
  ON report.Facility = told.Facility AND report.SOPInstanceUID = told.SOPInstanceUID
WHERE TRUE
QUALIFY ROW_NUMBER() OVER (
  PARTITION BY
    told.Facility,
    COALESCE(told.IrradiationEventUID, CONCAT(told.SOPInstanceUID, '/', told.Path))
  ORDER BY told.SOPInstanceUID, told.Path
) = 1
