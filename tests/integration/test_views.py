"""The views on a real server, over what `ingest` told, delivered three times in random order."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from google.cloud.bigquery import Client

from infra.definition import load_pipeline
from shared.contracts.outcome import Outcome, OutcomeKind
from tests.builders import EXPLICIT, IMPLICIT, a_uid
from tests.conftest import Environment
from tests.events import event_of
from tests.integration.story import TEXT, tell
from tests.integration.told import a_warehouse_told, ask
from tests.outcomes import AN_IDENTITY, MOMENT, OF_COPIES, a_stored_object, an_outcome

STORY = tell()
OUTCOMES = [
    outcome
    for outcome in map(Outcome.from_message, STORY.topic.messages)
    if outcome.source.version.name != "h/unheard"
]
LAST = {outcome.source.version.name: outcome for outcome in OUTCOMES if outcome.kind.ends_upload}
FIRST_DAY, SECOND_DAY, THIRD_DAY = (date(2026, 1, day) for day in (2, 3, 4))


def _copy(name: str, since: datetime) -> Outcome:
    """The outcome of a research copy of one instance."""
    return an_outcome(
        OutcomeKind.DEIDENTIFIED,
        source=a_stored_object(f"{name} original", "archive"),
        target=a_stored_object(name, "research"),
        primary_at=since,
    )


COPIES = [_copy("b", MOMENT), _copy("a", MOMENT), _copy("c", MOMENT - timedelta(days=1))]
OTHER_COPY = replace(COPIES[2], identity=replace(AN_IDENTITY, sop_instance_uid="1.2.3.4.6"))
OF_OTHER_KEY = replace(
    OTHER_COPY, target=a_stored_object("d", "research"), key_id="fedcba9876543210"
)


def _copy_of(uid: str, name: str, since: datetime, stored: datetime, **made_by: str) -> Outcome:
    """The outcome of a copy of an instance, stored and told of then, in its own generation."""
    target = replace(a_stored_object(name, "research"), created=stored)
    version = replace(target.version, generation=int(stored.timestamp()))
    return replace(
        _copy(name, since),
        identity=replace(AN_IDENTITY, sop_instance_uid=uid),
        target=replace(target, version=version),
        decided_at=stored,
        **made_by,  # type: ignore[arg-type]
    )


def _withheld(uid: str, since: datetime, decided: datetime, **made_by: str) -> Outcome:
    """The outcome of a version that was held then, by what its copy would be called."""
    return an_outcome(
        OutcomeKind.HELD,
        source=a_stored_object(f"{uid} {since} original", "archive"),
        target=None,
        primary_at=since,
        decided_at=decided,
        withheld_uid=uid,
        **OF_COPIES | made_by,
    )


LATER, LATEST = MOMENT + timedelta(days=1), MOMENT + timedelta(days=2)
ANOTHER = {"key_id": "fedcba9876543210"}
MADE_ANEW = [
    _copy_of("1.7", "e", MOMENT, MOMENT, profile_digest="0" * 16),
    _copy_of("1.7", "e", MOMENT, LATER),
]
ENDED = [
    *(_copy_of("1.8", "of an earlier version", MOMENT, MOMENT), _withheld("1.8", LATER, LATER)),
    *(_copy_of("1.9", "of a laxer profile", MOMENT, MOMENT), _withheld("1.9", MOMENT, LATER)),
    _withheld("1.10", MOMENT, MOMENT),
]
NOT_ENDED = [
    *(_withheld("1.11", LATER, LATER), _copy_of("1.11", "f", LATEST, LATEST)),
    *(_withheld("1.12", MOMENT, LATER), _copy_of("1.12", "g", MOMENT, LATEST)),
    *(_copy_of("1.13", "h", MOMENT, MOMENT), _withheld("1.13", LATER, LATER, **ANOTHER)),
]


@pytest.fixture(scope="module")
def warehouse(bigquery_server: Environment) -> Iterator[Client]:
    copied = [*COPIES, OTHER_COPY, OF_OTHER_KEY, *MADE_ANEW, *ENDED, *NOT_ENDED]
    copies = [outcome.to_message() for outcome in copied]
    published = [event_of(outcome).to_message() for outcome in OUTCOMES]
    with a_warehouse_told(bigquery_server, [*STORY.messages, *copies, *published]) as client:
        yield client


def _uri(name: str) -> str:
    """Where a version is kept."""
    target = LAST[name].target
    assert target is not None
    return target.uri


def test_each_upload_counts_once_with_its_latest_outcome(warehouse: Client) -> None:
    rows = ask(warehouse, "SELECT * FROM imaging.uploads_current")
    assert sorted(
        (row["ObjectName"], row["Facility"], row["Outcome"], row["Reason"]) for row in rows
    ) == sorted(
        (name, outcome.facility, outcome.kind.value, outcome.reason)
        for name, outcome in LAST.items()
    )
    released = {row["ObjectName"]: row["Outcome"] for row in rows if row["Facility"] == "late"}
    assert released == {"late/image": "archived", "late/text": "quarantined"}


def test_a_release_is_in_the_history(warehouse: Client) -> None:
    rows = ask(warehouse, "SELECT * FROM imaging.upload_history")
    assert len(rows) == len(LAST) + 2
    columns = ("ObjectName", "Outcome", "Reason", "PreviousOutcome", "PreviousReason")
    changed = [row for row in rows if row["PreviousOutcome"]]
    assert sorted(tuple(row[name] for name in columns) for row in changed) == [
        ("late/image", "archived", None, "quarantined", "unknown-facility"),
        ("late/text", "quarantined", "not-dicom", "quarantined", "unknown-facility"),
    ]


def test_each_instance_is_there_once_in_its_primary_version(warehouse: Client) -> None:
    rows = ask(warehouse, "SELECT * FROM imaging.instances_current")
    assert sorted(row["ObjectUri"] for row in rows) == sorted(
        _uri(name)
        for name, outcome in LAST.items()
        if (outcome.kind is OutcomeKind.ARCHIVED and name not in {"h/2-first", "l/1-first"})
        or name in {"h/2-promoted", "l/1-last"}
    )


def test_both_counts_of_each_day_agree(warehouse: Client) -> None:
    rows = ask(warehouse, "SELECT * FROM imaging.daily_facility")
    counted = {
        (row["Facility"], row["LandedOn"]): {
            name.lower(): count
            for name, count in row.items()
            if name not in {"Facility", "LandedOn", "Bytes"} and count
        }
        for row in rows
    }
    assert counted == {
        ("h", FIRST_DAY): {"uploaded": 7, "archived": 3, "duplicate": 1, "conflict": 3},
        ("l", FIRST_DAY): {"uploaded": 3, "archived": 2, "conflict": 1},
        ("h", SECOND_DAY): {
            "uploaded": 21,
            "archived": 8,
            "conflict": 1,
            "quarantined": 3,
            "expanded": 2,
            "ignored": 4,
            "undecided": 3,
        },
        ("late", SECOND_DAY): {"uploaded": 2, "archived": 1, "quarantined": 1},
        ("unknown", SECOND_DAY): {"uploaded": 2, "quarantined": 1, "undecided": 1},
        ("l", THIRD_DAY): {"archived": 1},  # its announcement is lost
    }


def test_bytes_are_those_that_were_sent(warehouse: Client) -> None:
    rows = ask(
        warehouse,
        "SELECT Facility, SUM(Bytes) AS Bytes FROM imaging.daily_facility GROUP BY Facility",
    )
    sent: dict[str, int] = {}
    for outcome in LAST.values():
        if outcome.source.version.container is None:
            sent[outcome.facility] = sent.get(outcome.facility, 0) + outcome.source.size
    assert {row["Facility"]: row["Bytes"] for row in rows} == sent


def test_what_has_no_outcome_is_open(warehouse: Client) -> None:
    rows = ask(warehouse, "SELECT * FROM imaging.open_uploads")
    assert sorted(
        (row["Facility"], row["Bucket"], row["ObjectName"].partition("/")[0]) for row in rows
    ) == [
        ("h", "inbox", "h"),
        ("h", "inbox", "h"),
        ("h", "quarantine", "staging"),
        ("unknown", "inbox", "no folder"),
    ]
    (unheard,) = (row for row in rows if row["ObjectName"] == "h/unheard")
    announced = ask(
        warehouse, f"SELECT Bucket FROM imaging.landed WHERE UploadId = '{unheard['UploadId']}'"
    )
    assert {row["Bucket"] for row in announced} == {"archive", "inbox"}


def test_a_study_counts_its_instances(warehouse: Client) -> None:
    rows = ask(warehouse, "SELECT * FROM imaging.studies")
    assert sorted(
        (
            row["Facility"],
            row["StudyInstanceUID"],
            row["ModalitiesInStudy"],
            row["NumberOfStudyRelatedSeries"],
            row["NumberOfStudyRelatedInstances"],
            row["ExpectedInstances"],
            row["IsComplete"],
            row["IncompleteMedia"],
        )
        for row in rows
    ) == [
        ("h", a_uid(1, 1), "CT", 1, 4, 4, True, 2),
        ("h", a_uid(1, 7), "CT,MR", 2, 5, 6, False, 0),
        ("l", a_uid(1, 1), "CT", 1, 3, None, None, 0),
        ("late", a_uid(1, 1), "CT", 1, 1, None, None, 0),
    ]


def test_a_series_is_described_as_in_the_imaging_data_commons(warehouse: Client) -> None:
    rows = ask(warehouse, "SELECT * FROM imaging.series")
    assert sorted(
        (row["Facility"], row["SeriesInstanceUID"], row["instanceCount"]) for row in rows
    ) == [
        ("h", a_uid(1, 1, 1), 4),
        ("h", a_uid(1, 7, 1), 3),
        ("h", a_uid(1, 7, 2), 2),
        ("l", a_uid(1, 1, 1), 3),
        ("late", a_uid(1, 1, 1), 1),
    ]
    (series,) = (row for row in rows if row["SeriesInstanceUID"] == a_uid(1, 7, 1))
    images = [LAST[f"h/study/{number}"] for number in range(3)]
    described = {
        "PatientID": "PID00001",
        "StudyInstanceUID": a_uid(1, 7),
        "PatientAge": 65.0,
        "PatientSex": "F",
        "StudyDate": date(2024, 1, 31),
        "StudyDescription": None,
        "BodyPartExamined": "HEAD",
        "Modality": "CT",
        "SOPClassUID": "1.2.840.10008.5.1.4.1.1.2",
        "sop_class_name": "CT Image Storage",
        "TransferSyntaxUID": f"{IMPLICIT},{EXPLICIT}",
        "PhotometricInterpretation": "MONOCHROME1,MONOCHROME2",
        "PixelRepresentation": "0,1",
        "Manufacturer": "Made Up Devices",
        "ManufacturerModelName": "Model",
        "SeriesDate": date(2024, 2, 1),
        "SeriesDescription": "AXIAL",
        "SeriesNumber": 1,
        "series_size_MB": sum(image.source.size for image in images) / 1_000_000,
        "FirstArrival": STORY.kept(images[0]).created,
        "LastArrival": STORY.kept(images[2]).created,
    }  # fmt: skip
    assert {name: series[name] for name in described} == described


def test_a_patient_counts_studies_and_what_is_said_of_them(warehouse: Client) -> None:
    rows = ask(warehouse, "SELECT * FROM imaging.patients")
    columns = (
        *("Facility", "PatientID", "PatientName", "NumberOfNames", "PatientSex", "NumberOfSexes"),
        *(f"NumberOfPatientRelated{what}" for what in ("Studies", "Series", "Instances")),
    )
    assert sorted(tuple(row[name] for name in columns) for row in rows) == [
        ("h", "PID00001", "Other^One", 2, "F", 2, 2, 3, 9),
        ("l", "PID00001", "Sample^Person1", 1, "O", 1, 1, 1, 3),
        ("late", "PID00001", "Sample^Person1", 1, "O", 1, 1, 1, 1),
    ]
    for row in rows:
        assert (row["PatientBirthDate"], row["NumberOfBirthDates"]) == (date(1970, 1, 2), 1)
        assert (row["FirstStudyDate"], row["LastStudyDate"]) == (date(2024, 1, 31),) * 2


def test_reasons_are_counted_for_what_is_still_refused(warehouse: Client) -> None:
    rows = ask(warehouse, "SELECT * FROM imaging.quarantine_reasons")
    assert sorted((row["Facility"], row["Reason"], row["Files"], row["Bytes"]) for row in rows) == [
        ("h", "member-path-unsafe", 1, 0),
        ("h", "not-dicom", 2, 2 * len(TEXT)),
        ("late", "not-dicom", 1, len(TEXT)),
        ("unknown", "unknown-facility", 1, len(TEXT)),
    ]


def test_versions_of_a_conflict_say_how_they_differ_and_which_counts(warehouse: Client) -> None:
    rows = ask(warehouse, "SELECT * FROM imaging.conflicts")
    names = {_uri(name): name for name in LAST if LAST[name].target and LAST[name].kind.of_version}
    assert sorted(
        (
            names[row["ObjectUri"]],
            row["Difference"],
            row["IsPrimary"],
            row["PromotedAt"] is not None,
        )
        for row in rows
    ) == [
        ("h/1-changed", "header", False, False),
        ("h/1-first", None, True, False),
        ("h/2-first", None, False, False),
        ("h/2-promoted", "header", True, True),
        ("h/3-first", None, True, False),
        ("h/3-other-study", "header", False, False),
        ("l/1-first", None, False, False),
        ("l/1-last", "header", True, False),
    ]
    for row in rows:
        name = names[row["ObjectUri"]]
        assert row["LandedAt"] == LAST[name].source.created
        since = row["PromotedAt"] or row["LandedAt"]
        assert row["PrimaryAt"] == (since if row["IsPrimary"] else None)
    (moved,) = (row for row in rows if names[row["ObjectUri"]] == "h/3-other-study")
    assert moved["StudyInstanceUID"] == a_uid(1, 2)


def test_a_directory_names_what_is_missing(warehouse: Client) -> None:
    rows = ask(warehouse, "SELECT * FROM imaging.directories")
    assert {
        row["ObjectName"]: (
            row["Facility"],
            row["NumberOfInstances"],
            row["NumberOfArchivedInstances"],
            row["Missing"],
        )
        for row in rows
    } == {
        "h/DICOMDIR": (
            "h",
            4,
            1,
            [
                {
                    "SOPInstanceUID": a_uid(1, 1, 1, 10),
                    "FileID": "IMAGES/IM10",
                    "StudyInstanceUID": None,
                },
                {
                    "SOPInstanceUID": a_uid(1, 1, 1, 4),
                    "FileID": "IMAGES/IM4",
                    "StudyInstanceUID": None,
                },
                {
                    "SOPInstanceUID": a_uid(1, 1, 1, 9),
                    "FileID": "IMAGES/IM9",
                    "StudyInstanceUID": None,
                },
            ],
        ),
        "h/empty/DICOMDIR": ("h", 0, 0, []),
        "h/disc.zip!/DICOMDIR": (
            "h",
            2,
            1,
            [{"SOPInstanceUID": a_uid(1, 1, 1, 6), "FileID": "IM6", "StudyInstanceUID": None}],
        ),
    }


def test_attributes_disagree_where_they_must_not(warehouse: Client) -> None:
    rows = ask(warehouse, "SELECT * FROM imaging.disagreements")
    columns = ("SeriesInstanceUID", "Attribute", "DistinctValues", "NumberOfInstances")
    assert {(row["Facility"], row["StudyInstanceUID"]) for row in rows} == {("h", a_uid(1, 7))}
    assert sorted((tuple(row[name] for name in columns) for row in rows), key=str) == [
        (a_uid(1, 7, 1), "FrameOfReferenceUID", ["", a_uid(7)], 2),
        (a_uid(1, 7, 1), "SeriesDescription", ["AXIAL", "CORONAL"], 2),
        (None, "PatientName", ["Other^One", "Sample^Person1"], 5),
        (None, "PatientSex", ["", "F"], 5),
    ]
    assert [row["NumberOfValues"] for row in rows] == [2] * 4


def test_researchers_are_not_told_when_copies_were_stored(warehouse: Client) -> None:
    (row, *_) = ask(warehouse, "SELECT * FROM research.instances_current")
    assert row.keys().isdisjoint({"LastUpdated", "Generation"})
    assert {"PatientID", "Metadata", "ObjectUri", "KeyId"} <= row.keys()


def test_a_research_copy_is_that_of_the_version_that_counts(warehouse: Client) -> None:
    rows = ask(
        warehouse,
        "SELECT SOPInstanceUID, ObjectUri FROM research.instances_current "
        "WHERE SOPInstanceUID LIKE '1.2.%'",
    )
    assert sorted((row["SOPInstanceUID"], row["ObjectUri"]) for row in rows) == [
        ("1.2.3.4.5", "gs://research/a"),
        ("1.2.3.4.6", "gs://research/c"),
        ("1.2.3.4.6", "gs://research/d"),
    ]


def test_a_copy_that_was_made_anew_is_as_it_was_made_last(warehouse: Client) -> None:
    (row,) = ask(
        warehouse,
        "SELECT ProfileDigest FROM research.instances_current WHERE SOPInstanceUID = '1.7'",
    )
    assert row["ProfileDigest"] == OF_COPIES["profile_digest"]


def test_no_copy_is_shown_where_the_version_that_counts_was_held(warehouse: Client) -> None:
    uids = [outcome.withheld_uid for outcome in [*ENDED, *NOT_ENDED] if outcome.withheld_uid]
    rows = ask(
        warehouse,
        "SELECT SOPInstanceUID, ObjectUri, Type FROM research.instances_current "
        f"WHERE SOPInstanceUID IN ({', '.join(map(repr, uids))})",
    )
    assert sorted((row["SOPInstanceUID"], row["ObjectUri"], row["Type"]) for row in rows) == [
        ("1.11", "gs://research/f", "CREATE"),
        ("1.12", "gs://research/g", "CREATE"),
        ("1.13", "gs://research/h", "CREATE"),
    ]


def test_every_view_answers(warehouse: Client) -> None:
    for dataset in load_pipeline().datasets.values():
        for view in dataset.views:
            ask(warehouse, f"SELECT * FROM {dataset.name}.{view} LIMIT 1")
