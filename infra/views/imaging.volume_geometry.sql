-- One row per series of single CT, MR or PET images: is it a regular volume? The IDC's ten checks.
-- After the Imaging Data Commons' volume_geometry_index 25: positions are projected onto the normal
-- of the slices, so that oblique and tilted series are judged like others. Series with a localizer
-- or a projection are not here. NULL: it cannot be said, as of the spacing of one image.
-- origin_patient, ImageOrientationPatient and slice_spacing_mm describe regular volumes only.
-- Tolerances: 1 % of the spacing, 0.1 mm in the plane, 0.01 of the length of the normal.
WITH image AS (
  SELECT
    *,
    ImageOrientationPatient[SAFE_OFFSET(0)] AS row_x,
    ImageOrientationPatient[SAFE_OFFSET(1)] AS row_y,
    ImageOrientationPatient[SAFE_OFFSET(2)] AS row_z,
    ImageOrientationPatient[SAFE_OFFSET(3)] AS column_x,
    ImageOrientationPatient[SAFE_OFFSET(4)] AS column_y,
    ImageOrientationPatient[SAFE_OFFSET(5)] AS column_z,
    ImagePositionPatient[SAFE_OFFSET(0)] AS x,
    ImagePositionPatient[SAFE_OFFSET(1)] AS y,
    ImagePositionPatient[SAFE_OFFSET(2)] AS z,
    LOGICAL_OR(
      EXISTS (
        SELECT 1 FROM UNNEST(ImageType) AS value WHERE value = 'LOCALIZER' OR value LIKE '%MIP%'
      )
    ) OVER (PARTITION BY Facility, StudyInstanceUID, SeriesInstanceUID) AS has_localizer
  FROM `imaging.instances_current`
),
oriented AS (
  SELECT
    *,
    row_y * column_z - row_z * column_y AS normal_x,
    row_z * column_x - row_x * column_z AS normal_y,
    row_x * column_y - row_y * column_x AS normal_z
  FROM image
  WHERE NOT has_localizer
    AND SOPClassUID IN (
      '1.2.840.10008.5.1.4.1.1.2', '1.2.840.10008.5.1.4.1.1.4', '1.2.840.10008.5.1.4.1.1.128'
    )
),
placed AS (
  SELECT
    *,
    SQRT(normal_x * normal_x + normal_y * normal_y + normal_z * normal_z) AS normal_length,
    x * normal_x + y * normal_y + z * normal_z AS slice_position,
    x * row_x + y * row_y + z * row_z AS in_plane_row,
    x * column_x + y * column_y + z * column_z AS in_plane_column
  FROM oriented
),
spaced AS (
  SELECT
    *,
    ROW_NUMBER() OVER (in_order) AS place,
    LEAD(slice_position) OVER (in_order) - slice_position AS slice_interval,
    SAFE_DIVIDE(
      MAX(slice_position) OVER (in_series) - MIN(slice_position) OVER (in_series),
      COUNT(*) OVER (in_series) - 1
    ) AS expected_spacing
  FROM placed
  WINDOW
    in_series AS (PARTITION BY Facility, StudyInstanceUID, SeriesInstanceUID),
    in_order AS (in_series ORDER BY slice_position, SOPInstanceUID)
),
checked AS (
  SELECT
    Facility,
    StudyInstanceUID,
    SeriesInstanceUID,
    MIN(Modality) AS Modality,
    COUNT(*) AS NumberOfImages,
    COUNT(DISTINCT TO_JSON_STRING(ImageOrientationPatient)) = 1
      AND MIN(ARRAY_LENGTH(ImageOrientationPatient)) = 6 AS single_orientation,
    MIN(normal_length) >= 0.99 AND MAX(normal_length) <= 1.01 AS orthogonal_orientation,
    COUNT(DISTINCT slice_position) = COUNT(*) AS unique_slice_positions,
    MAX(in_plane_row) - MIN(in_plane_row) < 0.1 AS consistent_in_plane_row,
    MAX(in_plane_column) - MIN(in_plane_column) < 0.1 AS consistent_in_plane_col,
    COUNT(DISTINCT TO_JSON_STRING(PixelSpacing)) = 1
      AND MIN(ARRAY_LENGTH(PixelSpacing)) = 2 AS consistent_pixel_spacing,
    COUNT(DISTINCT `Rows`) = 1 AND COUNT(DISTINCT `Columns`) = 1 AS consistent_image_dimensions,
    MAX(ABS(slice_interval - expected_spacing)) < 0.01 * MAX(expected_spacing)
      AS uniform_slice_spacing,
    MAX(
      IF(
        place = 1,
        LEAST(
          1, SAFE_DIVIDE(GREATEST(ABS(normal_x), ABS(normal_y), ABS(normal_z)), normal_length)
        ),
        NULL
      )
    ) AS cosine_to_axis,
    MAX(expected_spacing) AS expected_spacing
  FROM spaced
  GROUP BY Facility, StudyInstanceUID, SeriesInstanceUID
),
judged AS (
  SELECT
    *,
    single_orientation
      AND orthogonal_orientation
      AND unique_slice_positions
      AND consistent_in_plane_row
      AND consistent_in_plane_col
      AND consistent_pixel_spacing
      AND consistent_image_dimensions
      AND uniform_slice_spacing AS regularly_spaced_3d_volume
  FROM checked
)
SELECT
  judged.Facility,
  judged.StudyInstanceUID,
  judged.SeriesInstanceUID,
  judged.Modality,
  judged.NumberOfImages,
  judged.single_orientation,
  judged.orthogonal_orientation,
  judged.unique_slice_positions,
  judged.consistent_in_plane_row,
  judged.consistent_in_plane_col,
  judged.consistent_pixel_spacing,
  judged.consistent_image_dimensions,
  judged.uniform_slice_spacing,
  ROUND(ACOS(judged.cosine_to_axis) * 180 / ACOS(-1), 2) AS obliquity_degrees,
  judged.regularly_spaced_3d_volume,
  IF(judged.regularly_spaced_3d_volume, first_image.ImagePositionPatient, NULL) AS origin_patient,
  IF(judged.regularly_spaced_3d_volume, first_image.ImageOrientationPatient, NULL)
    AS ImageOrientationPatient,
  IF(judged.regularly_spaced_3d_volume, judged.expected_spacing, NULL) AS slice_spacing_mm
FROM judged
INNER JOIN spaced AS first_image
  ON first_image.Facility = judged.Facility
  AND first_image.SeriesInstanceUID = judged.SeriesInstanceUID
  AND first_image.StudyInstanceUID = judged.StudyInstanceUID
  AND first_image.place = 1
