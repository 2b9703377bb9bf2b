"""What an erasure must not take, when it must not begin, and what it must not lose sight of."""

from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from infra.operate import erasure_command
from infra.operate.erasure import Erasure
from infra.operate.erasure_terms import RefusedError
from shared.contracts.message import Message
from shared.contracts.subject import Kind, Selected, Subject
from shared.dicom.deidentification.profile import Profile
from tests.builders import a_uid, an_instance
from tests.erasing import (
    BROKEN,
    ERASED,
    INNER,
    ONE,
    OTHER,
    OTHERS,
    STAYING,
    THEIRS,
    erasure_in,
    kept_in,
    of_patient,
    places_of,
    uids_of,
    world_of,
    zipped_as,
)
from tests.operating import KEY
from tests.simulation.world import Crash, World

OTHER_BROKEN = of_patient(2, STAYING, instance=4)[:-700]


@pytest.mark.parametrize("by_study", [False, True])
def test_an_instance_of_which_somebody_else_has_a_version_keeps_its_rows(*, by_study: bool) -> None:
    same = a_uid(1, 1, 1, 1)
    first = {
        "demo-hospital/first": an_instance(
            patient=2, study=2, PatientID=STAYING, SOPInstanceUID=same
        )
    }
    world = world_of(first)
    world.land("demo-hospital/second", of_patient(1, ERASED, SOPInstanceUID=same))
    world.run()
    study = Subject(kind=Kind.STUDY, facility="demo-hospital", value=a_uid(1, 1))
    report = erasure_in(world, study if by_study else None).carry_out(rows=True)
    assert report.left == {"instances of which somebody else has a version": 1}
    kept: Any = kept_in(world)
    expected: Any = kept_in(world_of(first))
    stays = {"imaging.events", "imaging.deliveries"}  # which version an event is of, no row tells
    of_events = {row for row in kept["rows"] if row[0] in stays}
    assert of_events >= {row for row in expected["rows"] if row[0] in stays}
    assert kept["rows"] - of_events == {row for row in expected["rows"] if row[0] not in stays}
    assert kept["objects"] == expected["objects"]


def test_a_container_that_may_hold_others_refused_files_stays() -> None:
    world = world_of({"demo-hospital/x.zip": zipped_as(a=INNER, b=OTHER_BROKEN)})
    report = erasure_in(world).carry_out(rows=True)
    assert report.left == {"containers with others' data": 1, "quarantined, not readable": 1}
    (name,) = (stored.version.name for stored in world.store.list("quarantine"))
    assert name.startswith("truncated/")
    assert list(world.store.list("archive", "demo-hospital/containers/"))


def test_a_container_of_which_only_refused_files_are_theirs_is_told() -> None:
    world = world_of({"demo-hospital/x.zip": zipped_as(a=BROKEN)})
    report = erasure_in(world).carry_out(rows=True)
    assert report.found["quarantine: found by reading"] == 1
    assert report.left == {"containers of what was refused": 1}
    (upload_id,) = report.mixed
    assert [row["UploadId"] for row in world.tables.rows["imaging.landed"]] == [upload_id]


def test_others_events_stay_when_their_container_goes() -> None:
    world = world_of({"demo-hospital/both.zip": zipped_as(a=ONE, b=OTHER)})
    before = _events_of(world, a_uid(2, 2))
    assert before
    erasure_in(world, whole=True).carry_out(rows=True)
    assert _events_of(world, a_uid(2, 2)) == before
    assert _events_of(world, a_uid(1, 1)) == []


def _events_of(world: World, uid: str) -> list[str]:
    rows = world.tables.rows["imaging.events"]
    return [str(row["EventId"]) for row in rows if uid in repr(row)]


@pytest.mark.parametrize(
    "data",
    [
        {"options": ["retain-uids"]},
        {"overrides": [{"keyword": "SOPInstanceUID", "action": "keep"}]},
    ],
)
def test_rows_of_copies_that_kept_their_uids_go(data: dict[str, Any]) -> None:
    world = World()
    world.restart(profile=Profile.from_data("keeping", data))
    world.land("demo-hospital/a", ONE)
    world.run()
    assert world.tables.rows["research.instances"]
    erasure_in(world).carry_out(rows=True)
    assert kept_in(world) == {"objects": set(), "rows": set()}


def test_nothing_is_begun_without_the_keys_of_the_copies() -> None:
    world = world_of(THEIRS, OTHERS)
    before = world.state()
    wrong = replace(KEY, project="reserach")
    with pytest.raises(RefusedError, match=f"made copies: {KEY.key_id}; nothing was removed"):
        replace(erasure_in(world), keys=[wrong]).carry_out(rows=True)
    assert world.state() == before
    replace(erasure_in(world), keys=[wrong, KEY]).carry_out(rows=True)
    assert _of_hospital(world) == []


def test_a_key_of_which_no_copy_is_left_is_not_asked_for() -> None:
    world = world_of({"demo-hospital/a": ONE})
    for stored in list(world.store.list("research")):
        world.store.delete(stored.version)
    world.tables.rows["research.instances"] = []
    wrong = replace(KEY, project="another")
    replace(erasure_in(world), keys=[wrong]).carry_out(rows=True)
    assert places_of(world, ERASED, a_uid(1, 1)) == []


def _of_hospital(world: World) -> list[str]:
    return [each for each in places_of(world, ERASED, *uids_of(1)) if "demo-clinic" not in each]


def test_nothing_is_begun_while_a_copy_may_be_made() -> None:
    world = World()
    deidentify, late = world.handlers["deidentify"], list[Message]()
    world.handlers["deidentify"] = late.append
    world.land("demo-hospital/a", ONE)
    world.run()
    before = world.state()
    with pytest.raises(RefusedError, match="1 versions wait for de-identification"):
        erasure_in(world).carry_out(rows=True)
    assert world.state() == before
    for message in late:
        deidentify(message)
    world.run()
    erasure_in(world).carry_out(rows=True)
    assert kept_in(world) == {"objects": set(), "rows": set()}


def test_members_that_wait_are_counted() -> None:
    world = world_of({"demo-hospital/a": ONE})
    world.store.put("quarantine", "staging/demo-hospital/0123", INNER)
    assert erasure_in(world).rehearse().left["members of containers, not decided"] == 1


def test_who_removes_rows_by_hand_is_given_no_statement_too_early(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A manifest that is not readable names the study alone, which only versions' rows tell."""
    world = world_of(
        {"demo-hospital/a": ONE, "demo-hospital/9/_complete.json": a_uid(1, 1).encode()}
    )
    runs = 0
    while not _is_done(world):
        report = erasure_in(world, whole=True).carry_out(rows=False)
        erasure_command._print_statements(report)
        said = capsys.readouterr().out
        holdings = erasure_in(world).cloud.holdings
        for selected in report.rows:
            if f"DELETE FROM {selected.table} " in said:
                holdings.remove(selected)
        runs += 1
        assert runs < 9
    assert kept_in(world) == {"objects": set(), "rows": set()}


def _is_done(world: World) -> bool:
    return any(row["State"] == "done" for row in world.tables.rows.get("imaging.erasures", []))


class _Holdings:
    """Holdings whose removals are another's."""

    def __init__(self, erasure: Erasure, remove: Any) -> None:
        self._holdings, self.remove = erasure.cloud.holdings, remove

    def __getattr__(self, name: str) -> Any:
        return getattr(self._holdings, name)

    def into(self, erasure: Erasure) -> Erasure:
        return replace(erasure, cloud=replace(erasure.cloud, holdings=self))


def test_rows_that_come_meanwhile_are_told() -> None:
    world = world_of({"demo-hospital/a": ONE})
    erasure, rows = erasure_in(world), list(world.tables.rows["imaging.uploads"])

    def remove(selected: Selected) -> None:
        erasure.cloud.holdings.remove(selected)
        if selected.table == "imaging.uploads":
            world.tables.rows["imaging.uploads"] += rows

    report = _Holdings(erasure, remove).into(erasure).carry_out(rows=True)
    assert (report.left, report.done) == ({"rows that came meanwhile": len(rows)}, False)
    assert erasure_in(world).carry_out(rows=True).done
    assert kept_in(world) == {"objects": set(), "rows": set()}


def test_whoever_dies_between_two_statements_is_followed_by_one_who_ends_it() -> None:
    """One statement takes so many ids; those that lead to a container's others go last."""
    world = world_of({f"demo-hospital/{n}.zip": zipped_as(a=INNER, notes=b"n") for n in range(4)})
    tries = 0
    while not _is_done(world):
        erasure, tries = erasure_in(world), tries + 1

        def remove(selected: Selected, erasure: Erasure = erasure) -> None:
            for part in selected.chunks(2):
                found = erasure.cloud.holdings.count(part)
                erasure.cloud.holdings.remove(part)
                if found:
                    raise Crash

        with suppress(Crash):
            _Holdings(erasure, remove).into(erasure).carry_out(rows=True)
        assert tries < 99
    assert kept_in(world) == {"objects": set(), "rows": set()}
