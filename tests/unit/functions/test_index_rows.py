"""Which of an outcome's two objects a column speaks of."""

from dataclasses import replace
from datetime import timedelta

import pytest

from functions.index.handler import Index
from shared.adapters.memory import ManualClock, MemoryTables
from shared.contracts.outcome import (
    PIPELINE_VERSION,
    ExpectedStudy,
    Outcome,
    OutcomeKind,
    Reference,
)
from shared.contracts.provenance import upload_event_id
from shared.contracts.upload import Lineage, Upload
from shared.ports import Row
from tests.outcomes import MOMENT, OF_COPIES, a_stored_object, an_outcome

SOURCE = replace(a_stored_object("demo-hospital/sent"), created=MOMENT.replace(hour=1))
TARGET = replace(
    a_stored_object("demo-hospital/kept.dcm", "archive"),
    size=4321,
    crc32c="deadbeef",
    created=MOMENT.replace(hour=7),
)
TARGET = replace(TARGET, version=replace(TARGET.version, generation=99))


def _row(outcome: Outcome, table: str) -> Row:
    tables = MemoryTables()
    Index(tables=tables, clock=ManualClock())(replace(outcome, source=SOURCE, target=TARGET))
    (row,) = tables.rows[table]
    return row


@pytest.mark.parametrize(
    ("kind", "table"),
    [
        (OutcomeKind.ARCHIVED, "imaging.instances"),
        (OutcomeKind.CONFLICT, "imaging.instances"),
        (OutcomeKind.DEIDENTIFIED, "research.instances"),
    ],
)
def test_an_instance_is_described_as_it_is_kept(kind: OutcomeKind, table: str) -> None:
    row = _row(an_outcome(kind), table)
    assert row["ObjectUri"] == TARGET.uri
    assert row["Generation"] == 99
    assert (row["Crc32c"], row["BlobStorageSize"]) == ("deadbeef", 4321)


def test_a_version_counts_from_when_it_was_stored() -> None:
    assert _row(an_outcome(), "imaging.instances")["LastUpdated"] == TARGET.created


def test_an_instance_is_known_by_the_identity_that_was_decided() -> None:
    metadata = {"00080018": {"vr": "UI", "Value": ["9.9.9"]}}
    row = _row(an_outcome(metadata=metadata), "imaging.instances")
    assert row["SOPInstanceUID"] == "1.2.3.4.5"


def test_a_member_has_an_account_of_its_own_under_its_root() -> None:
    row = _row(an_outcome(), "imaging.uploads")
    assert row["UploadId"] == upload_event_id(SOURCE.version)
    assert row["RootEventId"] == "0" * 32


def test_an_upload_is_described_as_it_was_sent() -> None:
    row = _row(an_outcome(), "imaging.uploads")
    assert (row["Bucket"], row["ObjectName"]) == ("inbox", "demo-hospital/sent")
    assert row["Generation"] == 7
    assert (row["Crc32c"], row["Size"]) == ("0badcafe", 1234)
    assert (row["LandedAt"], row["DecidedAt"]) == (SOURCE.created, MOMENT)
    assert row["TargetUri"] == TARGET.uri


@pytest.mark.parametrize("primary", [True, False])
def test_an_archived_version_is_as_primary_as_its_outcome_says(*, primary: bool) -> None:
    since = MOMENT if primary else None
    row = _row(an_outcome(primary_at=since), "imaging.instances")
    assert (row["IsPrimary"], row["PrimaryAt"]) == (primary, since)


def test_a_research_copy_is_primary_since_its_original_is() -> None:
    row = _row(an_outcome(OutcomeKind.DEIDENTIFIED), "research.instances")
    assert (row["IsPrimary"], row["PrimaryAt"]) == (True, MOMENT)


def test_a_research_row_leads_nowhere_back() -> None:
    row = _row(an_outcome(OutcomeKind.DEIDENTIFIED), "research.instances")
    assert row.keys().isdisjoint({"Facility", "RootEventId", "EventId", "UploadId", "Warnings"})
    assert "demo-hospital/sent" not in str(row)


def test_an_audit_says_of_what_and_not_where_the_copy_is() -> None:
    row = _row(an_outcome(OutcomeKind.DEIDENTIFIED), "imaging.deid_audit")
    assert row["SourceUri"] == SOURCE.uri
    assert not {TARGET.uri, TARGET.version.generation, "1.2.3.4.5"} & set(map(str, row.values()))


def test_a_research_row_says_which_key_made_it() -> None:
    row = _row(an_outcome(OutcomeKind.DEIDENTIFIED), "research.instances")
    assert row["KeyId"] == "0123456789abcdef"


WITHHELD = {"withheld_uid": "2.25.1", "primary_at": MOMENT.replace(year=2020), **OF_COPIES}


def test_what_is_withheld_ends_the_copy_of_an_earlier_version_and_leads_nowhere() -> None:
    row = _row(an_outcome(OutcomeKind.HELD, **WITHHELD), "research.instances")
    assert (row["Type"], row["SOPInstanceUID"]) == ("DELETE", "2.25.1")
    assert (row["IsPrimary"], row["PrimaryAt"]) == (True, MOMENT.replace(year=2020))
    assert (row["KeyId"], row["ProfileDigest"]) == (OF_COPIES["key_id"], "f" * 16)
    audit = _row(an_outcome(OutcomeKind.HELD, **WITHHELD), "imaging.deid_audit")
    assert "2.25.1" not in map(str, audit.values())
    common = {row[name] for name in row} & {audit[name] for name in audit if name != "Actions"}
    assert common == {*OF_COPIES.values(), PIPELINE_VERSION} - {OF_COPIES["profile"]}


@pytest.mark.parametrize(
    "outcome", [an_outcome(OutcomeKind.HELD, **WITHHELD), an_outcome(OutcomeKind.DEIDENTIFIED)]
)
def test_what_became_of_a_copy_is_told_to_the_next_second(outcome: Outcome) -> None:
    row = _row(outcome, "research.instances")
    assert row["LastUpdated"] == MOMENT.replace(microsecond=0) + timedelta(seconds=1)


def test_the_account_says_what_differs_what_is_named_and_how_long_it_took() -> None:
    outcome = an_outcome(
        OutcomeKind.CONFLICT,
        difference="header",
        references=(
            Reference(sop_instance_uid="1.2.3", file_id="IMAGES/IM1"),
            Reference(sop_instance_uid="1.2.4", file_id="", study_instance_uid="1.2"),
        ),
        duration_ms=12,
        header_bytes=34,
    )
    row = _row(outcome, "imaging.uploads")
    assert (row["Difference"], row["DurationMs"], row["HeaderBytes"]) == ("header", 12, 34)
    assert row["References"] == [
        {"SOPInstanceUID": "1.2.3", "FileID": "IMAGES/IM1", "StudyInstanceUID": None},
        {"SOPInstanceUID": "1.2.4", "FileID": "", "StudyInstanceUID": "1.2"},
    ]


def test_the_account_says_how_much_is_to_come() -> None:
    outcome = an_outcome(
        OutcomeKind.IGNORED,
        expected=(
            ExpectedStudy(study_instance_uid="1.2", instances=120),
            ExpectedStudy(study_instance_uid="1.3", instances=None),
        ),
        expected_instances=7,
    )
    row = _row(outcome, "imaging.uploads")
    assert row["ExpectedInstances"] == 7
    assert row["Expected"] == [
        {"StudyInstanceUID": "1.2", "Instances": 120},
        {"StudyInstanceUID": "1.3", "Instances": None},
    ]


@pytest.mark.parametrize("table", ["imaging.instances", "imaging.uploads"])
def test_a_warning_says_how_often_and_where_first(table: str) -> None:
    assert _row(an_outcome(), table)["Warnings"] == [
        {"Code": "uid-form", "Path": "0020000D", "Count": 3},
        {"Code": "whole", "Path": "", "Count": 1},
    ]


KEPT = Lineage(event_id="e" * 32, root_event_id="0" * 32)


@pytest.mark.parametrize(
    ("name", "lineage", "facility"),
    [("h/a", None, "h"), ("no folder", None, "unknown"), ("not-dicom/h/a#7", KEPT, None)],
)
def test_only_a_name_in_the_inbox_says_whose_it_is(
    name: str, lineage: Lineage | None, facility: str | None
) -> None:
    version = a_stored_object(name).version
    tables = MemoryTables()
    Index(tables=tables, clock=ManualClock())(Upload(version=version, lineage=lineage))
    (row,) = tables.rows["imaging.landed"]
    assert row["Facility"] == facility
    ids = (row["UploadId"], row["RootEventId"])
    own = upload_event_id(version)
    assert ids == ((lineage.event_id, lineage.root_event_id) if lineage else (own, own))
