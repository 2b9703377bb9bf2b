"""Every file that pydicom ships gets an outcome, and no identity leaves through the public side."""

from pathlib import Path

import pydicom
import pytest

from infra.local.drop import Result, Upload, drop
from shared.contracts.outcome import OutcomeKind
from tests.builders import an_instance
from tests.e2e.conftest import Cloud
from tests.e2e.watch import adds_up, dead_letters, log_lines, public_events, query, until

FOLDER = Path(pydicom.__file__).parent / "data"
PLANTED = "ZZPLANTED"


@pytest.fixture(scope="module")
def results(cloud: Cloud) -> list[Result]:
    files = sorted(
        path for path in FOLDER.rglob("*") if path.is_file() and "__pycache__" not in path.parts
    )
    uploads = [
        Upload(name=f"demo-hospital/pydicom/{path.relative_to(FOLDER)}", content=path)
        for path in files
    ]
    return drop(cloud.clients, uploads)


def test_every_file_has_an_outcome(results: list[Result]) -> None:
    assert len(results) > 150
    assert [result.upload.name for result in results if result.outcome is None] == []


def test_the_account_adds_up(cloud: Cloud, results: list[Result]) -> None:
    def accounted() -> bool:
        (row,) = query(
            cloud,
            "SELECT COUNT(*) AS n FROM imaging.uploads_current "
            "WHERE ObjectName LIKE 'demo-hospital/pydicom/%' AND ObjectName NOT LIKE '%!/%'",
        )
        return bool(row["n"] == len(results))

    assert until(accounted)
    assert until(lambda: adds_up(cloud))


@pytest.mark.usefixtures("results")
def test_no_message_is_given_up_and_no_function_dies(cloud: Cloud) -> None:
    assert dead_letters(cloud) == 0
    retried = [line for line in log_lines(cloud) if '"severity":"WARNING"' in line]
    assert [line for line in retried if "unclassified" in line] == []


def test_what_is_not_dicom_says_so(results: list[Result]) -> None:
    outcomes = {Path(result.upload.name).name: result.outcome for result in results}
    readme, directory = outcomes["README.txt"], outcomes["DICOMDIR"]
    assert readme is not None
    assert directory is not None
    assert (readme.kind, readme.reason) == (OutcomeKind.QUARANTINED, "not-dicom")
    assert (directory.kind, directory.reason) == (OutcomeKind.IGNORED, "dicomdir")


def test_no_identity_reaches_a_log_an_event_a_webhook_or_the_research_side(cloud: Cloud) -> None:
    planted = an_instance(
        patient=77,
        study=77,
        PatientName=f"{PLANTED}^NAME",
        PatientID=f"{PLANTED}-ID",
        AccessionNumber=f"{PLANTED}-ACC",
        PatientComments=f"call {PLANTED}",
        InstitutionName=f"{PLANTED} HOSPITAL",
    )
    broken = planted[: len(planted) - 50]
    uploads = [
        Upload(name=f"demo-hospital/{PLANTED}^NAME/image", content=planted),
        Upload(name=f"demo-hospital/{PLANTED}^NAME/broken", content=broken),
        Upload(name=f"{PLANTED}^FACILITY/image", content=planted),
    ]
    with public_events(cloud) as events:
        results = drop(cloud.clients, uploads)
        assert [result.outcome.kind for result in results if result.outcome] == [
            OutcomeKind.ARCHIVED,
            OutcomeKind.QUARANTINED,
            OutcomeKind.QUARANTINED,
        ]
        # Three of ingest, one of de-identification.
        assert until(lambda: len(events) >= 4)
    copies = [
        blob.download_as_bytes()
        for blob in cloud.clients.storage.list_blobs(cloud.environment["INLET_RESEARCH"])
    ]
    research = until(lambda: query(cloud, "SELECT * FROM research.instances"))
    webhooks = until(lambda: [str(delivery) for delivery in cloud.deliveries])
    assert copies
    for public in (events, copies, research, webhooks, log_lines(cloud)):
        assert [str(each)[:200] for each in public if PLANTED in str(each)] == []
