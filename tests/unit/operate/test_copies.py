"""What a rotation of the key leaves, and what operators do with it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from functions.deidentify.handler import KEY
from functions.index import rows
from infra.operate import __main__ as operate
from infra.operate.cloud import Cloud
from infra.operate.copies import by_key, remove, renew
from shared.adapters.memory import ManualClock, MemoryObjectStore, MemoryTables, MemoryTopic
from shared.contracts.objects import ObjectVersion
from shared.contracts.provenance import Provenance
from shared.contracts.upload import Upload
from tests.operating import a_cloud
from tests.outcomes import AN_IDENTITY, an_outcome

LANDED = ManualClock().now()
OLD, NEW = "0" * 16, "f" * 16
Run = Callable[..., tuple[int, str]]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def store(clock: ManualClock) -> MemoryObjectStore:
    store = MemoryObjectStore(clock.now)
    for name, key_id in [("z", OLD), ("b", OLD), ("a", NEW)]:
        assert store.write("research", f"1/2/{name}.dcm", [b"1234"], {KEY: key_id})
        clock.time += timedelta(hours=1)
    store.put("research", "1/2/by-hand.dcm", b"12")
    return store


@pytest.fixture
def uploads() -> MemoryTopic:
    return MemoryTopic()


@pytest.fixture
def cloud(store: MemoryObjectStore, clock: ManualClock, uploads: MemoryTopic) -> Cloud:
    return a_cloud(store, clock, MemoryTables(), {"uploads": uploads})


@pytest.fixture
def run(cloud: Cloud, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    monkeypatch.setattr(operate, "connected", lambda _: cloud)

    def ran(*arguments: str) -> tuple[int, str]:
        return operate.main(["copies", *arguments]), capsys.readouterr().out

    return ran


def _names(store: MemoryObjectStore) -> list[str]:
    return [copy.version.name for copy in store.list("research")]


def test_copies_are_told_by_their_key_the_newest_last(cloud: Cloud) -> None:
    made = by_key(cloud)
    assert list(made) == [OLD, NEW, ""]
    assert [(each.count, each.size) for each in made.values()] == [(2, 8), (1, 4), (1, 2)]
    assert made[OLD].last - made[OLD].first == timedelta(hours=1)


def test_only_the_copies_of_the_named_key_are_removed(
    cloud: Cloud, store: MemoryObjectStore
) -> None:
    assert remove(cloud, OLD, dry_run=True) == 2
    assert len(_names(store)) == 4
    assert remove(cloud, OLD) == 2
    assert _names(store) == ["1/2/a.dcm", "1/2/by-hand.dcm"]
    assert remove(cloud, OLD) == 0


def _archive(
    cloud: Cloud,
    name: str,
    instance: str = "4",
    primary_at: datetime | None = LANDED,
    *,
    labelled: bool = True,
) -> None:
    root = ObjectVersion(bucket="inbox", name="h/a", generation=1)
    sent = Provenance(root=root, landed=LANDED, sent_bytes=1)
    stored = cloud.objects.write("archive", name, [b""], sent.to_labels() if labelled else {})
    identity = replace(AN_IDENTITY, sop_instance_uid=instance)
    outcome = an_outcome(target=stored, identity=identity, primary_at=primary_at)
    cloud.tables.append("imaging.instances", [rows.instance(outcome)])


def _announced(uploads: MemoryTopic) -> dict[str, datetime | None]:
    announced = map(Upload.from_message, uploads.messages)
    return {upload.version.name: upload.promoted_at for upload in announced}


def test_every_primary_version_is_announced_as_what_it_is(
    cloud: Cloud, uploads: MemoryTopic
) -> None:
    later = LANDED + timedelta(hours=1)
    _archive(cloud, "h/1.2/3/4.dcm")
    _archive(cloud, "h/1.2/3/4.0a0b0c0d.dcm", primary_at=later)
    _archive(cloud, "k/1.2/3/5.dcm", "5")
    _archive(cloud, "k/1.2/3/5.0a0b0c0d.dcm", "5", None)
    _archive(cloud, "h/1.2/3/6.dcm", "6", labelled=False)
    renewed = renew(cloud)
    assert _announced(uploads) == {"h/1.2/3/4.0a0b0c0d.dcm": later, "k/1.2/3/5.dcm": None}
    assert (renewed.announced, renewed.unlabelled) == (2, 1)
    assert renew(cloud, "k/").announced == 1


def test_a_primary_version_that_is_gone_is_counted(cloud: Cloud) -> None:
    _archive(cloud, "h/1.2/3/4.dcm")
    stored = cloud.objects.find("archive", "h/1.2/3/4.dcm")
    assert stored is not None
    cloud.objects.delete(stored.version)
    assert (renew(cloud).announced, renew(cloud).unlabelled) == (0, 1)


def test_the_command_counts_renews_and_removes(
    run: Run, cloud: Cloud, store: MemoryObjectStore, uploads: MemoryTopic
) -> None:
    status, said = run()
    assert status == 0
    cells = [line.split()[:3] for line in said.splitlines()[2:]]
    assert cells == [[OLD, "2", "8"], [NEW, "1", "4"], ["unknown", "1", "2"]]
    assert run("list") == (0, said)
    _archive(cloud, "h/1.2/3/4.dcm")
    assert run("renew")[0] == 0
    assert len(uploads.messages) == 1
    _archive(cloud, "h/1.2/3/6.dcm", "6", labelled=False)
    assert run("renew")[0] == 1
    status, said = run("remove", "--key-id", OLD)
    assert status == 0
    assert f"DELETE FROM research.instances WHERE KeyId = '{OLD}'" in said
    assert len(_names(store)) == 2


@pytest.mark.parametrize("key_id", ["", "0" * 15, "G" * 16, "0" * 16 + "'"])
def test_copies_without_a_key_are_not_removed_by_mistake(
    run: Run, store: MemoryObjectStore, key_id: str
) -> None:
    with pytest.raises(SystemExit):
        run("remove", "--key-id", key_id)
    assert len(_names(store)) == 4
