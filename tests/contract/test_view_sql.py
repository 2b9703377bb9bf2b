"""Every view and every question of the page is BigQuery's SQL: its own analyser says so."""

import re
from collections.abc import Mapping

import pytest
from zetasql.core.exceptions import ServerError

from infra.definition import load_pipeline
from infra.googlesql import VIEWS, Warehouse, analysed
from tests.questions.page import Question, questions

VIEW_NAMES = sorted(path.stem for path in VIEWS.glob("*.sql"))


def the_columns() -> Mapping[str, Mapping[str, str]]:
    return analysed()[1]


@pytest.mark.parametrize("view", VIEW_NAMES)
def test_a_view_is_bigquery_s_sql_and_names_every_column(view: str) -> None:
    columns = the_columns()[view]
    assert columns
    assert all(re.fullmatch(r"[A-Za-z]\w*", name) for name in columns)


@pytest.mark.parametrize("question", questions(), ids=lambda each: each.text)
def test_a_question_of_the_page_is_bigquery_s_sql(question: Question) -> None:
    assert analysed()[0].columns(question.sql.rstrip().removesuffix(";"))


def test_views_are_listed_after_what_they_read() -> None:
    for dataset in load_pipeline().datasets.values():
        for place, view in enumerate(dataset.views):
            sql = (VIEWS / f"{dataset.name}.{view}.sql").read_text()
            read = set(re.findall(rf"`{dataset.name}\.(\w+)`", sql))
            assert read <= {*dataset.tables, *dataset.views[:place]}, view


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("SELECT Modalty FROM `imaging.instances`", "Unrecognized name: Modalty"),
        ("SELECT * FROM imaging.instance", "Table not found: imaging.instance"),
        ("SELECT list_distinct(ImageType) FROM `imaging.instances`", "Function not found"),
        ("SELECT Facility, COUNT(*) FROM `imaging.instances`", "neither grouped nor aggregated"),
        ("SELECT PixelSpacing[1:2] FROM `imaging.instances`", "Syntax error"),
        ("SELECT ARRAY_TO_STRING(PixelSpacing, '/') FROM `imaging.instances`", "No matching"),
    ],
)
def test_the_analyser_finds_what_bigquery_refuses(sql: str, message: str) -> None:
    with pytest.raises(ServerError, match=message):
        Warehouse().columns(sql)


def test_types_are_written_as_bigquery_writes_them() -> None:
    described = the_columns()
    assert described["imaging.directories"]["Missing"] == (
        "ARRAY<STRUCT<SOPInstanceUID STRING, FileID STRING, StudyInstanceUID STRING>>"
    )
    assert described["imaging.series"]["PatientAge"] == "FLOAT64"


def test_researchers_views_tell_no_time_of_arrival_and_no_facility() -> None:
    hidden = {"Facility", "FirstArrival", "LastArrival", "LastUpdated", "Generation"}
    of_research = {view: set(names) for view, names in the_columns().items() if "research" in view}
    assert {"research.series", "research.studies", "research.volume_geometry"} <= set(of_research)
    assert {view: names & hidden for view, names in of_research.items() if names & hidden} == {}


# The columns of idc_index and of volume_geometry_index in idc-index-data 25.
IDC_INDEX = """
    collection_id analysis_result_id PatientID SeriesInstanceUID StudyInstanceUID source_DOI
    PatientAge PatientSex StudyDate StudyDescription BodyPartExamined Modality SOPClassUID
    sop_class_name TransferSyntaxUID transfer_syntax_name PhotometricInterpretation
    PixelRepresentation Manufacturer ManufacturerModelName SeriesDate SeriesDescription SeriesNumber
    instanceCount license_short_name series_init_idc_version series_revised_idc_version aws_bucket
    crdc_series_uuid series_aws_url series_size_MB
"""
IDC_GEOMETRY = """
    SeriesInstanceUID single_orientation orthogonal_orientation unique_slice_positions
    consistent_in_plane_row consistent_in_plane_col consistent_pixel_spacing
    consistent_image_dimensions uniform_slice_spacing obliquity_degrees regularly_spaced_3d_volume
    origin_patient ImageOrientationPatient slice_spacing_mm
"""


@pytest.mark.parametrize("dataset", ["imaging", "research"])
def test_queries_of_the_imaging_data_commons_find_their_columns(dataset: str) -> None:
    assert len(IDC_INDEX.split()) == 31
    assert set(IDC_INDEX.split()) - set(the_columns()[f"{dataset}.series"]) == set()
    assert set(IDC_GEOMETRY.split()) - set(the_columns()[f"{dataset}.volume_geometry"]) == set()
