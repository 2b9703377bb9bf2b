"""Drops as the commands make them: many files at once, and names used more than once."""

import os
import signal
import threading
from pathlib import Path

from infra.local.drop import Result, Upload, drop, uploads_of
from infra.local.samples import ct_slice, encoded, uid
from shared.contracts.outcome import OutcomeKind
from tests.e2e.conftest import Cloud

FILES = 300


def _folder(folder: Path) -> Path:
    for number in range(FILES):
        dataset = ct_slice(number)
        dataset.StudyInstanceUID = uid("large")
        dataset.SOPInstanceUID = uid("large", str(number))
        (folder / f"IM{number:04}").write_bytes(encoded(dataset))
    return folder


def _kinds(results: list[Result]) -> set[str]:
    return {result.outcome.kind.value if result.outcome else "none" for result in results}


def test_a_folder_of_300_files_survives_a_killed_function(cloud: Cloud, tmp_path: Path) -> None:
    uploads, decided = uploads_of(_folder(tmp_path), "demo-hospital"), threading.Semaphore(0)
    killer = threading.Thread(target=_kill_after, args=(cloud, FILES // 4, decided))
    killer.start()
    results = drop(cloud.clients, uploads, decided.release)
    killer.join()
    assert _kinds(results) == {OutcomeKind.ARCHIVED.value}
    cloud.await_rows(
        "SELECT COUNT(*), COUNT(DISTINCT SOPInstanceUID) FROM imaging.instances_current "
        f"WHERE StudyInstanceUID = '{uid('large')}'",
        [FILES, FILES],
    )


def _kill_after(cloud: Cloud, count: int, decided: threading.Semaphore) -> None:
    for _ in range(count):
        assert decided.acquire(timeout=60)
    os.kill(cloud.pid("ingest"), signal.SIGKILL)


def test_a_name_used_again_is_another_upload(cloud: Cloud) -> None:
    upload = Upload(name="demo-clinic/again", content=encoded(ct_slice(70)))
    first, second = (drop(cloud.clients, [upload])[0].outcome for _ in range(2))
    assert first
    assert second
    assert (first.kind, second.kind) == (OutcomeKind.ARCHIVED, OutcomeKind.DUPLICATE)


def test_the_same_name_at_once_overwrites_nothing(cloud: Cloud) -> None:
    uploads = [
        Upload(name="demo-clinic/at-once", content=encoded(ct_slice(80 + number)))
        for number in range(4)
    ]
    results = drop(cloud.clients, uploads)
    assert _kinds(results) == {OutcomeKind.ARCHIVED.value}
    assert len({result.version.generation for result in results if result.version}) == len(uploads)
