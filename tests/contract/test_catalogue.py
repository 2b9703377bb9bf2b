"""What every `Catalogue` promises, on the memory twin and on a real server."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from functions.index import rows
from functions.sweep.report import Kind, Report
from infra.table_schemas import SCHEMAS
from shared.adapters.catalogue import BigQueryCatalogue
from shared.adapters.memory import MemoryCatalogue, MemoryTables
from shared.contracts.catalogue import IndexedVersion, OpenUpload, Progress
from shared.contracts.objects import ObjectVersion
from shared.contracts.outcome import Outcome
from shared.contracts.provenance import Provenance
from shared.contracts.upload import Upload
from shared.errors import TransientError
from shared.ports import Catalogue, RowSink
from tests.outcomes import MOMENT, a_stored_object, an_outcome
from tests.warehouse import an_empty_warehouse

DAY, MICROSECOND = timedelta(days=1), timedelta(microseconds=1)
Warehouse = tuple[Catalogue, RowSink]


@pytest.fixture(params=["memory", "server"])
def warehouse(request: pytest.FixtureRequest) -> Iterator[Warehouse]:
    """The tables of one dataset, empty, to be written to and asked."""
    if request.param == "memory":
        tables = MemoryTables()
        yield MemoryCatalogue(tables), tables
        return
    project = request.getfixturevalue("bigquery")["GOOGLE_CLOUD_PROJECT"]
    with an_empty_warehouse(project) as sink:
        yield BigQueryCatalogue(project, "imaging", SCHEMAS), sink


def _version(number: int) -> ObjectVersion:
    return ObjectVersion(bucket="inbox", name=f"h/ü {number}", generation=number)


def _announce(sink: RowSink, upload: Upload) -> None:
    sink.append("imaging.landed", [rows.landed(upload)] * 2)


def _decide(sink: RowSink, version: ObjectVersion) -> None:
    source = replace(a_stored_object(), version=version)
    sink.append("imaging.uploads", [rows.upload(an_outcome(source=source))] * 2)


def test_what_was_announced_and_not_decided_is_open(warehouse: Warehouse) -> None:
    catalogue, sink = warehouse
    for number in (1, 2, 3):
        _announce(sink, Upload(version=_version(number), landed_at=MOMENT))
    _decide(sink, _version(2))
    found = sorted(catalogue.open_uploads(MOMENT - DAY, MOMENT + DAY), key=_generation)
    assert found == [_open(Upload(version=_version(number))) for number in (1, 3)]


def test_what_landed_at_another_time_is_not_asked_for(warehouse: Warehouse) -> None:
    catalogue, sink = warehouse
    for number, moment in enumerate(
        [MOMENT - DAY - MICROSECOND, MOMENT - DAY, MOMENT, MOMENT + MICROSECOND]
    ):
        _announce(sink, Upload(version=_version(number), landed_at=moment))
    found = sorted(catalogue.open_uploads(MOMENT - DAY, MOMENT), key=_generation)
    assert [upload.version.generation for upload in found] == [1, 2]


def test_an_open_upload_is_where_it_was_announced_last(warehouse: Warehouse) -> None:
    catalogue, sink = warehouse
    sent = replace(a_stored_object(), version=_version(5))
    kept = replace(
        a_stored_object("not-dicom/h/5", "quarantine"),
        version=ObjectVersion(bucket="quarantine", name="not-dicom/h/5", generation=9),
        labels=Provenance.of_upload(sent).to_labels(),
    )
    _announce(sink, Upload.of_kept(kept))
    _announce(sink, Upload(version=_version(5), landed_at=MOMENT))
    (found,) = catalogue.open_uploads(MOMENT - DAY, MOMENT + DAY)
    assert found.version == kept.version


def _archive(sink: RowSink, name: str, generation: int = 7, bucket: str = "archive") -> Outcome:
    version = ObjectVersion(bucket=bucket, name=name, generation=generation)
    outcome = an_outcome(target=replace(a_stored_object(), version=version))
    sink.append("imaging.instances", [rows.instance(outcome)] * 2)
    return outcome


def _names(versions: Iterator[IndexedVersion]) -> list[str]:
    return [version.name for version in versions]


def test_archived_versions_come_once_in_the_order_of_names(warehouse: Warehouse) -> None:
    catalogue, sink = warehouse
    for name in ("b", "a/1", "a.1", "Z", "a/10", "a/2", "é"):
        _archive(sink, name)
    _archive(sink, "a/1", bucket="archive-of-others")
    names = ["Z", "a.1", "a/1", "a/10", "a/2", "b", "é"]
    assert _names(catalogue.archived("archive", "", 10)) == names
    assert _names(catalogue.archived("archive", "a/1", 3)) == ["a/10", "a/2", "b"]
    assert _names(catalogue.archived("archive", "é", 3)) == []


def test_of_a_version_that_was_replaced_the_latest_counts(warehouse: Warehouse) -> None:
    catalogue, sink = warehouse
    for generation in (3, 8, 5):
        _archive(sink, "a", generation)
    assert list(catalogue.archived("archive", "", 10)) == [
        IndexedVersion(name="a", generation=8, stored_at=MOMENT)
    ]


def _report(moment: datetime, **fields: object) -> Report:
    return Report(started=moment, max_findings=3, **fields)  # type: ignore[arg-type]


def test_before_the_first_sweep_there_is_no_progress(warehouse: Warehouse) -> None:
    assert warehouse[0].progress(MOMENT) == Progress()


def test_progress_is_what_the_last_run_of_each_step_wrote(warehouse: Warehouse) -> None:
    catalogue, _ = warehouse
    runs = [
        _report(MOMENT, asked=True, compared_from="", compared_to="a", pass_complete=True),
        _report(MOMENT + 2 * DAY, compared_from="b", compared_to="c"),
        _report(MOMENT + DAY, asked=True, compared_from="a", compared_to="b"),
        _report(MOMENT + 3 * DAY, redriven_to="gs://inbox/h/a"),
    ]
    runs[1].studies_since, runs[2].studies_since = MOMENT, MOMENT - 30 * DAY
    runs[0].add(Kind.ROW_MISSING, _version(1))
    for report in runs:
        catalogue.record(report.row(report.started))
    assert catalogue.progress(MOMENT) == Progress(
        redriven_to="gs://inbox/h/a",
        asked_at=MOMENT + DAY,
        compared_at=MOMENT + 2 * DAY,
        compared_to="c",
        pass_complete=False,
        studies_at=MOMENT + DAY,
    )
    assert catalogue.progress(MOMENT + 2 * DAY).asked_at is None
    assert catalogue.progress(MOMENT + 3 * DAY) == Progress(redriven_to="gs://inbox/h/a")
    catalogue.record(_report(MOMENT + 4 * DAY).row(MOMENT))
    assert catalogue.progress(MOMENT).redriven_to == ""


def test_a_dataset_that_is_not_there_is_transient(bigquery: dict[str, str]) -> None:
    nowhere = BigQueryCatalogue(bigquery["GOOGLE_CLOUD_PROJECT"], "nowhere", SCHEMAS)
    with pytest.raises(TransientError):
        nowhere.progress(datetime.now(UTC))


def _open(upload: Upload) -> OpenUpload:
    return OpenUpload(
        version=upload.version,
        landed_at=MOMENT,
        event_id=upload.event_id,
        root_event_id=upload.root_event_id,
    )


def _generation(upload: OpenUpload) -> int:
    return upload.version.generation
