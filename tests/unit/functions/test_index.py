import pytest

from functions.index.handler import Index
from shared.adapters.memory import MemoryTables
from shared.contracts.outcome import OutcomeKind
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
    Index(tables=tables)(an_outcome(kind))
    assert list(tables.rows) == EXPECTED[kind]
    assert [len(rows) for rows in tables.rows.values()] == [1] * len(EXPECTED[kind])


@pytest.mark.parametrize("kind", OutcomeKind)
def test_a_redelivery_repeats_the_row(kind: OutcomeKind) -> None:
    tables = MemoryTables()
    for _ in range(2):
        Index(tables=tables)(an_outcome(kind))
    for first, second in tables.rows.values():
        assert first == second


def test_the_row_of_an_instance_has_what_analysts_filter_by() -> None:
    tables = MemoryTables()
    Index(tables=tables)(an_outcome())
    (row,) = tables.rows["imaging.instances"]
    assert row["Modality"] == "CT"
    assert row["PatientID"] == "PLANTED-ID"
    assert row["StudyInstanceUID"] == "1.2.3"
    assert row["ObjectUri"] == "gs://archive/demo-hospital/1.2.3/1.2.3.4/1.2.3.4.5.dcm"
    assert row["LastUpdated"] == MOMENT
    assert row["DroppedTags"] == [{"Path": "00420011", "VR": "OB", "Length": 99}]


def test_the_audit_names_attributes_and_never_values() -> None:
    tables = MemoryTables()
    Index(tables=tables)(an_outcome(OutcomeKind.DEIDENTIFIED))
    (row,) = tables.rows["imaging.deid_audit"]
    assert row["Actions"] == [{"Path": "00100010", "Action": "Z", "Rule": "E.1-1"}]
    assert (row["Profile"], row["KeyId"]) == ("basic", "0123456789abcdef")
    assert "PLANTED" not in str(row)
