"""What the commands print, and with which status they end."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from infra.operate import __main__ as operate
from infra.operate.cloud import Cloud
from shared.adapters.memory import (
    ManualClock,
    MemoryObjectStore,
    MemorySubscription,
    MemoryTables,
    MemoryTopic,
)
from shared.contracts.message import Message
from shared.contracts.objects import ObjectVersion
from shared.contracts.provenance import Provenance
from shared.errors import TransientError
from tests.operating import MemoryDeliveries, a_cloud

VARIABLES = {
    "GOOGLE_CLOUD_PROJECT": "p",
    "INLET_DATASET": "imaging",
    "INLET_INBOX": "inbox",
    "INLET_ARCHIVE": "archive",
    "INLET_QUARANTINE": "quarantine",
    "INLET_RESEARCH": "research",
}
Run = Callable[..., tuple[int, str]]


class _World:
    def __init__(self) -> None:
        self.clock = ManualClock()
        self.store = MemoryObjectStore(self.clock.now)
        self.letters = MemorySubscription()
        topics = {"uploads": MemoryTopic(), "outcomes": MemoryTopic()}
        self.uploads = topics["uploads"]
        self.tables = MemoryTables()
        self.cloud: Cloud = a_cloud(self.store, self.clock, self.tables, topics, self.letters)
        self.deliveries = MemoryDeliveries(self.tables)
        self.cloud = replace(self.cloud, deliveries=self.deliveries)

    def keep(self, bucket: str, name: str) -> None:
        root = ObjectVersion(bucket="inbox", name="h/a", generation=1)
        sent = Provenance(root=root, landed=self.clock.time, sent_bytes=1)
        assert self.store.write(bucket, name, [b"PLANTED"], sent.to_labels())


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> _World:
    world = _World()
    monkeypatch.setattr(operate, "connected", lambda _: world.cloud)
    return world


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def ran(*arguments: str) -> tuple[int, str]:
        status = operate.main(arguments)
        captured = capsys.readouterr()
        return status, captured.out + captured.err

    return ran


def _cells(said: str) -> list[list[str]]:
    return [line.split() for line in said.splitlines()]


def test_a_release_says_what_it_released(world: _World, run: Run) -> None:
    world.keep("quarantine", "truncated/h/a b#1")
    assert run("release", "--reason", "truncated", "--dry-run")[0] == 0
    assert world.uploads.messages == []
    status, said = run("release", "--reason", "truncated")
    assert status == 0
    assert ["truncated", "h", "1", "0"] in _cells(said)
    assert len(world.uploads.messages) == 1
    assert world.store.write("quarantine", "truncated/h/stray", [b""])
    status, said = run("release", "--facility", "h")
    assert status == 1
    assert ["truncated", "h", "1", "1"] in _cells(said)


def test_everything_is_not_released_by_mistake(
    world: _World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.keep("quarantine", "truncated/h/a#1")
    with pytest.raises(SystemExit):
        operate.main(["release", "--reason", ""])
    assert "needs a reason" in capsys.readouterr().err
    assert world.uploads.messages == []


def test_a_promotion_names_the_version(world: _World, run: Run) -> None:
    world.keep("archive", "h/1.2/3.4/5.dcm")
    status, said = run("promote", "gs://archive/h/1.2/3.4/5.dcm")
    assert status == 0
    assert "gs://archive/h/1.2/3.4/5.dcm" in said
    assert run("promote", "gs://archive/h/1.2/3.4/6.dcm") == (
        2,
        "operate: there is no such version of an instance in the archive\n",
    )


def test_dead_letters_are_told_without_what_they_say(world: _World, run: Run) -> None:
    for subscription in ("index", "of-somebody-else"):
        attributes = {"CloudPubSubDeadLetterSourceSubscription": subscription}
        message = Message(data=b"PLANTED", attributes=attributes | {"facility": "PLANTED"})
        world.letters.put(message, world.clock.time)
    status, said = run("dead-letters")
    assert status == 0
    assert ["index", "1", "0", "s", "0", "s"] in _cells(said)
    status, again = run("dead-letters", "redrive")
    assert status == 1
    assert ["outcomes", "1"] in _cells(again)
    assert "1 of a subscription" in again
    assert "PLANTED" not in said + again


def test_a_reconciliation_says_what_it_found(world: _World, run: Run) -> None:
    world.keep("archive", "h/1.2/3.4/5.dcm")
    status, said = run("reconcile")
    assert status == 0
    assert "1 archived versions compared" in said
    world.clock.time = world.clock.time.replace(year=2027)
    status, said = run("reconcile")
    assert status == 1
    assert ["row-missing", "1"] in _cells(said)
    assert "gs://archive/h/1.2/3.4/5.dcm" in said


def test_a_service_that_does_not_answer_is_one_line(
    world: _World, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise TransientError("storage-unavailable")

    monkeypatch.setattr(world.store, "find", fails)
    status, said = run("promote", "gs://archive/h/1.2/3.4/5.dcm")
    assert status == 2
    assert said == "operate: storage-unavailable: what was not done can be done again\n"


def test_every_name_that_is_missing_is_told_at_once(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    status, said = run("dead-letters")
    assert status == 2
    assert [name for name in VARIABLES if name not in said] == []


def test_deliveries_are_listed_and_told_again(world: _World, run: Run) -> None:
    assert run("deliveries")[0] == 0
    row = {
        "EventId": "1",
        "Target": "pacs",
        "Result": "failed",
        "PublishedAt": world.clock.time,
        "AttemptedAt": world.clock.time,
    }
    world.tables.append("imaging.deliveries", [row])
    status, said = run("deliveries", "list")
    assert status == 1
    assert _cells(said)[-1][:5] == ["pacs", "0", "1", "0", "0"]
    status, said = run("deliveries", "replay", "--target", "pacs", "--since", "2026-01-02")
    assert status == 0
    assert "2026-01-02 00:00:00" in said
    assert world.deliveries.replayed == [("pacs", datetime(2026, 1, 2, tzinfo=UTC))]
    with pytest.raises(SystemExit):
        run("deliveries", "replay", "--target", "pacs", "--since", "yesterday")
