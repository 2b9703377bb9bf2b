"""What every `Arrivals` promises, on the memory twin and on a real server."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from functions.index import rows
from functions.sweep.receipts import row
from shared.adapters.memory import MemoryTables
from shared.adapters.memory_arrivals import MemoryArrivals
from shared.adapters.receipt_queries import BigQueryArrivals
from shared.contracts.objects import StoredObject
from shared.contracts.outcome import Finding, Outcome, OutcomeKind
from shared.contracts.receipt import (
    BEGINNING,
    LISTED_NAMES,
    Changed,
    Closing,
    Contents,
    DeviceWarning,
    Group,
    IncompleteStudy,
    Landing,
    Receipt,
    Stretch,
)
from shared.ports import Arrivals, RowSink
from tests.issuing import a_decision, a_file, a_member, announced
from tests.outcomes import MOMENT
from tests.warehouse import an_empty_warehouse

SECOND, MINUTE, HOUR, DAY = (timedelta(seconds=n) for n in (1, 60, 3600, 86400))
HOSPITAL = "demo-hospital"
TO_COME = MOMENT + DAY
Warehouse = tuple[Arrivals, RowSink]


@pytest.fixture(params=["memory", "server"])
def warehouse(request: pytest.FixtureRequest) -> Iterator[Warehouse]:
    """The tables of one dataset, empty, to be written to and asked."""
    if request.param == "memory":
        tables = MemoryTables()
        yield MemoryArrivals(tables), tables
        return
    project = request.getfixturevalue("bigquery")["GOOGLE_CLOUD_PROJECT"]
    with an_empty_warehouse(project) as sink:
        yield BigQueryArrivals(project, "imaging"), sink


def _land(sink: RowSink, *files: StoredObject) -> None:
    sink.append("imaging.landed", [announced(each) for each in files] * 2)


def _decide(sink: RowSink, *outcomes: Outcome) -> None:
    sink.append("imaging.uploads", [rows.upload(each) for each in outcomes] * 2)


def _issue(sink: RowSink, contents: Contents, **changes: Any) -> Receipt:
    fields: dict[str, Any] = {
        "stretch": Stretch(facility=HOSPITAL, covers_from=BEGINNING, covers_to=MOMENT + HOUR),
        "revision": 1,
        "closing": Closing.QUIET,
        "issued_at": MOMENT + 2 * HOUR,
        "opened_at": MOMENT,
        "closed_at": MOMENT + MINUTE,
        "bucket": "receipts",
        "contents": contents,
    }
    receipt = Receipt(**(fields | changes))
    sink.append("imaging.receipts", [row(receipt)] * 2)
    return receipt


def _landings(
    arrivals: Arrivals, since: datetime = MOMENT - DAY, until: datetime = TO_COME
) -> list[Landing]:
    return list(arrivals.unsaid(since, until)[1])


def _changed(arrivals: Arrivals, since: datetime = MOMENT - DAY) -> Sequence[Changed]:
    return arrivals.unsaid(since, TO_COME)[0]


def _everything(arrivals: Arrivals, facility: str = HOSPITAL) -> Contents:
    return arrivals.contents(
        Stretch(facility=facility, covers_from=BEGINNING, covers_to=MOMENT + DAY)
    )


def test_what_lands_comes_by_facility_in_the_order_of_time(warehouse: Warehouse) -> None:
    arrivals, sink = warehouse
    files = [
        a_file(f"{facility}/{number}", MOMENT + number * SECOND)
        for number in (2, 0, 1)
        for facility in (HOSPITAL, "demo-clinic")
    ]
    _land(sink, *files)
    _decide(
        sink, a_decision(files[0]), a_decision(files[2], OutcomeKind.IGNORED, reason="manifest")
    )
    found = _landings(arrivals)
    assert [each.facility for each in found] == ["demo-clinic"] * 3 + [HOSPITAL] * 3
    hospital = found[3:]
    late = timedelta(milliseconds=300)
    assert [each.landed_at - MOMENT for each in hospital] == [
        timedelta(),  # as the object's own time is known
        SECOND + late,
        2 * SECOND,
    ]
    assert [each.undecided for each in hospital] == [False, True, False]
    assert [each.ends_drop for each in hospital] == [True, False, False]
    assert {each.covered_to for each in found} == {BEGINNING}


def test_what_is_only_decided_landed_too(warehouse: Warehouse) -> None:
    arrivals, sink = warehouse
    _decide(sink, a_decision(a_file(f"{HOSPITAL}/a", MOMENT)))
    (found,) = _landings(arrivals)
    assert (found.facility, found.landed_at, found.undecided) == (HOSPITAL, MOMENT, False)


def test_members_land_with_their_container_of_whatever_row_comes_first(
    warehouse: Warehouse,
) -> None:
    arrivals, sink = warehouse
    container = a_file(f"{HOSPITAL}/c.zip", MOMENT)
    member = a_member(container, "deep/a")
    _decide(sink, a_decision(member, root=container))
    _land(sink, container)
    (found,) = _landings(arrivals)
    assert (found.landed_at, found.undecided) == (MOMENT, True)
    _decide(sink, a_decision(container, OutcomeKind.EXPANDED))
    (found,) = _landings(arrivals)
    assert not found.undecided
    groups = _everything(arrivals).groups
    assert [(group.outcome, group.names) for group in groups] == [
        ("archived", ("c.zip!/deep/a",)),
        ("expanded", ("c.zip",)),
    ]


def test_what_a_receipt_covers_lands_no_more(warehouse: Warehouse) -> None:
    arrivals, sink = warehouse
    _land(sink, a_file(f"{HOSPITAL}/a", MOMENT), a_file(f"{HOSPITAL}/b", MOMENT + 2 * HOUR))
    receipt = _issue(sink, _everything(arrivals))
    (found,) = _landings(arrivals)
    assert found.covered_to == receipt.stretch.covers_to
    assert arrivals.covered() == {HOSPITAL: receipt.stretch.covers_to}


def test_landings_of_another_time_are_not_asked_for(warehouse: Warehouse) -> None:
    arrivals, sink = warehouse
    moments = [MOMENT - SECOND, MOMENT, MOMENT + SECOND, MOMENT + MINUTE, MOMENT + HOUR]
    _decide(sink, *(a_decision(a_file(f"{HOSPITAL}/{at}", at)) for at in moments))
    found = [each.landed_at for each in _landings(arrivals, MOMENT, MOMENT + MINUTE)]
    assert found == [MOMENT + SECOND, MOMENT + MINUTE]


def test_a_receipt_that_says_what_the_tables_say_is_not_changed(warehouse: Warehouse) -> None:
    arrivals, sink = warehouse
    files = [a_file(f"{HOSPITAL}/{number}", MOMENT + number * SECOND) for number in range(3)]
    _land(sink, *files)
    _decide(sink, *map(a_decision, files[:2]))
    _issue(sink, _everything(arrivals))
    assert _changed(arrivals) == []


@pytest.mark.parametrize(
    "what", ["decided later", "came late", "landed late", "before", "of a later revision"]
)
def test_a_receipt_of_which_more_is_known_is_changed(warehouse: Warehouse, what: str) -> None:
    arrivals, sink = warehouse
    first, second = (a_file(f"{HOSPITAL}/{number}", MOMENT + number * SECOND) for number in (1, 2))
    _land(sink, first, second)
    _decide(sink, a_decision(first))
    revisions = [1, 2] if what == "of a later revision" else [1]
    receipts = [_issue(sink, _everything(arrivals), revision=each) for each in revisions]
    if what in {"decided later", "of a later revision"}:
        _decide(sink, a_decision(second))
    elif what == "came late":
        _decide(sink, a_decision(a_file(f"{HOSPITAL}/3", MOMENT + MINUTE)))
    elif what == "landed late":
        _land(sink, a_file(f"{HOSPITAL}/3", MOMENT + MINUTE))
    else:
        _decide(sink, a_decision(a_file(f"{HOSPITAL}/3", MOMENT - MINUTE)))
    last = receipts[-1]
    assert _changed(arrivals) == [
        Changed(
            stretch=last.stretch,
            revision=last.revision,
            closing=last.closing,
            issued_at=last.issued_at,
            opened_at=last.opened_at,
            closed_at=last.closed_at,
            undecided=0
            if what in {"decided later", "of a later revision"}
            else 1 + (what == "landed late"),
        )
    ]


def test_what_is_decided_again_changes_no_receipt(warehouse: Warehouse) -> None:
    arrivals, sink = warehouse
    stored = a_file(f"{HOSPITAL}/a", MOMENT)
    refused = a_decision(stored, OutcomeKind.QUARANTINED, reason="truncated")
    _decide(sink, refused)
    before = _everything(arrivals)
    _issue(sink, before)
    _decide(sink, a_decision(stored, decided_at=MOMENT + DAY))
    assert _changed(arrivals) == []
    assert _everything(arrivals) == before
    (group,) = before.groups
    assert (group.outcome, group.reason) == ("quarantined", "truncated")


def test_older_receipts_are_not_compared(warehouse: Warehouse) -> None:
    arrivals, sink = warehouse
    _decide(sink, a_decision(a_file(f"{HOSPITAL}/a", MOMENT)))
    _issue(sink, replace(_everything(arrivals), digest=1))
    assert len(_changed(arrivals, MOMENT - SECOND)) == 1
    assert _changed(arrivals, MOMENT) == []


def test_contents_of_nothing(warehouse: Warehouse) -> None:
    contents = _everything(warehouse[0])
    assert (contents.files, contents.digest, contents.opened_at) == (0, 0, None)
    assert contents.groups == ()


def test_files_are_grouped_and_some_of_each_group_are_named(warehouse: Warehouse) -> None:
    arrivals, sink = warehouse
    files = [a_file(f"{HOSPITAL}/ü/{number:02}", MOMENT + SECOND) for number in range(25)]
    other = a_file("demo-clinic/a", MOMENT)
    waiting = a_file(f"{HOSPITAL}/waits", MOMENT)
    refused = [a_decision(each, OutcomeKind.QUARANTINED, reason="not-dicom") for each in files[:23]]
    conflict = a_decision(files[23], OutcomeKind.CONFLICT, difference="pixels")
    _land(sink, *files, other, waiting)
    _decide(sink, *refused, conflict, a_decision(files[24]), a_decision(other))
    contents = _everything(arrivals)
    assert contents.groups == (
        Group(outcome=None, reason=None, difference=None, files=1, names=("waits",)),
        Group(outcome="archived", reason=None, difference=None, files=1, names=("ü/24",)),
        Group(outcome="conflict", reason=None, difference="pixels", files=1, names=("ü/23",)),
        Group(
            outcome="quarantined",
            reason="not-dicom",
            difference=None,
            files=23,
            names=tuple(f"ü/{number:02}" for number in range(LISTED_NAMES)),
        ),
    )
    assert (contents.files, contents.undecided, contents.size) == (26, 1, 2500)
    assert (contents.studies, contents.instances) == (1, 1)
    assert contents.closed_at == MOMENT + SECOND


def test_warnings_are_told_by_make_and_model(warehouse: Warehouse) -> None:
    arrivals, sink = warehouse
    findings = (Finding(code="uid-form", path="0020000D"), Finding(code="uid-form", path="x"))
    for number, (make, model) in enumerate(
        [("Made Up Devices", "One"), ("Made Up Devices ", "One"), ("Other", "Zwö\u202e\n<b>")]
    ):
        stored = a_file(f"{HOSPITAL}/{number}", MOMENT)
        metadata = {
            "00080070": {"vr": "LO", "Value": [make]},
            "00081090": {"vr": "LO", "Value": [model]},
            "00081010": {"vr": "SH", "Value": ["PLANTED STATION"]},
            "00181000": {"vr": "LO", "Value": ["PLANTED SERIAL"]},
        }
        outcome = a_decision(stored, findings=findings, metadata=metadata)
        _decide(sink, outcome)
        sink.append("imaging.instances", [rows.instance(outcome)] * 2)
    refused = a_file(f"{HOSPITAL}/refused", MOMENT)
    cut = (Finding(code="container-cut-short", path=""),)
    _decide(sink, a_decision(refused, OutcomeKind.EXPANDED, findings=cut))
    assert _everything(arrivals).warnings == (
        DeviceWarning(manufacturer="Made Up Devices", model="One", code="uid-form", files=2),
        DeviceWarning(manufacturer="", model="", code="container-cut-short", files=1),
        DeviceWarning(manufacturer="Other", model="Zw b", code="uid-form", files=1),
    )


def _declare(
    sink: RowSink, uid: str, change: str, *, revision: int = 1, have: int = 3, want: int | None
) -> None:
    declared = {
        "EventId": f"{uid}-{revision}-{change}",
        "Facility": HOSPITAL,
        "StudyInstanceUID": uid,
        "Revision": revision,
        "Change": change,
        "Cause": "quiet",
        "DeclaredAt": MOMENT + HOUR,
        "Instances": have,
        "ExpectedInstances": want,
        "PipelineVersion": "0",
    }
    sink.append("imaging.study_changes", [declared] * 2)


def test_studies_are_told_of_that_are_open_or_lack_instances(warehouse: Warehouse) -> None:
    arrivals, sink = warehouse
    for number in range(5):
        stored = a_file(f"{HOSPITAL}/{number}", MOMENT)
        outcome = a_decision(stored)
        assert outcome.identity
        identity = replace(
            outcome.identity, study_instance_uid=f"1.{number}", sop_instance_uid=f"1.{number}.1"
        )
        _decide(sink, replace(outcome, identity=identity))
    _declare(sink, "1.0", "completed", want=3)
    _declare(sink, "1.1", "completed", want=5)
    _declare(sink, "1.2", "completed", want=None)
    _declare(sink, "1.3", "completed", want=5)
    _declare(sink, "1.3", "reopened", revision=2, have=4, want=5)
    contents = _everything(arrivals)
    assert contents.incomplete == (IncompleteStudy(name="1", instances=3, expected=5),)
    assert (contents.studies, contents.incomplete_studies, contents.open_studies) == (5, 1, 2)


def test_a_long_time_ago_is_not_read(warehouse: Warehouse) -> None:
    arrivals, sink = warehouse
    _decide(sink, a_decision(a_file(f"{HOSPITAL}/a", datetime(2020, 1, 1, tzinfo=MOMENT.tzinfo))))
    assert _everything(arrivals).files == 0
