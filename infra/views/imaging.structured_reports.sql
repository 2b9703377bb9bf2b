-- One row per content item of a structured report: where it is in the tree, its concept and value.
-- Path numbers items as PS3.3 Section C.17.3.2.5 does: the root is 1, its second child 1.2. Dates
-- and times are as written. A report whose Metadata is not in its row is not here. BigQuery follows
-- a tree for 500 levels.
WITH RECURSIVE item AS (
  SELECT
    Facility,
    StudyInstanceUID,
    SeriesInstanceUID,
    SOPInstanceUID,
    SOPClassName,
    '1' AS Path,
    1 AS Depth,
    Metadata AS Content
  FROM `imaging.instances_current`
  WHERE STARTS_WITH(SOPClassUID, '1.2.840.10008.5.1.4.1.1.88.')
  UNION ALL
  SELECT
    item.Facility,
    item.StudyInstanceUID,
    item.SeriesInstanceUID,
    item.SOPInstanceUID,
    item.SOPClassName,
    CONCAT(item.Path, '.', CAST(place + 1 AS STRING)),
    item.Depth + 1,
    child
  FROM item
  CROSS JOIN UNNEST(JSON_QUERY_ARRAY(item.Content, '$."0040A730".Value')) AS child
    WITH OFFSET AS place
)
SELECT
  Facility,
  StudyInstanceUID,
  SeriesInstanceUID,
  SOPInstanceUID,
  SOPClassName,
  Path,
  Depth,
  JSON_VALUE(Content, '$."0040A010".Value[0]') AS RelationshipType,
  JSON_VALUE(Content, '$."0040A040".Value[0]') AS ValueType,
  COALESCE(
    JSON_VALUE(Content, '$."0040A043".Value[0]."00080100".Value[0]'),
    JSON_VALUE(Content, '$."0040A043".Value[0]."00080119".Value[0]'),
    JSON_VALUE(Content, '$."0040A043".Value[0]."00080120".Value[0]')
  ) AS ConceptCode,
  JSON_VALUE(Content, '$."0040A043".Value[0]."00080102".Value[0]') AS ConceptScheme,
  JSON_VALUE(Content, '$."0040A043".Value[0]."00080104".Value[0]') AS ConceptMeaning,
  JSON_VALUE(Content, '$."0040A160".Value[0]') AS TextValue,
  SAFE_CAST(
    JSON_VALUE(Content, '$."0040A300".Value[0]."0040A30A".Value[0]') AS FLOAT64
  ) AS NumericValue,
  JSON_VALUE(Content, '$."0040A300".Value[0]."004008EA".Value[0]."00080100".Value[0]') AS UnitCode,
  JSON_VALUE(Content, '$."0040A300".Value[0]."004008EA".Value[0]."00080104".Value[0]')
    AS UnitMeaning,
  COALESCE(
    JSON_VALUE(Content, '$."0040A168".Value[0]."00080100".Value[0]'),
    JSON_VALUE(Content, '$."0040A168".Value[0]."00080119".Value[0]'),
    JSON_VALUE(Content, '$."0040A168".Value[0]."00080120".Value[0]')
  ) AS ValueCode,
  JSON_VALUE(Content, '$."0040A168".Value[0]."00080102".Value[0]') AS ValueScheme,
  JSON_VALUE(Content, '$."0040A168".Value[0]."00080104".Value[0]') AS ValueMeaning,
  JSON_VALUE(Content, '$."0040A124".Value[0]') AS UIDValue,
  COALESCE(
    JSON_VALUE(Content, '$."0040A120".Value[0]'),
    JSON_VALUE(Content, '$."0040A121".Value[0]'),
    JSON_VALUE(Content, '$."0040A122".Value[0]')
  ) AS DateTimeValue,
  JSON_VALUE(Content, '$."0040A123".Value[0].Alphabetic') AS PersonName,
  JSON_VALUE(Content, '$."00081199".Value[0]."00081150".Value[0]') AS ReferencedSOPClassUID,
  JSON_VALUE(Content, '$."00081199".Value[0]."00081155".Value[0]') AS ReferencedSOPInstanceUID
FROM item
