"""Outcomes of every kind, as subscribers of all three kinds get them from the functions.

What they print is what the CloudEvents library made of each message. The result is written to
`build/events/contract.json`.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from infra.examples.subscribers.subscribe import subscribe
from infra.local import lifecycle
from infra.local.drop import Upload, drop
from infra.local.endpoints import HOST, free_ports
from infra.local.layout import ROOT, Layout
from infra.local.samples import made
from shared.contracts.event import TYPES
from shared.contracts.outcome import OutcomeKind
from tests.builders import an_instance
from tests.e2e.conftest import Cloud
from tests.e2e.watch import adds_up, query, until

REPORT = ROOT / "build" / "events" / "contract.json"
SCHEMAS = ROOT / "shared" / "contracts" / "schemas"
PATIENCE_S = 240.0
KINDS = ("pull", "streaming", "push")
# Nothing that is sent is promoted, and no copy fails that should not.
REACHED = set(OutcomeKind) - {OutcomeKind.PROMOTED, OutcomeKind.FAILED}

Told = dict[str, dict[str, Any]]


class Subscribers:
    """The subscribers to copy, each with a subscription of its own and what it printed."""

    def __init__(self, cloud: Cloud, folder: Path) -> None:
        self._folder = folder
        self._environment = {**os.environ, **cloud.environment}
        self._subscriptions = {kind: cloud.clients.subscription(f"e2e-{kind}") for kind in KINDS}
        self._port = next(free_ports())
        client = cloud.clients.subscriber
        for kind, name in self._subscriptions.items():
            subscribe(client, name, push=f"http://{HOST}:{self._port}/" if kind == "push" else "")

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Have those run that stay."""
        where = {"streaming": [self._subscriptions["streaming"]]}
        where["push"] = ["--port", str(self._port)]
        processes = [self._start(kind, *arguments) for kind, arguments in where.items()]
        try:
            yield
        finally:
            for process in processes:
                process.terminate()
                process.wait(PATIENCE_S)

    def pull(self) -> None:
        """Have the one run that ends when nothing more comes."""
        process = self._start("pull", self._subscriptions["pull"], "--idle-s", "1")
        assert process.wait(PATIENCE_S) == 0

    def told(self, kind: str) -> Told:
        """What one of them printed, by the id of the event."""
        lines = self._output(kind).read_text(encoding="utf-8").splitlines()
        events = [json.loads(line) for line in lines]
        assert len({event["id"] for event in events}) == len(events)
        return {event["id"]: event for event in events}

    def _output(self, kind: str) -> Path:
        return self._folder / kind

    def _start(self, kind: str, *arguments: str) -> subprocess.Popen[bytes]:
        handled = ["--handled", str(self._folder / f"{kind}.sqlite")]
        command = [sys.executable, "-m", f"infra.examples.subscribers.{kind}"]
        with self._output(kind).open("ab") as file:
            return subprocess.Popen(
                [*command, *arguments, *handled], cwd=ROOT, stdout=file, env=self._environment
            )


def _burned_in() -> Upload:
    """An image of which no copy is made."""
    content = an_instance(study=78, rows=16, columns=16, BurnedInAnnotation="YES")
    return Upload(name="demo-hospital/subscribers/burned-in", content=content)


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """A cloud in which nothing else is told: other tests publish what is no event, and erase."""
    layout = Layout(tmp_path_factory.mktemp("subscribers"))
    try:
        lifecycle.start(layout, owned=True)
        yield Cloud(layout)
    finally:
        lifecycle.stop(layout)


@pytest.fixture
def subscribers(cloud: Cloud, tmp_path: Path) -> Subscribers:
    return Subscribers(cloud, tmp_path)


def test_every_outcome_arrives_at_every_subscriber(cloud: Cloud, subscribers: Subscribers) -> None:
    with subscribers.listening():
        results = drop(cloud.clients, [*made(), _burned_in()])
        assert [result.problem for result in results if not result.outcome] == []
        until(lambda: adds_up(cloud) and _all_copied(cloud) and _all_told(cloud), PATIENCE_S)
        until(lambda: _recorded(cloud) == subscribers.told("streaming").keys(), PATIENCE_S)
        until(lambda: _recorded(cloud) == subscribers.told("push").keys(), PATIENCE_S)
    subscribers.pull()
    told = {kind: subscribers.told(kind) for kind in KINDS}
    everything = told["pull"]
    valid = [each for each in everything if all(_is_valid(told[kind].get(each)) for kind in KINDS)]
    _report(everything, valid)
    assert told["streaming"].keys() <= everything.keys()
    assert told["push"].keys() <= everything.keys()
    assert {TYPES[kind] for kind in REACHED} <= {event["type"] for event in everything.values()}
    assert _outcomes(everything) == _decided(cloud)
    assert len(valid) == len(told["streaming"]) == len(told["push"])
    _descends(cloud, everything)


def _all_copied(cloud: Cloud) -> bool:
    """Whether each primary version was copied, or is known not to be."""
    sql = (
        "SELECT (SELECT COUNT(*) FROM imaging.instances_current WHERE IsPrimary) - "
        "(SELECT COUNT(DISTINCT SourceUri) FROM imaging.deid_audit) AS Waiting"
    )
    return bool(query(cloud, sql)[0]["Waiting"] <= 0)


def _all_told(cloud: Cloud) -> bool:
    """Whether each outcome that the tables have has its event."""
    sql = (
        "SELECT (SELECT COUNT(DISTINCT EventId) FROM imaging.uploads) + "
        "(SELECT COUNT(DISTINCT EventId) FROM imaging.deid_audit) AS Decided, "
        "(SELECT COUNT(DISTINCT EventId) FROM imaging.events "
        "WHERE Outcome != 'promoted') AS Told"
    )
    (row,) = query(cloud, sql)
    return bool(row["Decided"] == row["Told"])


def _recorded(cloud: Cloud) -> set[str]:
    return {row["EventId"] for row in query(cloud, "SELECT DISTINCT EventId FROM imaging.events")}


def _is_valid(event: dict[str, Any] | None) -> bool:
    if event is None:
        return False
    schema = json.loads((SCHEMAS / f"{event['type']}.schema.json").read_text(encoding="utf-8"))
    return bool(Draft202012Validator(schema).is_valid(event["data"]))


def _outcomes(events: Told) -> set[str]:
    return {each["data"]["outcome"] for each in events.values() if "outcome" in each["data"]}


def _decided(cloud: Cloud) -> set[str]:
    """Every outcome that the tables have of what was sent, whoever sent it."""
    sql = (
        "SELECT DISTINCT Outcome FROM imaging.uploads "
        "UNION DISTINCT SELECT Outcome FROM imaging.deid_audit"
    )
    return {row["Outcome"] for row in query(cloud, sql)} | _promoted(cloud)


def _promoted(cloud: Cloud) -> set[str]:
    rows = query(cloud, "SELECT COUNT(*) AS Found FROM imaging.events WHERE Outcome = 'promoted'")
    return {"promoted"} if rows[0]["Found"] else set()


def _descends(cloud: Cloud, events: Told) -> None:
    """Each event leads to the upload that it follows from."""
    landed = {row["UploadId"] for row in query(cloud, "SELECT UploadId FROM imaging.landed")}
    roots = {each["data"]["root_event_id"] for each in events.values() if "size" in each["data"]}
    assert len(roots) > 1
    assert roots <= landed


def _report(events: Told, valid: list[str]) -> None:
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    types = {event["type"] for event in events.values()}
    figures = {"types": len(types), "events": len(events), "valid": len(valid)}
    REPORT.write_text(json.dumps(figures) + "\n", encoding="utf-8")
