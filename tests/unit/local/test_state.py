"""What a local cloud writes down, and how others read it."""

import json
import stat
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from standardwebhooks import Webhook

from infra.definition import Kind, Push, Reference, Schedule, load_pipeline
from infra.local.endpoints import Endpoints, free_ports, is_free
from infra.local.environment import client_environment, export_lines, read_exports
from infra.local.functions import environment, resolve
from infra.local.layout import Layout
from infra.local.overrides import load_profile, local_pipeline
from infra.local.secret_files import secret_file, signing_secrets
from infra.local.state import (
    ChildState,
    Phase,
    State,
    is_running,
    read_state,
    take_lock,
    write_state,
)

PROFILE = load_profile()
PIPELINE = local_pipeline(PROFILE)
PORTS = Endpoints(
    storage=1,
    pubsub=2,
    bigquery=3,
    bigquery_storage=4,
    functions=dict.fromkeys(PIPELINE.functions, 5),
)
STATE = State(
    phase=Phase.READY,
    step="ready",
    pid=10,
    born="now",
    endpoints=PORTS,
    settings={"stuck_after_s": "60"},
    targets="/a/file",
    children=(ChildState(name="ingest", pid=11, born="then", ports=(5,), ready=True, restarts=2),),
)


def test_a_state_is_read_as_it_was_written(tmp_path: Path) -> None:
    write_state(Layout(tmp_path), STATE)
    assert read_state(Layout(tmp_path)) == STATE
    assert STATE.recorded() == {11: "then"}


@pytest.mark.parametrize("text", ["", "{", "[]", '{"children": []}'])
def test_what_is_no_state_is_none(tmp_path: Path, text: str) -> None:
    assert read_state(Layout(tmp_path)) is None
    Layout(tmp_path).state.write_text(text)
    assert read_state(Layout(tmp_path)) is None


def test_one_supervisor_holds_the_lock(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "new")
    assert not is_running(layout)
    lock = take_lock(layout)
    assert lock
    assert take_lock(layout) is None
    assert is_running(layout)
    lock.close()
    assert not is_running(layout)


def test_forgetting_leaves_the_logs(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    layout.prepare()
    layout.log("ingest").write_text("line")
    secret_file(layout.secrets, "pseudonym-key", PROFILE.targets)
    write_state(layout, STATE)
    layout.forget()
    assert [path.name for path in tmp_path.iterdir()] == ["logs"]


def test_the_exports_are_read_by_a_shell(tmp_path: Path) -> None:
    profile = replace(PROFILE, project="a project's")
    (tmp_path / "env").write_text(export_lines(PIPELINE, profile, PORTS, Layout(tmp_path)))
    script = '. ./env; printf %s "$INLET_INBOX|$BIGQUERY_STORAGE_EMULATOR_HOST"'
    shell = subprocess.run(
        ["sh", "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert shell.stdout == "a project's-inbox|127.0.0.1:4"
    assert read_exports((tmp_path / "env").read_text()) == client_environment(
        PIPELINE, profile, PORTS, Layout(tmp_path)
    )


def test_the_exports_are_those_that_are_promised(tmp_path: Path) -> None:
    assert client_environment(PIPELINE, PROFILE, PORTS, Layout(tmp_path)) == {
        "GOOGLE_CLOUD_PROJECT": "inlet-local",
        "STORAGE_EMULATOR_HOST": "http://127.0.0.1:1",
        "PUBSUB_EMULATOR_HOST": "127.0.0.1:2",
        "BIGQUERY_EMULATOR_HOST": "http://127.0.0.1:3",
        "BIGQUERY_STORAGE_EMULATOR_HOST": "127.0.0.1:4",
        "INLET_INBOX": "inlet-local-inbox",
        "INLET_ARCHIVE": "inlet-local-archive",
        "INLET_QUARANTINE": "inlet-local-quarantine",
        "INLET_RESEARCH": "inlet-local-research",
        "INLET_RECEIPTS": "inlet-local-receipts",
        "INLET_EVENTS_TOPIC": "events",
        "INLET_OUTCOMES_TOPIC": "outcomes",
        "INLET_DATASET": "imaging",
        "INLET_RESEARCH_DATASET": "research",
        "INLET_FACILITIES_FILE": str(tmp_path / "facilities.json"),
        "INLET_PROFILES_FILE": str(tmp_path / "profiles.json"),
        "INLET_TARGETS_FILE": str(tmp_path / "targets.json"),
    }


@pytest.mark.parametrize(
    ("kind", "name", "value"),
    [
        (Kind.BUCKET, "archive", "inlet-local-archive"),
        (Kind.TOPIC, "outcomes", "outcomes"),
        (Kind.DATASET, "imaging", "imaging"),
        (Kind.SETTING, "stuck_after_s", "60"),
        (Kind.SETTING, "smtp_host", ""),
    ],
)
def test_references_resolve(tmp_path: Path, kind: Kind, name: str, value: str) -> None:
    assert resolve(Reference(kind=kind, name=name), PROFILE, Layout(tmp_path)) == value


@pytest.mark.parametrize(
    ("name", "known"), [("facilities", "demo-hospital"), ("profiles", "basic")]
)
def test_data_are_files_as_a_deployment_mounts_them(tmp_path: Path, name: str, known: str) -> None:
    reference = Reference(kind=Kind.FILE, name=name)
    path = Path(resolve(reference, PROFILE, Layout(tmp_path)))
    assert json.loads(path.read_text()) == PROFILE.data[name]
    assert known in PROFILE.data[name]


def test_a_secret_is_its_owner_s_and_stays_the_same(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    path = Path(resolve(Reference(kind=Kind.SECRET, name="pseudonym-key"), PROFILE, layout))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(bytes.fromhex(path.read_text())) == 32
    again = secret_file(layout.secrets, "pseudonym-key", PROFILE.targets)
    assert again.read_text() == path.read_text()


def test_each_webhook_has_a_signing_secret_and_no_mail_needs_one(tmp_path: Path) -> None:
    targets = tmp_path / "targets.yaml"
    targets.write_text(
        "one: {url: 'http://127.0.0.1:1'}\n"
        "two: {url: 'http://127.0.0.1:2', facilities: [demo-clinic]}\n"
        "mail: {kind: email, to: [a@example.org]}\n"
    )
    profile = load_profile(targets=targets)
    file = secret_file(tmp_path, "target-secrets", profile.targets)
    assert set(json.loads(file.read_text())) == {"one", "two"}
    (one,), (two,) = signing_secrets(file, "one"), signing_secrets(file, "two")
    assert one != two
    assert one.startswith("whsec_")
    assert len(Webhook(one)._whsecret) == 32


def test_a_function_s_environment_is_the_definition_s_and_the_servers(tmp_path: Path) -> None:
    function = PIPELINE.functions["ingest"]
    made = environment(function, PROFILE, PORTS, Layout(tmp_path))
    assert set(function.environment) < set(made)
    assert made["K_SERVICE"] == "ingest"
    assert made["THREADS"] == str(function.resources.concurrency)
    assert made["STORAGE_EMULATOR_HOST"] == "http://127.0.0.1:1"


def test_only_timings_differ_from_the_definition() -> None:
    for name, function in load_pipeline().functions.items():
        local = PIPELINE.functions[name]
        if isinstance(function.trigger, Schedule):
            assert isinstance(local.trigger, Schedule)
            assert local.trigger.every_s == PROFILE.schedules[name]
        else:
            assert isinstance(local.trigger, Push)
            assert local.trigger.min_backoff_s == PROFILE.min_backoff_s
            assert local.trigger.topic == function.trigger.topic
        same = replace(local, trigger=function.trigger, also=function.also)
        assert replace(same, targets=function.targets) == function


def test_settings_can_be_replaced() -> None:
    assert load_profile({"smtp_host": "localhost"}).settings["smtp_host"] == "localhost"


def test_nobody_is_told_of_events_until_a_file_says_so() -> None:
    assert list(PROFILE.targets) == []


@pytest.mark.enable_socket
@pytest.mark.enable_socket
def test_free_ports_are_free_and_differ() -> None:
    ports = [port for port, _ in zip(free_ports(), range(5), strict=False)]
    assert len(set(ports)) == 5
    assert all(map(is_free, ports))
