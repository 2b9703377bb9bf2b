"""What another key or another profile leaves, and what operators do with it."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from functions.deidentify.handler import KEY, PROFILE, PROFILE_DIGEST
from functions.index import rows
from infra.operate import __main__ as operate
from infra.operate.cloud import Cloud
from infra.operate.copies import MadeBy, by_maker, remove, renew
from shared.adapters.memory import ManualClock, MemoryObjectStore, MemoryTables, MemoryTopic
from shared.contracts.objects import ObjectVersion
from shared.contracts.provenance import Provenance
from shared.contracts.upload import Upload
from shared.dicom.deidentification.profile import BASIC
from tests.operating import a_cloud
from tests.outcomes import AN_IDENTITY, an_outcome

LANDED = ManualClock().now()
OLD, NEW = "0" * 16, "f" * 16
LAX, STRICT = "1" * 16, BASIC.digest
MADE = [("z", OLD, LAX), ("b", OLD, LAX), ("a", OLD, STRICT), ("c", NEW, STRICT)]
Run = Callable[..., tuple[int, str]]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def store(clock: ManualClock) -> MemoryObjectStore:
    store = MemoryObjectStore(clock.now)
    for name, key_id, digest in MADE:
        labels = {KEY: key_id, PROFILE: "basic", PROFILE_DIGEST: digest}
        assert store.write("research", f"1/2/{name}.dcm", [b"1234"], labels)
        clock.time += timedelta(hours=1)
        if name == "b":
            assert store.write("research", "1/2/b.dcm.metadata.json", [b"{}"], labels)
    store.put("research", "1/2/by-hand.dcm", b"12")
    return store


@pytest.fixture
def uploads() -> MemoryTopic:
    return MemoryTopic()


@pytest.fixture
def cloud(store: MemoryObjectStore, clock: ManualClock, uploads: MemoryTopic) -> Cloud:
    return a_cloud(store, clock, MemoryTables(), {"uploads": uploads})


@pytest.fixture
def run(
    cloud: Cloud,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Run:
    monkeypatch.setattr(operate, "connected", lambda _: cloud)
    for name, known in [("FACILITIES", ["h"]), ("PROFILES", ["basic", "own"])]:
        (tmp_path / name).write_text(json.dumps({each: {} for each in known}))
        monkeypatch.setenv(f"INLET_{name}_FILE", str(tmp_path / name))

    def ran(*arguments: str) -> tuple[int, str]:
        return operate.main(["copies", *arguments]), capsys.readouterr().out

    return ran


def _names(store: MemoryObjectStore) -> list[str]:
    return [copy.version.name for copy in store.list("research")]


def test_copies_are_told_by_what_made_them_the_newest_last(cloud: Cloud) -> None:
    made = by_maker(cloud)
    makers = [(maker.key_id, maker.profile, maker.profile_digest) for maker in made]
    assert makers == [
        (OLD, "basic", LAX),
        (OLD, "basic", STRICT),
        (NEW, "basic", STRICT),
        ("", "", ""),
    ]
    assert [(each.count, each.size) for each in made.values()] == [(2, 8), (1, 4), (1, 4), (1, 2)]
    first = next(iter(made.values()))
    assert first.last - first.first == timedelta(hours=1)


@pytest.mark.parametrize(
    ("made_by", "left"),
    [
        (MadeBy(key_id=OLD), ["by-hand", "c"]),
        (MadeBy(profile_digest=LAX), ["a", "by-hand", "c"]),
        (MadeBy(profile_digest=STRICT), ["b", "by-hand", "z"]),
        (MadeBy(key_id=OLD, profile_digest=STRICT), ["b", "by-hand", "c", "z"]),
        (MadeBy(key_id=NEW, profile_digest=LAX), ["a", "b", "by-hand", "c", "z"]),
    ],
)
def test_only_the_copies_that_are_named_are_removed(
    cloud: Cloud, store: MemoryObjectStore, made_by: MadeBy, left: list[str]
) -> None:
    before = _names(store)
    count = 5 - len(left)
    assert remove(cloud, made_by, dry_run=True) == count
    assert _names(store) == before
    assert remove(cloud, made_by) == count
    copies = [name for name in _names(store) if name.endswith(".dcm")]
    assert copies == [f"1/2/{name}.dcm" for name in left]
    assert ("1/2/b.dcm.metadata.json" in _names(store)) is ("b" in left)
    assert remove(cloud, made_by) == 0


def test_copies_that_nobody_named_cannot_be_selected() -> None:
    with pytest.raises(ValueError, match="that is named"):
        MadeBy()


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
    cells = [line.split()[:6] for line in said.splitlines()[2:]]
    assert cells == [
        [OLD, "basic", LAX, "no", "2", "8"],
        [OLD, "basic", STRICT, "yes", "1", "4"],
        [NEW, "basic", STRICT, "yes", "1", "4"],
        ["unknown", "unknown", "unknown", "no", "1", "2"],
    ]
    assert run("list") == (0, said)
    _archive(cloud, "h/1.2/3/4.dcm")
    assert run("renew")[0] == 0
    assert len(uploads.messages) == 1
    _archive(cloud, "h/1.2/3/6.dcm", "6", labelled=False)
    assert run("renew")[0] == 1
    status, said = run("remove", "--profile-digest", LAX, "--key-id", OLD)
    assert status == 0
    where = f"KeyId = '{OLD}' AND ProfileDigest = '{LAX}'"
    assert f"DELETE FROM research.instances WHERE {where}\n" in said
    assert len(_names(store)) == 3
    status, said = run("remove", "--key-id", OLD)
    assert status == 0
    assert f"DELETE FROM research.instances WHERE KeyId = '{OLD}'\n" in said
    assert len(_names(store)) == 2


def test_which_profiles_are_in_force_is_read_and_not_guessed(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("INLET_PROFILES_FILE")
    assert run()[0] == 2


def test_what_is_to_be_removed_must_be_said(run: Run, store: MemoryObjectStore) -> None:
    before = _names(store)
    with pytest.raises(SystemExit):
        run("remove")
    assert _names(store) == before


@pytest.mark.parametrize("option", ["--key-id", "--profile-digest"])
@pytest.mark.parametrize("digest", ["", "0" * 15, "G" * 16, "0" * 16 + "'"])
def test_no_copies_are_removed_by_mistake(
    run: Run, store: MemoryObjectStore, option: str, digest: str
) -> None:
    before = _names(store)
    with pytest.raises(SystemExit):
        run("remove", option, digest)
    assert _names(store) == before
