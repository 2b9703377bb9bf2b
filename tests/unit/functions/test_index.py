from datetime import UTC, datetime, timedelta

import pytest

from functions.index.handler import Index, read
from shared.adapters.memory import ManualClock, MemoryTables
from shared.contracts.event import PublicEvent
from shared.contracts.outcome import OutcomeKind
from tests.events import event_of, every_event
from tests.outcomes import MOMENT, an_outcome

EXPECTED = {
    OutcomeKind.ARCHIVED: ["imaging.instances", "imaging.uploads"],
    OutcomeKind.CONFLICT: ["imaging.instances", "imaging.uploads"],
    OutcomeKind.DUPLICATE: ["imaging.uploads"],
    OutcomeKind.QUARANTINED: ["imaging.uploads"],
    OutcomeKind.EXPANDED: ["imaging.uploads"],
    OutcomeKind.IGNORED: ["imaging.uploads"],
    OutcomeKind.PROMOTED: ["imaging.instances"],
    OutcomeKind.DEIDENTIFIED: ["research.instances", "imaging.deid_audit"],
    OutcomeKind.HELD: ["imaging.deid_audit"],
    OutcomeKind.FAILED: ["imaging.deid_audit"],
}


@pytest.mark.parametrize("kind", OutcomeKind)
def test_an_outcome_becomes_its_rows(kind: OutcomeKind) -> None:
    tables = MemoryTables()
    Index(tables=tables, clock=ManualClock())(an_outcome(kind))
    assert list(tables.rows) == EXPECTED[kind]
    assert [len(rows) for rows in tables.rows.values()] == [1] * len(EXPECTED[kind])


@pytest.mark.parametrize("kind", OutcomeKind)
def test_a_redelivery_repeats_the_row(kind: OutcomeKind) -> None:
    tables = MemoryTables()
    for _ in range(2):
        Index(tables=tables, clock=ManualClock())(an_outcome(kind))
    for first, second in tables.rows.values():
        assert first == second


def test_the_log_says_how_long_after_it_landed_an_upload_was_indexed() -> None:
    clock = ManualClock()
    clock.time = MOMENT + timedelta(seconds=3)
    index = Index(tables=MemoryTables(), clock=clock)
    assert index(an_outcome(from_inbox=True)).fields["since_landed_ms"] == 3000
    assert index(an_outcome()).fields["since_landed_ms"] is None


def test_the_row_of_an_instance_has_what_analysts_filter_by() -> None:
    tables = MemoryTables()
    Index(tables=tables, clock=ManualClock())(an_outcome())
    (row,) = tables.rows["imaging.instances"]
    assert row["Modality"] == "CT"
    assert row["PatientID"] == "PLANTED-ID"
    assert row["StudyInstanceUID"] == "1.2.3"
    assert row["ObjectUri"] == "gs://archive/demo-hospital/1.2.3/1.2.3.4/1.2.3.4.5.dcm"
    assert row["LastUpdated"] == MOMENT
    assert row["DroppedTags"] == [{"Path": "00420011", "VR": "OB", "Length": 99}]


def test_the_audit_names_attributes_and_never_values() -> None:
    tables = MemoryTables()
    Index(tables=tables, clock=ManualClock())(an_outcome(OutcomeKind.DEIDENTIFIED))
    (row,) = tables.rows["imaging.deid_audit"]
    assert row["Actions"] == [{"Path": "00100010", "Action": "Z", "Rule": "E.1-1"}]
    assert (row["Profile"], row["KeyId"]) == ("basic", "0123456789abcdef")
    assert "PLANTED" not in str(row)


@pytest.mark.parametrize("kind", [OutcomeKind.HELD, OutcomeKind.FAILED])
def test_whatever_withholds_a_copy_ends_the_earlier_ones(kind: OutcomeKind) -> None:
    tables = MemoryTables()
    Index(tables=tables, clock=ManualClock())(an_outcome(kind, withheld_uid="2.25.1"))
    (row,) = tables.rows["research.instances"]
    assert (row["SOPInstanceUID"], row["Type"]) == ("2.25.1", "DELETE")


def test_an_event_becomes_a_row_when_it_comes() -> None:
    tables, clock = MemoryTables(), ManualClock()
    event = event_of(an_outcome(OutcomeKind.QUARANTINED))
    Index(tables=tables, clock=clock)(read(event.to_message()))
    assert list(tables.rows) == ["imaging.events"]
    (row,) = tables.rows["imaging.events"]
    assert (row["EventId"], row["Time"], row["RecordedAt"]) == (event.event_id, MOMENT, clock.time)
    assert (row["Reason"], row["Facility"], row["Data"]) == (
        "not-dicom",
        "demo-hospital",
        event.data,
    )


@pytest.mark.parametrize("event", every_event(), ids=lambda event: event.type)
def test_an_event_of_any_type_becomes_a_row(event: PublicEvent) -> None:
    tables, clock = MemoryTables(), ManualClock()
    Index(tables=tables, clock=clock)(read(event.to_message()))
    (row,) = tables.rows["imaging.events"]
    assert (row["EventId"], row["Type"], row["Data"]) == (event.event_id, event.type, event.data)
    assert (row["RecordedAt"] == clock.time) is not event.is_of_copy


def test_the_row_of_a_copys_event_does_not_lead_back() -> None:
    tables, clock = MemoryTables(), ManualClock()
    original = an_outcome(OutcomeKind.DEIDENTIFIED)
    Index(tables=tables, clock=clock)(event_of(original))
    (row,) = tables.rows["imaging.events"]
    assert (row["RootEventId"], row["Facility"]) == (None, None)
    assert row["Time"] == MOMENT.replace(minute=0, second=0, microsecond=0)
    assert row["RecordedAt"] == datetime(2026, 1, 2, 4, tzinfo=UTC)
    assert original.root_event_id not in str(row)
    assert "demo-hospital" not in str(row)
