"""A facility's files through the deployed functions, whatever happens to these meanwhile."""

import os
import signal
import threading
from pathlib import Path

import pytest

from infra.local.drop import Result, Upload, drop, uploads_of
from infra.local.samples import ct_slice, encoded, uid
from infra.local.sql import query
from shared.contracts.outcome import OutcomeKind
from tests.e2e.conftest import Cloud

FILES = {"ingest": 300, "index": 100, "deidentify": 100, "notify": 100}


def _instances(folder: Path, study: str) -> list[Upload]:
    folder.mkdir()
    for number in range(FILES[study]):
        dataset = ct_slice(number)
        dataset.StudyInstanceUID = uid(study)
        dataset.SOPInstanceUID = uid(study, str(number))
        (folder / f"IM{number:04}").write_bytes(encoded(dataset))
    return uploads_of(folder, "demo-hospital")


def _kinds(results: list[Result]) -> set[str]:
    return {result.outcome.kind.value if result.outcome else "none" for result in results}


@pytest.mark.parametrize("stage", FILES)
def test_a_killed_function_loses_and_doubles_nothing(
    cloud: Cloud, tmp_path: Path, stage: str
) -> None:
    uploads, decided = _instances(tmp_path / stage, stage), threading.Semaphore(0)
    killer = threading.Thread(target=_kill_after, args=(cloud, stage, decided))
    killer.start()
    results = drop(cloud.clients, uploads, decided.release)
    killer.join()
    assert _kinds(results) == {OutcomeKind.ARCHIVED.value}
    cloud.await_rows(
        "SELECT COUNT(*), COUNT(DISTINCT SOPInstanceUID) FROM imaging.instances_current "
        f"WHERE StudyInstanceUID = '{uid(stage)}'",
        [FILES[stage], FILES[stage]],
    )


def _kill_after(cloud: Cloud, stage: str, decided: threading.Semaphore) -> None:
    for _ in range(FILES[stage] // 4):
        assert decided.acquire(timeout=60)
    os.kill(cloud.pid(stage), signal.SIGKILL)


def test_a_name_used_again_is_another_upload(cloud: Cloud) -> None:
    content = encoded(ct_slice(70))
    upload = Upload(name="demo-clinic/again", content=content)
    kinds = [
        result.outcome.kind
        for _ in range(2)
        for result in drop(cloud.clients, [upload])
        if result.outcome
    ]
    assert kinds == [OutcomeKind.ARCHIVED, OutcomeKind.DUPLICATE]


def test_the_same_name_twice_at_once_overwrites_nothing(cloud: Cloud) -> None:
    uploads = [
        Upload(name="demo-clinic/at-once", content=encoded(ct_slice(80 + number)))
        for number in range(4)
    ]
    results = drop(cloud.clients, uploads)
    assert _kinds(results) == {OutcomeKind.ARCHIVED.value}
    assert len({result.version.generation for result in results if result.version}) == len(uploads)


def test_nothing_was_given_up(cloud: Cloud) -> None:
    name = cloud.clients.subscription("dead-letters")
    with pytest.warns(DeprecationWarning, match="return_immediately"):
        pulled = cloud.clients.subscriber.pull(
            subscription=name, max_messages=1, return_immediately=True, timeout=10
        )
    assert list(pulled.received_messages) == []
    assert query(cloud.clients.bigquery, "SELECT COUNT(*) FROM imaging.uploads")[1] != [[0]]
