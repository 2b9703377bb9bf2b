"""A sweep's task of completion against real tables, and what analysts see of it."""

from datetime import timedelta
from typing import Any

import pytest

from functions.sweep.completion import Completion
from functions.sweep.report import Report
from functions.sweep.telling import Telling
from shared.adapters.ledger import BigQueryLedger
from shared.adapters.memory import ManualClock, MemoryObjectStore, MemoryTopic
from shared.adapters.studies import BigQueryStudies
from shared.claims import Claims
from shared.contracts.facilities import Facilities
from shared.contracts.uid_mask import UidMask
from tests.conftest import Environment
from tests.integration.told import ask
from tests.outcomes import MOMENT
from tests.studies import FACILITY, Instance, Sending
from tests.sweeping import Together
from tests.warehouse import a_warehouse

HOUR = timedelta(hours=1)
TALLIED = ("studies_completed", "studies_reopened", "studies_told")
COLUMNS = "Facility, StudyInstanceUID, State, Revision, Cause, Instances, ArrivedInstances, Since"


def test_what_is_declared_is_what_analysts_see(
    bigquery_server: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in bigquery_server.items():
        monkeypatch.setenv(name, value)
    client, tables = a_warehouse(bigquery_server)
    project = bigquery_server["GOOGLE_CLOUD_PROJECT"]
    clock, events, send = ManualClock(MOMENT), MemoryTopic(), Sending(tables)
    store = MemoryObjectStore()
    common: dict[str, Any] = {
        "ledger": BigQueryLedger(Claims(store, "receipts"), tables, project, "imaging"),
        "clock": clock,
        "budget": HOUR,
    }
    completion = Completion(
        studies=BigQueryStudies(project, "imaging"),
        facilities=Facilities.from_data({FACILITY: {}}),
        max_changes=10,
        **common,
    )
    telling = Telling(
        objects=store,
        events=events,
        mask=UidMask(),
        bucket="receipts",
        look_back_every=HOUR,
        max_told=10,
        **common,
    )

    def run() -> dict[str, int]:
        report = Report(started=clock.time, max_findings=1)
        Together([completion, telling]).run(report)
        return {name: report.tallies[name] for name in TALLIED}

    def seen() -> list[Any]:
        sql = f"SELECT {COLUMNS} FROM imaging.study_completion ORDER BY 1, 2"
        return [tuple(row.values()) for row in ask(client, sql)]

    for number in (1, 2):
        send.instance(Instance(number, study="1.2.1"))
    send.instance(Instance(study="1.2.2"))
    send.manifest(("1.2.1", 2))
    clock.time += timedelta(minutes=5)
    assert run() == dict(zip(TALLIED, (1, 0, 1), strict=True))
    first = clock.time
    assert seen() == [
        (FACILITY, "1.2.1", "complete", 1, "manifest", 2, 2, first),
        (FACILITY, "1.2.2", "open", 1, None, None, 1, MOMENT),
    ]
    send.instance(Instance(3, study="1.2.1"), clock.time)
    clock.time += timedelta(minutes=10)
    assert run() == dict(zip(TALLIED, (1, 1, 3), strict=True))
    assert seen() == [
        (FACILITY, "1.2.1", "open", 2, "late-arrival", 3, 3, clock.time),
        (FACILITY, "1.2.2", "complete", 1, "quiet", 1, 1, clock.time),
    ]
    clock.time += HOUR
    assert run() == dict(zip(TALLIED, (1, 0, 4), strict=True))
    assert [row[2:5] for row in seen()] == [("complete", 2, "quiet"), ("complete", 1, "quiet")]
    assert len({message.attributes["ce-id"] for message in events.messages}) == 4
