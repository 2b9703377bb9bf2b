"""A sweep's task of completion against real tables, and what analysts see of it."""

from datetime import timedelta
from typing import Any

import pytest

from functions.sweep.completion import Completion
from functions.sweep.report import Report
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
from tests.warehouse import a_warehouse

HOUR = timedelta(hours=1)
COLUMNS = "Facility, StudyInstanceUID, State, Revision, Cause, Instances, ArrivedInstances, Since"


def test_what_is_declared_is_what_analysts_see(
    bigquery_server: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in bigquery_server.items():
        monkeypatch.setenv(name, value)
    client, tables = a_warehouse(bigquery_server)
    project = bigquery_server["GOOGLE_CLOUD_PROJECT"]
    clock, events, send = ManualClock(MOMENT), MemoryTopic(), Sending(tables)
    task = Completion(
        studies=BigQueryStudies(project, "imaging"),
        ledger=BigQueryLedger(Claims(MemoryObjectStore(), "receipts"), tables, project, "imaging"),
        events=events,
        facilities=Facilities.from_data({FACILITY: {}}),
        mask=UidMask(),
        clock=clock,
        max_changes=10,
        budget=HOUR,
    )

    def run() -> dict[str, int]:
        report = Report(started=clock.time, max_findings=1)
        task.run(report)
        return report.tallies

    def seen() -> list[Any]:
        sql = f"SELECT {COLUMNS} FROM imaging.study_completion ORDER BY 1, 2"
        return [tuple(row.values()) for row in ask(client, sql)]

    for number in (1, 2):
        send.instance(Instance(number, study="1.2.1"))
    send.instance(Instance(study="1.2.2"))
    send.manifest(("1.2.1", 2))
    clock.time += timedelta(minutes=5)
    assert run() == {"studies_completed": 1, "studies_reopened": 0, "studies_told": 1}
    first = clock.time
    assert seen() == [
        (FACILITY, "1.2.1", "complete", 1, "manifest", 2, 2, first),
        (FACILITY, "1.2.2", "open", 1, None, None, 1, MOMENT),
    ]
    send.instance(Instance(3, study="1.2.1"), clock.time)
    clock.time += timedelta(minutes=10)
    assert run() == {"studies_completed": 1, "studies_reopened": 1, "studies_told": 3}
    assert seen() == [
        (FACILITY, "1.2.1", "open", 2, "late-arrival", 3, 3, clock.time),
        (FACILITY, "1.2.2", "complete", 1, "quiet", 1, 1, clock.time),
    ]
    clock.time += HOUR
    assert run() == {"studies_completed": 1, "studies_reopened": 0, "studies_told": 4}
    assert [row[2:5] for row in seen()] == [("complete", 2, "quiet"), ("complete", 1, "quiet")]
    assert len({message.attributes["ce-id"] for message in events.messages}) == 4
