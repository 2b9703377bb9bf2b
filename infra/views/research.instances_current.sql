-- One row per de-identified instance: the copy of the version that became the primary one last.
SELECT *
FROM `research.instances`
WHERE TRUE
QUALIFY ROW_NUMBER() OVER (
  PARTITION BY SOPInstanceUID ORDER BY PrimaryAt DESC, ObjectUri, Generation
) = 1
