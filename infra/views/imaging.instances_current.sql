-- One row per archived instance: its primary version, once however often it was delivered.
SELECT *
FROM `imaging.instances`
WHERE IsPrimary
QUALIFY ROW_NUMBER() OVER (PARTITION BY ObjectUri ORDER BY LastUpdated, EventId) = 1
