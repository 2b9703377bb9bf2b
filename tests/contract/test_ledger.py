"""What every `Ledger` promises, on the memory twins and on real servers."""

import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from functions.sweep.receipts import row as receipt_row
from shared.adapters.cloud_storage import CloudStorage
from shared.adapters.ledger import BigQueryLedger
from shared.adapters.memory import MemoryLedger, MemoryObjectStore, MemoryTables
from shared.claims import Claims
from shared.contracts.declaration import RECEIPTS, STUDY_CHANGES, Declaration
from shared.ports import Ledger, RowSink
from tests.issuing import a_receipt
from tests.outcomes import MOMENT
from tests.warehouse import an_empty_warehouse

TABLE = STUDY_CHANGES
DAY, MICROSECOND = timedelta(days=1), timedelta(microseconds=1)


@dataclass(frozen=True)
class Declared:
    """A ledger, and what appends to the same tables."""

    ledger: Ledger
    sink: RowSink
    claims: Claims

    def untold(self, since: Any = MOMENT - DAY) -> list[Declaration]:
        return list(self.ledger.untold(since, since))


@pytest.fixture(params=["memory", "server"])
def declared(request: pytest.FixtureRequest) -> Iterator[Declared]:
    if request.param == "memory":
        tables, claims = MemoryTables(), Claims(MemoryObjectStore(), "receipts")
        yield Declared(MemoryLedger(claims, tables), tables, claims)
        return
    project = request.getfixturevalue("bigquery")["GOOGLE_CLOUD_PROJECT"]
    store = CloudStorage(request.getfixturevalue("storage")["GOOGLE_CLOUD_PROJECT"])
    bucket = f"receipts-{uuid.uuid4()}"
    store._client.create_bucket(bucket)
    with an_empty_warehouse(project) as sink:
        claims = Claims(store, bucket)
        yield Declared(BigQueryLedger(claims, sink, project, "imaging"), sink, claims)


def _row(number: int, instances: int = 3, **columns: Any) -> dict[str, Any]:
    return {
        "EventId": f"{number:032x}",
        "Facility": "demo-hospital",
        "StudyInstanceUID": f"1.2.{number}",
        "Revision": 1,
        "Change": "completed",
        "Cause": "quiet",
        "DeclaredAt": MOMENT,
        "FirstArrival": MOMENT - DAY,
        "LastArrival": MOMENT - MICROSECOND,
        "Instances": instances,
        "ExpectedInstances": None,
        "Series": 1,
        "Data": {
            "number": number,
            "instances": instances,
            "name": "ü “",
            "series": [{"modality": None}],
        },
        "PipelineVersion": "1",
        **columns,
    }


def _said(*rows: dict[str, Any]) -> list[Declaration]:
    return [Declaration(table=TABLE, data=row["Data"]) for row in rows]


def _event(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "EventId": row["EventId"],
        "Type": "dicom.study.completed.v1",
        "Source": "/inlet/sweep",
        "Time": MOMENT,
        "RecordedAt": MOMENT + timedelta(minutes=1),
    }


def test_what_is_entered_is_untold_as_it_was_entered(declared: Declared) -> None:
    rows = [_row(1), _row(2)]
    declared.ledger.enter(TABLE, rows)
    assert declared.untold() == _said(*rows)


def test_whoever_came_first_has_its_say(declared: Declared) -> None:
    declared.ledger.enter(TABLE, [_row(1)])
    declared.ledger.enter(TABLE, [_row(1, instances=4, DeclaredAt=MOMENT - DAY / 2), _row(2)])
    assert declared.untold() == _said(_row(1), _row(2))


def test_what_was_claimed_and_not_written_down_is_what_is_entered(declared: Declared) -> None:
    assert declared.claims.first(TABLE, _row(1)) == _row(1)
    assert declared.untold() == []
    declared.ledger.enter(TABLE, [_row(1, instances=4)])
    assert declared.untold() == _said(_row(1))


def test_of_many_at_once_one_has_its_say(declared: Declared) -> None:
    with ThreadPoolExecutor(8) as pool:
        for _ in pool.map(
            lambda count: declared.ledger.enter(TABLE, [_row(1, instances=count)]), range(8)
        ):
            pass
    first: Any = declared.claims.first(TABLE, _row(1, instances=99))
    assert first["Data"]["instances"] == first["Instances"] < 8
    assert declared.untold() == _said(first)


def test_what_was_told_is_not_untold(declared: Declared) -> None:
    declared.ledger.enter(TABLE, [_row(1), _row(2)])
    declared.sink.append("imaging.events", [_event(_row(1))] * 2)
    assert declared.untold() == _said(_row(2))


def test_what_was_declared_before_is_not_asked_for(declared: Declared) -> None:
    declared.ledger.enter(TABLE, [_row(1), _row(2, DeclaredAt=MOMENT + DAY)])
    assert declared.untold(MOMENT) == _said(_row(1), _row(2, DeclaredAt=MOMENT + DAY))
    assert declared.untold(MOMENT + MICROSECOND) == _said(_row(2, DeclaredAt=MOMENT + DAY))


def test_what_was_declared_lately_comes_first(declared: Declared) -> None:
    rows = [_row(number, DeclaredAt=MOMENT + number * DAY) for number in range(4)]
    rows[0]["StudyInstanceUID"] = rows[3]["StudyInstanceUID"]  # comes with what is of its study
    declared.sink.append(TABLE, rows)
    found = list(declared.ledger.untold(MOMENT - DAY, MOMENT + 2 * DAY))
    assert found == _said(rows[0], *rows[2:], rows[1])


def test_untold_rows_come_in_the_order_in_which_they_were_declared(declared: Declared) -> None:
    rows = [_row(number, DeclaredAt=MOMENT - number * MICROSECOND) for number in range(5)]
    declared.ledger.enter(TABLE, rows)
    assert declared.untold() == _said(*rows[::-1])


def test_tables_have_their_own_claims(declared: Declared) -> None:
    assert declared.claims.first("imaging.receipts", _row(1, instances=4))
    declared.ledger.enter(TABLE, [_row(1)])
    assert declared.untold() == _said(_row(1))


def test_all_that_was_declared_comes_in_one_order(declared: Declared) -> None:
    receipt = a_receipt()
    told: Any = receipt_row(receipt)
    rows = [_row(1, DeclaredAt=receipt.issued_at + MICROSECOND), _row(2, DeclaredAt=MOMENT)]
    declared.ledger.enter(RECEIPTS, [told])
    declared.ledger.enter(TABLE, rows)
    second, receipts, first = _said(rows[1])[0], told["Data"], _said(rows[0])[0]
    assert declared.untold() == [second, Declaration(table=RECEIPTS, data=receipts), first]


def test_nothing_is_entered_where_there_is_nothing(declared: Declared) -> None:
    declared.ledger.enter(TABLE, [])
    assert declared.untold() == []
