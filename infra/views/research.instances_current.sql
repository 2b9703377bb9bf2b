-- One row per de-identified instance and key: the copy of the version that became primary last.
-- As it was made last; where that version was held, there is none.
-- Without the times at which copies were stored: where files come as they are made, these are days
-- of examinations, which a profile may have removed or moved.
SELECT * EXCEPT (LastUpdated, Generation)
FROM (
  SELECT *
  FROM `research.instances`
  WHERE TRUE
  QUALIFY ROW_NUMBER() OVER (
    PARTITION BY SOPInstanceUID, KeyId
    ORDER BY PrimaryAt DESC, LastUpdated DESC, ObjectUri, PipelineVersion DESC
  ) = 1
)
WHERE Type = 'CREATE'
