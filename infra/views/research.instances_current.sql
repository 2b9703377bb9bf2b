-- One row per de-identified instance, once however often it was delivered.
SELECT *
FROM `research.instances`
WHERE TRUE
QUALIFY ROW_NUMBER() OVER (PARTITION BY ObjectUri ORDER BY Generation) = 1
