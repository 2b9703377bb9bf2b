"""What every `Holdings` promises, on the memory twin and on a real server."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud.bigquery import Client

from functions.index import rows
from functions.sweep import receipts
from functions.sweep.report import Kind as FindingKind
from functions.sweep.report import Report
from infra.operate.holdings import Holdings
from infra.table_schemas import SCHEMAS
from shared.adapters import holdings as adapter
from shared.adapters.bigquery import BigQueryTables
from shared.adapters.holdings import BigQueryHoldings
from shared.adapters.memory import MemoryTables
from shared.contracts.objects import ObjectVersion, StoredObject
from shared.contracts.outcome import ExpectedStudy, OutcomeKind, Reference
from shared.contracts.provenance import upload_event_id
from shared.contracts.subject import Kind, Selected, Subject
from shared.ports import Row, RowSink
from tests.issuing import a_receipt
from tests.operating import MemoryHoldings, a_patient
from tests.outcomes import AN_IDENTITY, MOMENT, an_outcome
from tests.warehouse import an_empty_warehouse, make_tables

Warehouse = tuple[Holdings, RowSink]
HER, HIM = "HERS-1", "HIS-2"


@pytest.fixture(params=["memory", "server"])
def warehouse(request: pytest.FixtureRequest) -> Iterator[Warehouse]:
    """All tables, empty, to be written to and asked."""
    if request.param == "memory":
        tables = MemoryTables()
        yield MemoryHoldings(tables), tables
        return
    project = request.getfixturevalue("bigquery")["GOOGLE_CLOUD_PROJECT"]
    with (
        an_empty_warehouse(project) as imaging,
        Client(project=project, credentials=AnonymousCredentials()) as client,
    ):
        make_tables(client, "research")
        copies = BigQueryTables(project, SCHEMAS, {"research": "research"})
        yield BigQueryHoldings(project, "imaging", "research"), _Both(imaging, copies)


class _Both:
    """Rows of both datasets."""

    def __init__(self, imaging: RowSink, research: RowSink) -> None:
        self._sinks = {"imaging": imaging, "research": research}

    def append(self, table: str, rows: Sequence[Row]) -> None:
        self._sinks[table.partition(".")[0]].append(table, rows)


def _object(bucket: str, name: str, crc32c: str = "0badcafe") -> StoredObject:
    version = ObjectVersion(bucket=bucket, name=name, generation=7)
    return StoredObject(version=version, size=1, crc32c=crc32c, created=MOMENT)


def _send(
    sink: RowSink, name: str, patient: str, number: int = 1, study: str = "1.2", **changes: Any
) -> str:
    """Write the rows of an archived object; return its upload's id."""
    facility = name.partition("/")[0]
    identity = replace(
        AN_IDENTITY, study_instance_uid=study, sop_instance_uid=f"{study}.9.{number}"
    )
    metadata = {"00100020": {"vr": "LO", "Value": [patient]}}
    if issuer := changes.pop("issuer", ""):
        metadata["00100021"] = {"vr": "LO", "Value": [issuer]}
    key_id, audited = changes.pop("key_id", None), changes.pop("audited", True)
    source = changes.pop("source", None) or _object("inbox", name)
    outcome = an_outcome(
        facility=facility,
        source=source,
        root_event_id=changes.pop("root", upload_event_id(source.version)),
        target=_object("archive", f"{facility}/{study}/{number}.dcm"),
        identity=identity,
        metadata=metadata,
        **changes,
    )
    sink.append("imaging.instances", [rows.instance(outcome)] * 2)
    sink.append("imaging.uploads", [rows.upload(outcome)] * 2)
    if audited:
        audit = an_outcome(
            OutcomeKind.HELD,
            facility=facility,
            source=outcome.target,
            identity=identity,
            key_id=key_id,
        )
        sink.append("imaging.deid_audit", [rows.audit(audit)])
    return outcome.upload_event_id


def _numbers(holdings: Holdings, subject: Subject) -> list[str]:
    found = [version.identity.sop_instance_uid for version in holdings.versions(subject)]
    assert len(set(found)) == len(found)
    return sorted(found)


def test_a_patient_is_known_by_facility_id_and_issuer(warehouse: Warehouse) -> None:
    holdings, sink = warehouse
    _send(sink, "h/a", HER, 1)
    _send(sink, "h/b", HER, 2, issuer="h")
    _send(sink, "h/c", HER, 3, issuer="ELSEWHERE")
    _send(sink, "h/d", HIM, 4)
    _send(sink, "k/a", HER, 5)
    hers = a_patient(HER, "h")
    assert _numbers(holdings, hers) == ["1.2.9.1", "1.2.9.2"]
    elsewhere = replace(hers, issuer="ELSEWHERE", by_default=False)
    assert _numbers(holdings, elsewhere) == ["1.2.9.3"]
    study = Subject(kind=Kind.STUDY, facility="h", value="1.2")
    assert len(holdings.versions(study)) == 4
    version, *_ = holdings.versions(a_patient(HIM, "h"))
    assert (version.uri, version.generation) == ("gs://archive/h/1.2/4.dcm", 7)
    assert version.natural_key == "archive/h/1.2/4.dcm#7"


def test_what_came_in_the_same_container_is_told(warehouse: Warehouse) -> None:
    holdings, sink = warehouse
    container = _object("inbox", "h/all.zip")
    root = upload_event_id(container.version)
    members = {}
    for number, patient in enumerate((HER, HIM), start=1):
        version = replace(container.version, name=f"h/all.zip!/{number}", container="h/all.zip")
        source = replace(container, version=version)
        members[patient] = _send(sink, "h/all", patient, number, source=source, root=root)
    expanded = an_outcome(OutcomeKind.EXPANDED, facility="h", source=container, root_event_id=root)
    sink.append("imaging.uploads", [rows.upload(expanded)])
    _send(sink, "h/alone", HIM, 3)
    found = {each.upload_id: each for each in holdings.decided(a_patient(HER, "h"))}
    assert set(found) == {root, *members.values()}
    assert found[members[HER]].name == "h/all.zip!/1"
    assert (found[root].outcome, found[root].sop_instance_uid) == ("expanded", "")


def test_others_in_a_study_and_twins_elsewhere_are_told(warehouse: Warehouse) -> None:
    holdings, sink = warehouse
    _send(sink, "h/a", HER, 1)
    _send(sink, "h/b", HER, 2, study="1.3")
    _send(sink, "h/c", HIM, 3, study="1.3")
    _send(sink, "k/a", HIM, 1)
    hers = a_patient(HER, "h")
    assert holdings.strangers(hers) == ["1.3"]
    assert holdings.twins(hers) == ["1.2.9.1"]
    assert holdings.strangers(a_patient("NOBODY", "h")) == []
    assert (holdings.namesakes(hers), holdings.namesakes(a_patient("NOBODY", "h"))) == ([], [])


def test_an_instance_of_two_persons_is_told(warehouse: Warehouse) -> None:
    holdings, sink = warehouse
    _send(sink, "h/a", HER, 1)
    _send(sink, "h/b", HIM, 1)
    _send(sink, "h/c", HER, 2)
    assert holdings.namesakes(a_patient(HER, "h")) == ["1.2.9.1"]
    study = Subject(kind=Kind.STUDY, facility="h", value="1.2")
    assert holdings.namesakes(study) == []


def test_what_waits_for_deidentification_is_told_and_by_which_key_it_was_done(
    warehouse: Warehouse,
) -> None:
    holdings, sink = warehouse
    _send(sink, "h/a", HER, 1, key_id="0" * 16)
    _send(sink, "h/b", HIM, 2, key_id="1" * 16)
    hers = a_patient(HER, "h")
    assert (holdings.undecided(hers), holdings.keys(hers)) == ([], ["0" * 16])
    _send(sink, "h/c", HER, 3, audited=False)
    _send(sink, "h/d", HER, 4, audited=False, primary_at=None)
    (waiting,) = holdings.undecided(hers)
    (version,) = (each for each in holdings.versions(hers) if each.uri.endswith("/3.dcm"))
    assert waiting == version.event_id


def _change(study: str, event_id: str) -> dict[str, object]:
    return {
        "EventId": event_id, "Facility": "h", "StudyInstanceUID": study, "Revision": 1,
        "Change": "completed", "Cause": "quiet", "DeclaredAt": MOMENT, "FirstArrival": MOMENT,
        "LastArrival": MOMENT, "Instances": 1, "Series": 1, "Data": {},
    }  # fmt: skip


def test_rows_without_an_upload_are_marked(warehouse: Warehouse) -> None:
    holdings, sink = warehouse
    _send(sink, "h/a", HER, 1)
    _send(sink, "h/b", HER, 2, study="1.3")
    _send(sink, "h/c", HIM, 3, study="1.3")
    changes = [_change("1.2", "a" * 32), _change("1.3", "b" * 32), _change("1.4", "c" * 32)]
    sink.append("imaging.study_changes", changes)
    marks = holdings.marks(a_patient(HER, "h"))
    assert marks["imaging.study_changes"] == ["a" * 32]
    for study, event_id in (("1.3", "b" * 32), ("1.4", "c" * 32)):  # whatever is archived of it
        named = Subject(kind=Kind.STUDY, facility="h", value=study)
        assert holdings.marks(named)["imaging.study_changes"] == [event_id]
    assert len(set(marks["imaging.deid_audit"])) == 2


def _list(sink: RowSink, name: str, *studies: str, directory: bool = False) -> str:
    """Write the row of a manifest, or a directory, that lists these studies; return its id."""
    references = [
        Reference(sop_instance_uid=f"{uid}.9", file_id="A", study_instance_uid=uid)
        for uid in studies
    ]
    expected = [ExpectedStudy(study_instance_uid=uid, instances=1) for uid in studies]
    outcome = an_outcome(
        OutcomeKind.IGNORED,
        facility="h",
        reason="dicomdir" if directory else "manifest",
        source=_object("inbox", name),
        target=_object("quarantine", f"manifest/{name}#7"),
        references=references if directory else (),
        expected=() if directory else expected,
    )
    sink.append("imaging.uploads", [rows.upload(outcome)] * 2)
    return outcome.upload_event_id


def test_what_lists_a_study_is_told_with_whether_it_lists_others(warehouse: Warehouse) -> None:
    holdings, sink = warehouse
    _send(sink, "h/a", HER, 1)
    alone = _list(sink, "h/1", "1.2")
    medium = _list(sink, "h/2", "1.2", "1.2", directory=True)
    both = _list(sink, "h/3", "1.9", "1.2")
    others = _list(sink, "h/4", "1.9", directory=True)

    def listing(subject: Subject) -> dict[str, bool]:
        found = holdings.listing(subject)
        return {each.upload_id: is_of_others for each, is_of_others in found.items()}

    assert listing(a_patient(HER, "h")) == {alone: False, medium: False, both: True}
    assert listing(Subject(kind=Kind.STUDY, facility="h", value="1.9")) == {
        both: True,
        others: False,
    }
    assert listing(Subject(kind=Kind.STUDY, facility="k", value="1.9")) == {}
    (found,) = (each for each in holdings.listing(a_patient(HER, "h")) if each.upload_id == alone)
    assert (found.name, found.target_uri) == ("h/1", "gs://quarantine/manifest/h/1#7")


def test_all_that_receipts_tell_is_told(warehouse: Warehouse) -> None:
    holdings, sink = warehouse
    receipt = a_receipt()
    facility, row = receipt.stretch.facility, receipts.row(receipt)
    sink.append("imaging.receipts", [row])
    assert list(holdings.receipts(facility)) == [(receipt.summary.event_id, receipt.to_data())]
    assert list(holdings.receipts("elsewhere")) == []


def test_ids_of_events_are_told_by_what_selects_them(warehouse: Warehouse) -> None:
    holdings, sink = warehouse
    upload_id = _send(sink, "h/a", HER, 1)
    _send(sink, "h/b", HER, 2)
    selected = Selected(table="imaging.uploads", column="UploadId", values=[upload_id])
    assert len(holdings.event_ids(selected)) == 1  # although it was written twice


def test_every_name_that_a_sweep_tells_comes_with_its_moment(warehouse: Warehouse) -> None:
    holdings, sink = warehouse
    report = Report(
        started=MOMENT, max_findings=9, redriven_to="gs://inbox/h/a", compared_from="h/b",
        compared_to="h/c",
    )  # fmt: skip
    report.add(FindingKind.STUCK, _object("inbox", "h/d").version)
    quiet = Report(started=MOMENT + timedelta(hours=1), max_findings=9, compared_from="")
    sink.append("imaging.sweeps", [report.row(MOMENT), quiet.row(MOMENT)])
    names = {"gs://inbox/h/a", "h/b", "h/c", "gs://inbox/h/d"}
    assert set(holdings.mentions()) == {(MOMENT, name) for name in names}
    selected = Selected(table="imaging.sweeps", column="RunAt", values=[MOMENT])
    assert holdings.count(selected) == 1
    holdings.remove(selected)
    assert list(holdings.mentions()) == []


def test_only_the_rows_that_are_selected_go(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adapter, "CHUNK", 2)
    holdings, sink = warehouse
    ids = [_send(sink, f"h/{number}", HER, number) for number in range(5)]
    selected = Selected(table="imaging.uploads", column="UploadId", values=ids[:3])
    assert holdings.count(selected) == 6  # each was written twice
    elsewhere = replace(selected, facility="k")
    assert holdings.count(elsewhere) == 0
    holdings.remove(elsewhere)
    assert holdings.count(selected) == 6
    holdings.remove(selected)
    assert holdings.count(selected) == 0
    assert holdings.count(replace(selected, values=ids)) == 4


def test_nothing_but_ids_stands_in_a_statement() -> None:
    injected = Selected(table="imaging.uploads", column="UploadId", values=["x') OR ('1'='1"])
    with pytest.raises(ValueError, match="no id"):
        list(adapter.statements(injected))


def test_keys_of_copies_are_told(warehouse: Warehouse) -> None:
    holdings, sink = warehouse
    assert list(holdings.key_ids()) == []
    copy = an_outcome(OutcomeKind.DEIDENTIFIED, key_id="0" * 16)
    other = an_outcome(OutcomeKind.DEIDENTIFIED, key_id="1" * 16)
    sink.append(
        "research.instances", [*[rows.research_instance(copy)] * 2, rows.research_instance(other)]
    )
    assert sorted(holdings.key_ids()) == ["0" * 16, "1" * 16]


def test_what_landed_in_a_time_is_told_where_it_is(warehouse: Warehouse) -> None:
    holdings, sink = warehouse
    _send(sink, "h/a", HER, 1)
    _send(sink, "k/a", HER, 2)
    later = MOMENT + timedelta(days=1)
    _send(sink, "h/b", HER, 3, source=replace(_object("inbox", "h/b"), created=later))
    assert list(holdings.kept(MOMENT, later, "")) == [
        "gs://archive/h/1.2/1.dcm", "gs://archive/k/1.2/2.dcm",
    ]  # fmt: skip
    assert list(holdings.kept(MOMENT, later, "k")) == ["gs://archive/k/1.2/2.dcm"]
    assert list(holdings.kept(later, later + timedelta(days=1), "")) == ["gs://archive/h/1.2/3.dcm"]


def test_names_of_which_there_is_a_row_come_in_order(warehouse: Warehouse) -> None:
    holdings, sink = warehouse
    _send(sink, "h/a", HER, 2)
    _send(sink, "h/b", HER, 1)
    _send(sink, "k/a", HER, 3)
    kept = an_outcome(OutcomeKind.EXPANDED, target=_object("archive", "h/containers/all.zip#7"))
    twin = an_outcome(OutcomeKind.DUPLICATE, target=_object("archive", "h/1.2/8.dcm"))
    sink.append("imaging.uploads", [rows.upload(kept), rows.upload(twin)])
    assert list(holdings.told("archive", "")) == [
        "h/1.2/1.dcm", "h/1.2/2.dcm", "h/containers/all.zip#7", "k/1.2/3.dcm",
    ]  # fmt: skip
    assert list(holdings.told("archive", "k/")) == ["k/1.2/3.dcm"]
    assert list(holdings.told("quarantine", "")) == []
