"""Operators' commands as programs, on the local cloud."""

import subprocess
import sys
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from google.cloud.pubsub_v1.subscriber.message import Message as Received

from infra.local.drop import Upload, drop
from infra.local.layout import ROOT
from infra.local.outcomes import listening
from shared.contracts.outcome import Outcome, OutcomeKind
from tests.builders import an_instance
from tests.e2e.conftest import Cloud
from tests.e2e.watch import query, until

PATIENT = 900


def _operate(cloud: Cloud, *arguments: str, status: int = 0) -> str:
    command = [sys.executable, "-m", "infra.operate", *arguments]
    environment = {**cloud.environment, "PATH": "", "HOME": str(Path.home())}
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout


def _land(cloud: Cloud, name: str, data: bytes) -> Outcome:
    outcome = drop(cloud.clients, [Upload(name=name, content=data)])[0].outcome
    assert outcome
    return outcome


def _decisions(cloud: Cloud, name: str) -> list[dict[str, Any]]:
    return query(
        cloud,
        "SELECT UploadId, EventId, Outcome, Reason, DecidedAt FROM imaging.uploads "
        f"WHERE ObjectName = '{name}' ORDER BY DecidedAt",
    )


def test_what_is_released_and_still_refused_stays_with_its_history(cloud: Cloud) -> None:
    name = f"nobody-{uuid.uuid4().hex}/a"
    refused = _land(cloud, name, an_instance(patient=PATIENT))
    assert refused.reason == "unknown-facility"
    assert refused.target is not None
    until(lambda: len(_decisions(cloud, name)) == 1)
    facility = name.partition("/")[0]
    rehearsed = _operate(
        cloud, "release", "--reason", "unknown-facility", "--facility", facility, "--dry-run"
    )
    assert rehearsed.splitlines()[-1].split() == ["unknown-facility", "unknown", "1", "0"]
    _operate(cloud, "release", "--name", refused.target.uri)
    first, second = until(lambda: _two(_decisions(cloud, name)))
    assert first["UploadId"] == second["UploadId"]
    assert (second["Outcome"], second["Reason"]) == ("quarantined", "unknown-facility")
    current = query(
        cloud, f"SELECT DecidedAt FROM imaging.uploads_current WHERE ObjectName = '{name}'"
    )
    assert current == [{"DecidedAt": second["DecidedAt"]}]
    bucket = cloud.clients.storage.bucket(refused.target.version.bucket)
    assert bucket.blob(refused.target.version.name).exists()


def _two(rows: list[dict[str, Any]]) -> list[dict[str, Any]] | None:
    return rows if len(rows) == 2 else None


def test_a_conflict_is_promoted_and_is_what_analysts_see(cloud: Cloud) -> None:
    _land(cloud, "demo-hospital/promote/a", an_instance(patient=PATIENT + 1))
    changed = an_instance(patient=PATIENT + 1, StudyDescription="CHANGED")
    conflict = _land(cloud, "demo-hospital/promote/b", changed)
    assert (conflict.kind, conflict.primary) == (OutcomeKind.CONFLICT, False)
    assert conflict.target
    assert conflict.identity
    said = _operate(cloud, "promote", conflict.target.uri)
    assert conflict.target.uri in said
    cloud.await_rows(
        "SELECT MAX(ObjectUri), MAX(StudyDescription), COUNT(*) FROM imaging.instances_current "
        f"WHERE SOPInstanceUID = '{conflict.identity.sop_instance_uid}'",
        [conflict.target.uri, "CHANGED", 1],
    )


def test_a_dead_letter_goes_back_to_the_topic_it_came_from(cloud: Cloud) -> None:
    data, mark = b'{"made": "up"}', uuid.uuid4().hex
    attributes = {
        "mark": mark,
        "CloudPubSubDeadLetterSourceSubscription": "index-uploads",
        "CloudPubSubDeadLetterSourceDeliveryCount": "50",
    }
    publisher = cloud.clients.publisher
    publisher.publish(cloud.clients.topic("dead-letters"), data, **attributes).result()
    until(lambda: "index-uploads" in _operate(cloud, "dead-letters"))  # the sweep looks, too
    heard: list[Received] = []

    def take(received: Received) -> None:
        heard.append(received)
        received.ack()

    with listening(cloud.clients, "uploads", take, f'attributes.mark = "{mark}"'):
        said = _operate(cloud, "dead-letters", "redrive")
        until(lambda: heard)
    assert ["uploads", "1"] in [line.split() for line in said.splitlines()]
    assert [(each.data, dict(each.attributes)) for each in heard] == [(data, {"mark": mark})]
    assert "index-uploads" not in _operate(cloud, "dead-letters")


def test_a_reconciliation_compares_the_whole_archive_and_writes_it_down(cloud: Cloud) -> None:
    archived = _land(cloud, "demo-clinic/compared", an_instance(patient=PATIENT + 2))
    assert archived.target
    uri = archived.target.uri
    cloud.await_rows(f"SELECT COUNT(*) FROM imaging.instances WHERE ObjectUri = '{uri}'", [1])
    (known,) = query(cloud, "SELECT COUNT(DISTINCT ObjectUri) AS Versions FROM imaging.instances")
    said = _operate(cloud, "reconcile")
    assert "archived versions compared" in said
    (row,) = query(
        cloud,
        "SELECT PassComplete, ArchiveListed, ObjectsMissing FROM imaging.sweeps "
        "WHERE ComparedFrom = '' ORDER BY RunAt DESC LIMIT 1",
    )
    assert (row["PassComplete"], row["ObjectsMissing"]) == (True, 0)
    assert row["ArchiveListed"] >= known["Versions"]


def test_the_schedule_writes_down_each_of_its_runs(cloud: Cloud) -> None:
    sql = "SELECT COUNT(*) AS Runs, COUNTIF(PassComplete) AS Passes FROM imaging.sweeps"
    (before,) = query(cloud, sql)

    def ran() -> bool:
        (now,) = query(cloud, sql)
        return bool(now["Runs"] > before["Runs"] and now["Passes"])

    until(ran)


def test_a_target_is_told_again_under_the_same_ids(cloud: Cloud) -> None:
    began = datetime.now(UTC)
    outcome = _land(cloud, "demo-hospital/told/a", an_instance(patient=PATIENT + 2))
    told = f"SELECT EventId FROM imaging.events WHERE RootEventId = '{outcome.root_event_id}'"
    (event_id,) = until(lambda: [row["EventId"] for row in query(cloud, told)][:1])
    until(lambda: _webhooks(cloud, event_id) == 1)
    assert _standing(cloud)[0] == "demo"
    _operate(cloud, "deliveries", "replay", "--target", "demo", "--since", began.isoformat())
    until(lambda: _webhooks(cloud, event_id) == 2)
    until(lambda: len(_attempts(cloud, event_id)) == 2)
    assert {row["Result"] for row in _attempts(cloud, event_id)} == {"delivered"}
    current = f"SELECT Attempts FROM imaging.deliveries_current WHERE EventId = '{event_id}'"
    assert query(cloud, current) == [{"Attempts": 2}]
    failed = _operate(
        cloud, "deliveries", "replay", "--target", "x", "--since", "2026-01-01", status=2
    )
    assert failed == ""


def _webhooks(cloud: Cloud, event_id: str) -> int:
    return sum(delivery.id == event_id for delivery in cloud.deliveries)


def _attempts(cloud: Cloud, event_id: str) -> list[dict[str, Any]]:
    return query(cloud, f"SELECT Result FROM imaging.deliveries WHERE EventId = '{event_id}'")


def _standing(cloud: Cloud) -> list[str]:
    """What is said of the one target: its name, what it got, what it did not."""
    return _operate(cloud, "deliveries").splitlines()[-1].split()
