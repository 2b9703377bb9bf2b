"""The subscribers to copy, run as they stand: each event once in effect, however often it comes."""

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from infra.examples.subscribers.handled import Handled, event_of
from infra.local.endpoints import free_ports
from shared.adapters.pubsub import PubSubTopic
from tests.events import every_event
from tests.integration.pubsub.conftest import REPOSITORY
from tests.integration.pubsub.workbench import Workbench

BODY = REPOSITORY / "infra" / "examples" / "subscribers" / "push-body.json"
PATIENCE_S = 60.0
EVENTS = {event.event_id: event for event in every_event()}


@pytest.fixture
def topic(bench: Workbench, address: str, monkeypatch: pytest.MonkeyPatch) -> PubSubTopic:
    monkeypatch.setenv("PUBSUB_EMULATOR_HOST", address)
    _, project, _, name = bench.topic.split("/")
    return PubSubTopic(project, name)


@contextmanager
def running(name: str, output: Path, *arguments: str) -> Iterator[None]:
    """An example in a process of its own, stopped at the end."""
    command = [sys.executable, "-m", f"infra.examples.subscribers.{name}", *arguments]
    with output.open("wb") as file:
        process = subprocess.Popen(command, cwd=REPOSITORY, stdout=file, env=dict(os.environ))
        try:
            yield
        finally:
            process.terminate()
            process.wait(PATIENCE_S)


def printed(output: Path) -> list[dict[str, Any]]:
    """What an example did with the events that it handled."""
    return [json.loads(line) for line in output.read_text(encoding="utf-8").splitlines()]


def until_handled(output: Path, count: int) -> None:
    end = time.monotonic() + PATIENCE_S
    while len(output.read_text(encoding="utf-8").splitlines()) < count:
        assert time.monotonic() < end, output.read_text(encoding="utf-8")
        time.sleep(0.1)


def is_each_once(output: Path) -> bool:
    told = printed(output)
    return len(told) == len(EVENTS) and {each["id"]: each["data"] for each in told} == {
        event_id: dict(event.data) for event_id, event in EVENTS.items()
    }


def _publish_twice(topic: PubSubTopic) -> None:
    for event in [*EVENTS.values(), *EVENTS.values()]:
        topic.publish(event.to_message())


def test_pull_handles_each_event_once(bench: Workbench, topic: PubSubTopic, tmp_path: Path) -> None:
    subscription, handled = bench.subscribe(), tmp_path / "handled.sqlite"
    arguments = (subscription, "--handled", str(handled), "--idle-s", "1")
    for output, count in ((tmp_path / "first", len(EVENTS)), (tmp_path / "again", 0)):
        _publish_twice(topic)
        with output.open("wb") as file:
            command = [sys.executable, "-m", "infra.examples.subscribers.pull", *arguments]
            subprocess.run(command, cwd=REPOSITORY, stdout=file, check=True, timeout=PATIENCE_S)
        assert len(printed(output)) == count
        assert bench.pull_now(subscription) == []
    assert is_each_once(tmp_path / "first")


def test_a_stream_handles_each_event_once(
    bench: Workbench, topic: PubSubTopic, tmp_path: Path
) -> None:
    subscription, output = bench.subscribe(), tmp_path / "told"
    _publish_twice(topic)
    with running("streaming", output, subscription, "--handled", str(tmp_path / "handled")):
        until_handled(output, len(EVENTS))
    assert is_each_once(output)


@pytest.mark.parametrize("config", [{}, {"no_wrapper": {"write_metadata": True}}])
def test_a_push_is_handled_once(
    bench: Workbench, topic: PubSubTopic, tmp_path: Path, config: dict[str, Any]
) -> None:
    port, output = next(free_ports()), tmp_path / "told"
    arguments = ("--port", str(port), "--handled", str(tmp_path / "handled"))
    with running("push", output, *arguments):
        bench.subscribe(push_config={"push_endpoint": f"http://127.0.0.1:{port}/", **config})
        _publish_twice(topic)
        until_handled(output, len(EVENTS))
    assert is_each_once(output)


def test_the_push_body_can_be_sent_by_hand(tmp_path: Path) -> None:
    port, output = next(free_ports()), tmp_path / "told"
    arguments = ("--port", str(port), "--handled", str(tmp_path / "handled"))
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(f"http://127.0.0.1:{port}/", BODY.read_bytes(), headers)
    with running("push", output, *arguments):
        assert _posted(request) == 204
    assert [each["type"] for each in printed(output)] == ["dicom.instance.archived.v1"]


def _posted(request: urllib.request.Request) -> int:
    """The status of the answer, once somebody listens."""
    end = time.monotonic() + PATIENCE_S
    while True:
        try:
            with urllib.request.urlopen(request) as answer:
                return int(answer.status)
        except urllib.error.URLError:
            assert time.monotonic() < end
            time.sleep(0.1)


def test_what_fails_is_not_handled(tmp_path: Path) -> None:
    def fail(_: object) -> None:
        raise ConnectionError

    handled, told = Handled(tmp_path / "handled"), list[object]()
    message = next(iter(EVENTS.values())).to_message()
    event = event_of(message.attributes, message.data)
    with pytest.raises(ConnectionError):
        handled.once(event, fail)
    assert handled.once(event, told.append)
    assert not Handled(tmp_path / "handled").once(event, told.append)
    assert told == [event]
