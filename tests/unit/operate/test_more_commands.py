"""What `erase`, `rebuild`, `replay` and `onboard` print, and with which status they end."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from infra.operate import __main__ as operate
from shared.adapters.retention import Retention
from shared.contracts.manifest import Manifest
from tests.builders import a_uid, an_instance
from tests.operating import KEY, a_cloud
from tests.simulation.world import World

Run = Callable[..., tuple[int, str]]
PATIENT = "PLANTED-ID"


@pytest.fixture
def world() -> World:
    world = World()
    world.land("demo-hospital/a", an_instance(patient=1, study=1, PatientID=PATIENT))
    return world.run()


@pytest.fixture
def run(
    world: World,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Run:
    retention = Retention(soft_deleted=timedelta(days=30))
    cloud = a_cloud(
        world.store, world.clock, world.tables, world.topics, retention=lambda _: retention
    )
    monkeypatch.setattr(operate, "connected", lambda _: cloud)
    (tmp_path / "facilities").write_text(json.dumps({"demo-hospital": {"conflicts": "last"}}))
    (tmp_path / "key").write_bytes(KEY.secret)
    monkeypatch.setenv("INLET_FACILITIES_FILE", str(tmp_path / "facilities"))

    def ran(*arguments: str) -> tuple[int, str]:
        status = operate.main(arguments)
        captured = capsys.readouterr()
        return status, captured.out + captured.err

    return ran


@pytest.fixture
def erase(run: Run, tmp_path: Path) -> Run:
    fixed = [
        *("erase", "--facility", "demo-hospital", "--key-file", str(tmp_path / "key")),
        *("--project", KEY.project, "--who", "Dr. Made Up", "--reason", "the patient's wish"),
    ]
    return lambda *arguments: run(*fixed, *arguments)


def _cells(said: str) -> list[list[str]]:
    return [line.split() for line in said.splitlines()]


def test_nothing_is_removed_that_was_not_said(erase: Run, world: World) -> None:
    before = world.state()
    status, said = erase("--patient", PATIENT)
    assert status == 0
    assert ["archive", "1"] in _cells(said)
    assert "would be removed" in said
    assert world.state() == before


def test_statements_are_told_where_rows_are_not_removed(erase: Run, world: World) -> None:
    status, said = erase("--patient", PATIENT, "--execute")
    assert status == 0
    assert list(world.store.list("archive")) == []
    rows = world.tables.rows["imaging.instances"]
    (event_id,) = {str(row["EventId"]) for row in rows}
    assert f"DELETE FROM imaging.instances WHERE EventId IN ('{event_id}');" in said
    assert PATIENT not in said


def test_a_report_says_who_why_and_what_stays_and_not_whose(
    erase: Run, tmp_path: Path, world: World
) -> None:
    path = tmp_path / "report.json"
    arguments = ("--execute", "--execute-sql", "--report", str(path))
    status, said = erase("--patient", PATIENT, *arguments)
    assert status == 0
    report = json.loads(path.read_text())
    assert (report["State"], report["Who"]) == ("done", "Dr. Made Up")
    assert report["RecoverableUntil"]["bucket archive"] == "2026-02-01 03:04:05 UTC"
    assert {"Place": "archive", "Count": 1} in report["Places"]
    assert not world.tables.rows["imaging.instances"]
    assert not [name for name in (PATIENT, a_uid(1, 1)) if name in path.read_text() + said]


def test_what_is_left_to_a_person_is_status_1(erase: Run, world: World) -> None:
    world.land("demo-hospital/notes", b"these are notes")
    world.run()
    status, said = erase("--study", a_uid(1, 1))
    assert status == 1
    assert ["quarantined,", "not", "readable", "1"] in _cells(said)


@pytest.mark.parametrize("missing", ["--patient", "--who"])
def test_everything_must_be_said(run: Run, missing: str) -> None:
    said = ["erase", "--facility", "demo-hospital", "--key-file", "k", "--project", "p"]
    rest = {"--patient": PATIENT, "--who": "somebody", "--reason": "r"}
    given = [word for name, value in rest.items() if name != missing for word in (name, value)]
    with pytest.raises(SystemExit):
        run(*said, *given)


def test_without_a_key_nothing_is_looked_for(run: Run, tmp_path: Path) -> None:
    status, said = run(
        *("erase", "--facility", "demo-hospital", "--patient", PATIENT, "--who", "w"),
        *("--reason", "r", "--key-file", str(tmp_path / "no-key"), "--project", "p"),
    )
    assert status == 2
    assert "--key-file 1 names no readable file" in said


def test_a_facilitys_own_terms_are_told(run: Run) -> None:
    status, said = run("onboard", "--facility", "demo-hospital")
    assert status == 0
    assert "gs://inbox/demo-hospital/" in said
    assert "gs://receipts/demo-hospital/" in said
    assert ["of", "two", "versions", "the", "primary", "one", "last"] in _cells(said)
    (manifest,) = (line.split("'")[1] for line in said.splitlines() if "_complete.json" in line)
    assert Manifest.from_json(manifest.encode()) == Manifest()


def test_a_facility_that_nobody_registered_is_told(run: Run) -> None:
    status, said = run("onboard", "--facility", "demo-hospitl")
    assert status == 2
    assert "it has demo-hospital" in said


def test_what_is_announced_again_is_counted(run: Run, world: World) -> None:
    assert _cells(run("rebuild")[1])[-1] == ["0", "1", "0"]
    world.tables.rows.clear()
    status, said = run("rebuild", "--dry-run")
    assert (status, _cells(said)[-1]) == (0, ["1", "0", "0"])
    world.store.put("archive", "demo-hospital/1.2/3/4.dcm", b"")
    assert run("rebuild")[0] == 1


def test_a_day_is_from_midnight_to_midnight(run: Run) -> None:
    assert _cells(run("replay", "--since", "2026-01-02")[1])[-1] == ["1", "0", "0"]
    assert _cells(run("replay", "--since", "2026-01-03")[1])[-1] == ["0", "0", "0"]
    until = ("--until", "2026-01-02T03:04:05+00:00")
    assert _cells(run("replay", "--since", "2026-01-02", *until)[1])[-1] == ["0", "0", "0"]
    with pytest.raises(SystemExit):
        run("replay", "--since", "yesterday")
