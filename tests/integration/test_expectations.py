"""How much of each study was to come, by what said so, and what of it never came."""

from collections.abc import Iterator, Mapping
from typing import Final

import pytest
from google.cloud.bigquery import Client

from shared.contracts.expected import EXPECTED_LABEL
from shared.contracts.message import to_json
from shared.contracts.upload import Upload
from tests.builders import a_uid
from tests.conftest import Environment
from tests.integration.story import Story, small
from tests.integration.told import a_warehouse_told, ask

BOTH, ATTRIBUTE, LABEL, SILENT, NAMED, TIED = (a_uid(1, study) for study in range(1, 7))
HERE, MISSING = a_uid(1, 5, 1, 1), a_uid(1, 5, 1, 9)
MANIFEST: Final = to_json(
    {
        "studies": [
            {"study_instance_uid": BOTH, "instances": 4},
            {"study_instance_uid": NAMED, "sop_instance_uids": [HERE, MISSING]},
            {"study_instance_uid": TIED, "instances": 3},
            {"study_instance_uid": a_uid(1, 99), "instances": 7},  # of which nothing came
        ]
    }
)


def _land(story: Story, name: str, data: bytes, labels: Mapping[str, str]) -> None:
    stored = story.store.write("inbox", name, [data], labels)
    assert stored is not None
    story.deliver(Upload(version=stored.version, landed_at=stored.created))


def _tell() -> Story:
    story = Story()
    story.land("h/1/1", small(study=1, NumberOfStudyRelatedInstances=3))
    story.land("h/1/2", small(study=1, instance=2))
    _land(story, "h/2/1", small(study=2, NumberOfStudyRelatedInstances=5), {EXPECTED_LABEL: "2"})
    for number in (1, 2):
        _land(story, f"h/3/{number}", small(study=3, instance=number), {EXPECTED_LABEL: "2"})
    story.land("h/4/1", small(study=4))
    story.land("h/5/1", small(study=5))
    story.land("h/6/1", small(study=6, NumberOfStudyRelatedInstances=3))
    story.land("h/_complete.json", MANIFEST)
    story.land("h/later/_complete.json", b"{}")
    story.land("h/wrong/_complete.json", b'{"studies": 7}')
    story.land("l/1/1", small(study=1))
    return story


@pytest.fixture(scope="module")
def warehouse(bigquery_server: Environment) -> Iterator[Client]:
    with a_warehouse_told(bigquery_server, _tell().messages) as client:
        yield client


def test_the_greatest_number_that_is_said_is_expected(warehouse: Client) -> None:
    rows = ask(warehouse, "SELECT * FROM imaging.studies")
    names = ("Facility", "StudyInstanceUID", "NumberOfStudyRelatedInstances", "ExpectedInstances",
             "ExpectedBy", "IsComplete", "IncompleteMedia")  # fmt: skip
    assert sorted(tuple(row[name] for name in names) for row in rows) == [
        ("h", BOTH, 2, 4, "manifest", False, 0),
        ("h", ATTRIBUTE, 1, 5, "attribute", False, 0),
        ("h", LABEL, 2, 2, "upload", True, 0),
        ("h", SILENT, 1, None, None, None, 0),
        ("h", NAMED, 1, 2, "manifest", False, 1),
        ("h", TIED, 1, 3, "attribute", False, 0),
        ("l", BOTH, 1, None, None, None, 0),
    ]


def test_a_manifest_names_what_is_missing(warehouse: Client) -> None:
    rows = ask(warehouse, "SELECT * FROM imaging.directories")
    missing = {"SOPInstanceUID": MISSING, "FileID": "", "StudyInstanceUID": NAMED}
    assert {
        row["ObjectName"]: (
            row["Kind"], row["NumberOfInstances"], row["NumberOfArchivedInstances"], row["Missing"]
        )
        for row in rows
    } == {
        "h/_complete.json": ("manifest", 2, 1, [missing]),
        "h/later/_complete.json": ("manifest", 0, 0, []),
    }  # fmt: skip


def test_the_account_has_what_a_manifest_says(warehouse: Client) -> None:
    sql = (
        "SELECT study.StudyInstanceUID AS Study, study.Instances "
        "FROM imaging.uploads_current CROSS JOIN UNNEST(Expected) AS study"
    )
    assert sorted((row["Study"], row["Instances"]) for row in ask(warehouse, sql)) == [
        (BOTH, 4),
        (NAMED, 2),
        (TIED, 3),
        (a_uid(1, 99), 7),
    ]
