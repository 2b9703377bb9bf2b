"""A function is killed while files are dropped; once it is back, nothing is missing or double."""

import os
import signal
import threading

import pytest

from infra.definition import load_pipeline
from infra.local.drop import Upload, drop
from shared.contracts.outcome import OutcomeKind
from tests.builders import an_instance
from tests.e2e.conftest import Cloud
from tests.e2e.watch import dead_letters, query, until

FILES = 60
KILLED = [stage for stage in load_pipeline().functions if stage != "sweep"]


@pytest.mark.parametrize("stage", KILLED)
def test_a_killed_function_loses_nothing_and_doubles_nothing(cloud: Cloud, stage: str) -> None:
    study = 100 + KILLED.index(stage)
    names = [f"demo-hospital/killed-{stage}/{number}" for number in range(FILES)]
    uploads = [
        Upload(name=name, content=an_instance(study=study, instance=number, rows=16, columns=16))
        for number, name in enumerate(names)
    ]
    decided = threading.Semaphore(0)
    victim = threading.Thread(target=_kill, args=(cloud, stage, decided))
    victim.start()
    results = drop(cloud.clients, uploads, decided.release)
    victim.join()
    assert [result.problem for result in results if not result.outcome] == []
    kinds = {result.outcome.kind for result in results if result.outcome}
    assert kinds == {OutcomeKind.ARCHIVED}
    assert until(lambda: _settled(cloud, stage)) is True
    assert until(lambda: _told(cloud, stage)) is True
    assert dead_letters(cloud) == 0


def _kill(cloud: Cloud, stage: str, decided: threading.Semaphore) -> None:
    """Kill the function, server and workers, once a third of the files is decided."""
    for _ in range(FILES // 3):
        decided.acquire(timeout=60)
    os.killpg(os.getpgid(cloud.pid(stage)), signal.SIGKILL)


def _told(cloud: Cloud, stage: str) -> bool:
    """Whether the webhook has one event for every file; that some come twice shows in their ids."""
    where = f"ObjectName LIKE 'demo-hospital/killed-{stage}/%'"
    roots = {
        str(row["RootEventId"])
        for row in query(cloud, f"SELECT RootEventId FROM imaging.uploads_current WHERE {where}")
    }
    events = {
        delivery.id: str(delivery.event["data"])
        for delivery in tuple(cloud.deliveries)
        if delivery.event.get("type") == "dicom.instance.archived.v1"
    }
    heard = [root for data in events.values() for root in roots if root in data]
    return len(roots) == FILES and sorted(heard) == sorted(roots)


def _settled(cloud: Cloud, stage: str) -> bool:
    """Whether every file has one outcome, one current row, one audit and one research row."""
    where = f"WHERE ObjectName LIKE 'demo-hospital/killed-{stage}/%'"
    (uploads,) = query(
        cloud,
        "SELECT COUNT(*) AS n, COUNT(DISTINCT ObjectName) AS names "
        f"FROM imaging.uploads_current {where}",
    )
    ids = f"(SELECT RootEventId FROM imaging.uploads_current {where})"
    (instances,) = query(
        cloud,
        f"SELECT COUNT(*) AS n FROM imaging.instances_current WHERE RootEventId IN {ids}",
    )
    (audited,) = query(
        cloud,
        f"SELECT COUNT(DISTINCT EventId) AS n FROM imaging.deid_audit WHERE RootEventId IN {ids}",
    )
    counts = (uploads["n"], uploads["names"], instances["n"], audited["n"])
    return counts == (FILES, FILES, FILES, FILES)
