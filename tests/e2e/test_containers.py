"""Containers through the deployed functions: what is in them is decided like any upload."""

import os
import signal
import zipfile
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from infra.local.drop import Result, Upload, drop
from shared.contracts.outcome import OutcomeKind
from tests.archives import gzipped, tarred, zip_entry, zip_of, zipped
from tests.builders import a_directory, an_instance
from tests.e2e.conftest import Cloud
from tests.e2e.watch import adds_up, dead_letters, log_lines, query, until

MIB = 1 << 20
PLANTED = "ZZPLANTEDPATH"
KILLED_AFTER = 40
MEMBERS = 150


def _study(study: int, count: int = 3) -> dict[str, bytes]:
    return {
        f"DICOM/{PLANTED}/{number}": an_instance(study=study, instance=number, rows=8, columns=8)
        for number in range(count)
    }


def _dropped(cloud: Cloud, name: str, data: bytes) -> Result:
    (result,) = drop(cloud.clients, [Upload(name=f"demo-hospital/{name}", content=data)])
    assert result.outcome, result.problem
    return result


def _rows(cloud: Cloud, name: str) -> dict[str, tuple[str, str | None]]:
    """Outcome and reason of an object and of every member, by the name within."""
    rows = query(
        cloud,
        "SELECT ObjectName, Outcome, Reason FROM imaging.uploads_current "
        f"WHERE STARTS_WITH(ObjectName, 'demo-hospital/{name}')",
    )
    prefix = f"demo-hospital/{name}"
    return {row["ObjectName"].removeprefix(prefix): (row["Outcome"], row["Reason"]) for row in rows}


def _await(cloud: Cloud, name: str, expected: Mapping[str, tuple[str, str | None]]) -> None:
    found: dict[str, Any] = {}

    def there() -> bool:
        found.clear()
        found.update(_rows(cloud, name))
        return len(found) >= len(expected)

    until(there)
    assert found == dict(expected)


FORMS: dict[str, Callable[[Mapping[str, bytes]], bytes]] = {
    "study.zip": zipped,
    "study.tar": tarred,
    "study.tgz": lambda files: gzipped(tarred(files)),
}


@pytest.mark.parametrize("name", FORMS)
def test_a_study_in_one_file_is_archived_image_by_image(cloud: Cloud, name: str) -> None:
    study = 300 + list(FORMS).index(name)
    files = {**_study(study), "DICOMDIR": a_directory(), "notes.txt": b"these are notes"}
    result = _dropped(cloud, name, FORMS[name](files))
    assert result.outcome
    assert result.outcome.kind is OutcomeKind.EXPANDED
    expected: dict[str, tuple[str, str | None]] = {
        f"!/{path}": ("archived", None) for path in _study(study)
    }
    expected["!/DICOMDIR"] = ("ignored", "dicomdir")
    expected["!/notes.txt"] = ("quarantined", "not-dicom")
    _await(cloud, name, {"": ("expanded", None), **expected})
    (found,) = query(
        cloud,
        "SELECT COUNT(*) AS n FROM imaging.instances_current "
        f"WHERE RootEventId = '{result.outcome.root_event_id}'",
    )
    assert found["n"] == len(_study(study))
    assert until(lambda: _audited(cloud, result) == len(_study(study)))


def _audited(cloud: Cloud, result: Result) -> int:
    assert result.outcome
    (row,) = query(
        cloud,
        "SELECT COUNT(DISTINCT EventId) AS n FROM imaging.deid_audit "
        f"WHERE RootEventId = '{result.outcome.root_event_id}'",
    )
    return int(row["n"])


def test_nested_containers_end_at_the_second(cloud: Cloud) -> None:
    image = an_instance(study=310, rows=8, columns=8)
    deepest = zipped({"b": image})
    inner = zipped({"a": image, "deeper.zip": deepest}, zipfile.ZIP_STORED)
    _dropped(cloud, "nested.zip", zipped({"inner.zip": inner}))
    _await(
        cloud,
        "nested.zip",
        {
            "": ("expanded", None),
            "!/inner.zip": ("expanded", None),
            "!/inner.zip!/a": ("archived", None),
            "!/inner.zip!/deeper.zip": ("quarantined", "containers-too-deep"),
        },
    )


def test_bombs_are_refused(cloud: Cloud) -> None:
    flat = zipped({"a": bytes(40 * MIB), "b": an_instance(study=320, rows=8, columns=8)})
    wide = zipped({str(number): bytes(15 * MIB) for number in range(6)})
    local, entry = zip_entry(b"a", b"bytes")
    overlapping = zip_of((local, entry), *((b"", entry) for _ in range(100)))
    names = {"flat.zip": flat, "wide.zip": wide, "overlap.zip": overlapping}
    assert max(map(len, names.values())) < MIB
    for name, data in names.items():
        _dropped(cloud, f"bomb-{name}", data)
    _await(
        cloud,
        "bomb-",
        {
            "flat.zip": ("expanded", None),
            "flat.zip!/a": ("quarantined", "member-ratio-too-high"),
            "flat.zip!/b": ("archived", None),
            "wide.zip": ("quarantined", "expansion-ratio-too-high"),
            "overlap.zip": ("quarantined", "members-overlap"),
        },
    )


@pytest.mark.parametrize("encoding", [None, "gzip"])
def test_a_compressed_image_is_the_image(cloud: Cloud, encoding: str | None) -> None:
    name = f"compressed-{encoding}"
    image = an_instance(study=330 + bool(encoding), rows=8, columns=8)
    inbox = cloud.clients.storage.bucket(cloud.environment["INLET_INBOX"])
    blob = inbox.blob(f"demo-hospital/{name}")
    blob.content_encoding = encoding
    blob.upload_from_string(gzipped(image), content_type="application/octet-stream")
    _await(cloud, name, {"": ("expanded", None), f"!/{name}": ("archived", None)})


def test_a_killed_expansion_loses_nothing_and_doubles_nothing(cloud: Cloud) -> None:
    files = _study(340, MEMBERS)
    archive = cloud.clients.storage.bucket(cloud.environment["INLET_ARCHIVE"])
    inbox = cloud.clients.storage.bucket(cloud.environment["INLET_INBOX"])
    where = f"demo-hospital/{an_instance_prefix(340)}"
    inbox.blob("demo-hospital/killed.zip").upload_from_string(zipped(files))
    until(lambda: sum(1 for _ in archive.list_blobs(prefix=where)) >= KILLED_AFTER)
    assert inbox.blob("demo-hospital/killed.zip").exists(), "the expansion was over already"
    os.killpg(os.getpgid(cloud.pid("ingest")), signal.SIGKILL)
    expected: dict[str, tuple[str, str | None]] = {
        f"!/{path}": ("archived", None) for path in files
    }
    _await(cloud, "killed.zip", {"": ("expanded", None), **expected})
    assert not inbox.blob("demo-hospital/killed.zip").exists()
    assert sum(1 for _ in archive.list_blobs(prefix=where)) == MEMBERS
    quarantine = cloud.clients.storage.bucket(cloud.environment["INLET_QUARANTINE"])
    assert until(lambda: not list(quarantine.list_blobs(prefix="staging/")), patience_s=180)
    assert dead_letters(cloud) == 0


def an_instance_prefix(study: int) -> str:
    """Return the folder of a made-up study in the archive."""
    return f"1.3.6.1.4.1.99999.7.1.{study}/"


def test_the_account_adds_up_and_no_path_left_the_inside(cloud: Cloud) -> None:
    assert until(lambda: adds_up(cloud))
    webhooks = [str(delivery) for delivery in cloud.deliveries]
    research = query(cloud, "SELECT * FROM research.instances")
    for public in (webhooks, research, log_lines(cloud)):
        assert [each[:200] for each in map(str, public) if PLANTED in each] == []
