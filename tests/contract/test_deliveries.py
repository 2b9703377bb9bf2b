"""What every `Deliveries` promises of the table, on the memory twin and on a real server."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from shared.adapters.deliveries import BigQueryDeliveries
from shared.adapters.memory import MemoryTables
from shared.contracts.standing import Standing
from shared.ports import Deliveries, RowSink
from tests.operating import MemoryDeliveries
from tests.outcomes import MOMENT
from tests.warehouse import an_empty_warehouse

Warehouse = tuple[Deliveries, RowSink]


@pytest.fixture(params=["memory", "server"])
def warehouse(request: pytest.FixtureRequest) -> Iterator[Warehouse]:
    """The table of deliveries, empty, to be written to and asked."""
    if request.param == "memory":
        tables = MemoryTables()
        yield MemoryDeliveries(tables), tables
        return
    project = request.getfixturevalue("bigquery")["GOOGLE_CLOUD_PROJECT"]
    with an_empty_warehouse(project, "deliveries_current") as sink:
        yield BigQueryDeliveries(project, "imaging"), sink


def _try(sink: RowSink, event: str, result: str, minutes: int, target: str = "t") -> None:
    row = {
        "EventId": event,
        "Target": target,
        "TargetKind": "webhook",
        "Type": "dicom.instance.archived.v1",
        "Result": result,
        "Status": 503,
        "Reason": "receiver-busy",
        "PublishedAt": _at(0 if event == "1" else 1),
        "AttemptedAt": _at(minutes),
        "DurationMs": 7,
        "PipelineVersion": "0.1.0",
    }
    sink.append("imaging.deliveries", [row])


def _at(minutes: int) -> datetime:
    return MOMENT + timedelta(minutes=minutes)


def test_before_the_first_attempt_nobody_stands_anywhere(warehouse: Warehouse) -> None:
    deliveries, _ = warehouse
    assert list(deliveries.standings()) == []


def test_the_last_attempt_counts_unless_one_before_it_delivered(warehouse: Warehouse) -> None:
    deliveries, sink = warehouse
    _try(sink, "1", "failed", 2)
    _try(sink, "1", "delivered", 3)
    _try(sink, "1", "failed", 9)  # told again, in vain; it has it all the same
    _try(sink, "2", "failed", 4)
    _try(sink, "2", "given-up", 5)
    _try(sink, "3", "refused", 6)
    _try(sink, "4", "failed", 7)
    _try(sink, "4", "failed", 8)
    _try(sink, "1", "delivered", 2, target="other")
    standing = Standing(
        target="t",
        delivered=1,
        failed=1,
        refused=1,
        given_up=1,
        attempted_at=_at(9),
        oldest=_at(1),
    )
    other = Standing(
        target="other",
        delivered=1,
        failed=0,
        refused=0,
        given_up=0,
        attempted_at=_at(2),
        oldest=None,
    )
    assert list(deliveries.standings()) == [other, standing]
