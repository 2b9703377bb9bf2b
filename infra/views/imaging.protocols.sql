-- With what each device examined, per month: protocols with their ranges of kVp, exposure, slices.
-- The month is that of acquisition, else of the series, else of the study. KVP in kV, Exposure in
-- mAs, XRayTubeCurrent in mA, SliceThickness in mm, CTDIvol in mGy, RepetitionTime and EchoTime in
-- ms, as each image has them.
WITH acquired AS (
  SELECT
    *,
    CAST(DATE_TRUNC(COALESCE(AcquisitionDate, SeriesDate, StudyDate), MONTH) AS DATE) AS Month
  FROM `imaging.instances_current`
  WHERE `Rows` IS NOT NULL
),
protocol AS (
  SELECT
    Facility,
    Manufacturer,
    ManufacturerModelName,
    StationName,
    Month,
    Modality,
    ProtocolName,
    BodyPartExamined,
    COUNT(DISTINCT StudyInstanceUID) AS Studies,
    COUNT(DISTINCT SeriesInstanceUID) AS Series,
    COUNT(*) AS Instances,
    MIN(KVP) AS MinKVP,
    MAX(KVP) AS MaxKVP,
    MIN(Exposure) AS MinExposure,
    MAX(Exposure) AS MaxExposure,
    MIN(XRayTubeCurrent) AS MinXRayTubeCurrent,
    MAX(XRayTubeCurrent) AS MaxXRayTubeCurrent,
    MIN(CTDIvol) AS MinCTDIvol,
    MAX(CTDIvol) AS MaxCTDIvol,
    MIN(SliceThickness) AS MinSliceThickness,
    MAX(SliceThickness) AS MaxSliceThickness,
    MIN(RepetitionTime) AS MinRepetitionTime,
    MAX(RepetitionTime) AS MaxRepetitionTime,
    MIN(EchoTime) AS MinEchoTime,
    MAX(EchoTime) AS MaxEchoTime
  FROM acquired
  GROUP BY
    Facility,
    Manufacturer,
    ManufacturerModelName,
    StationName,
    Month,
    Modality,
    ProtocolName,
    BodyPartExamined
)
SELECT
  protocol.*,
  part.BodyPart AS CanonicalBodyPart,
  maker.Manufacturer AS CanonicalManufacturer
FROM protocol
LEFT JOIN `imaging.curation_body_parts` AS part
  ON part.Spelling = UPPER(REGEXP_REPLACE(protocol.BodyPartExamined, r'[^\pL\pN]', ''))
LEFT JOIN `imaging.curation_manufacturers` AS maker
  ON maker.Spelling = UPPER(REGEXP_REPLACE(protocol.Manufacturer, r'[^\pL\pN]', ''))
