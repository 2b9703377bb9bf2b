-- Which device of which facility produces which warning, in how many of its instances.
WITH instance AS (
  SELECT
    Facility,
    Manufacturer,
    ManufacturerModelName,
    StationName,
    SOPInstanceUID,
    LastUpdated,
    Warnings,
    COUNT(*) OVER (
      PARTITION BY Facility, Manufacturer, ManufacturerModelName, StationName
    ) AS InstancesOfDevice
  FROM `imaging.instances_current`
)
SELECT
  instance.Facility,
  instance.Manufacturer,
  instance.ManufacturerModelName,
  instance.StationName,
  warning.Code,
  COUNT(DISTINCT instance.SOPInstanceUID) AS Instances,
  instance.InstancesOfDevice,
  SUM(warning.Count) AS Occurrences,
  MIN(warning.Path) AS ExamplePath,
  MIN(instance.SOPInstanceUID) AS ExampleSOPInstanceUID,
  MIN(instance.LastUpdated) AS FirstArrival,
  MAX(instance.LastUpdated) AS LastArrival
FROM instance
CROSS JOIN UNNEST(instance.Warnings) AS warning
GROUP BY
  instance.Facility,
  instance.Manufacturer,
  instance.ManufacturerModelName,
  instance.StationName,
  instance.InstancesOfDevice,
  warning.Code
