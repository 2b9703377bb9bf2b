-- One row per study of a facility: whether it is complete, and what was said of it last.
-- A study that nothing was said of yet is open, in its first revision. Instances and Series are
-- those that were there when Cause was said; ArrivedInstances counts the primary versions of now.
-- Since is when it was said, of what was never said anything of when its first instance came.
WITH
said AS (
  SELECT *
  FROM `imaging.study_changes`
  WHERE TRUE
  QUALIFY ROW_NUMBER() OVER (
    PARTITION BY Facility, StudyInstanceUID ORDER BY Revision DESC, Change, PipelineVersion DESC
  ) = 1
)
SELECT
  study.Facility,
  study.StudyInstanceUID,
  IF(said.Change = 'completed', 'complete', 'open') AS State,
  COALESCE(said.Revision, 1) AS Revision,
  said.Cause,
  COALESCE(said.DeclaredAt, study.FirstArrival) AS Since,
  said.Instances,
  said.Series,
  said.ExpectedInstances,
  study.NumberOfStudyRelatedInstances AS ArrivedInstances,
  study.FirstArrival,
  study.LastArrival
FROM `imaging.studies` AS study
LEFT JOIN said
  ON said.Facility = study.Facility AND said.StudyInstanceUID = study.StudyInstanceUID
