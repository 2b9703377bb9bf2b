"""What every `Studies` promises, on the memory twin and on a real server."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from functions.index.rows import upload
from functions.sweep.completion import row_of
from functions.sweep.decision import next_state
from shared.adapters.memory import MemoryTables
from shared.adapters.memory_studies import MemoryStudies
from shared.adapters.studies import BigQueryStudies
from shared.contracts.declaration import STUDY_CHANGES
from shared.contracts.facilities import Facility
from shared.contracts.gathering import Announcement, Declared, GatheredSeries, Gathering
from shared.contracts.study import Change, StudyState
from shared.ports import RowSink, Studies
from tests.issuing import a_decision, a_file, announced
from tests.outcomes import MOMENT
from tests.studies import FACILITY, STUDY, Instance, Sending
from tests.warehouse import an_empty_warehouse

DAY, MINUTE, MICROSECOND = timedelta(days=1), timedelta(minutes=1), timedelta(microseconds=1)
SINCE = MOMENT - DAY
ONE, TWO, THREE = (Instance(number) for number in (1, 2, 3))


@dataclass(frozen=True)
class Tables:
    """The tables of one dataset, empty, to be written to and asked."""

    studies: Studies
    sink: RowSink

    @property
    def send(self) -> Sending:
        return Sending(self.sink)

    def all(self, since: datetime = SINCE, *only: str) -> list[Gathering]:
        return list(self.studies.gathered(since, only))

    def one(self) -> Gathering:
        (found,) = self.all()
        return found

    def announced(self) -> Announcement | None:
        return self.one().manifest

    def declare(self, now: datetime) -> StudyState:
        """What is open is declared complete, and the other way round."""
        state = next_state(self.one(), Facility(name=FACILITY), now)
        assert state is not None
        self.sink.append(STUDY_CHANGES, [row_of(state)] * 2)
        return state


@pytest.fixture(params=["memory", "server"])
def tables(request: pytest.FixtureRequest) -> Iterator[Tables]:
    if request.param == "memory":
        memory = MemoryTables()
        yield Tables(MemoryStudies(memory), memory)
        return
    project = request.getfixturevalue("bigquery")["GOOGLE_CLOUD_PROJECT"]
    with an_empty_warehouse(project) as sink:
        yield Tables(BigQueryStudies(project, "imaging"), sink)


def test_a_study_is_told_with_its_series(tables: Tables) -> None:
    for minutes, instance in enumerate(
        [ONE, TWO, Instance(1, series=2, modality="SR"), Instance(1, series=3, modality=None)]
    ):
        tables.send.instance(instance, MOMENT + minutes * MINUTE)
    tables.send.instance(replace(ONE, version=2), MOMENT + 9 * MINUTE)
    tables.send.duplicate(TWO, MOMENT + 10 * MINUTE)
    series: Any = [
        (f"{STUDY}.1", "CT", 2, MOMENT + 9 * MINUTE),
        (f"{STUDY}.2", "SR", 1, MOMENT + 2 * MINUTE),
        (f"{STUDY}.3", None, 1, MOMENT + 3 * MINUTE),
    ]
    assert tables.one() == Gathering(
        facility=FACILITY,
        study_instance_uid=STUDY,
        instances=4,
        first_arrival=MOMENT,
        last_arrival=MOMENT + 9 * MINUTE,
        series=tuple(
            GatheredSeries(
                series_instance_uid=uid, modality=modality, instances=count, last_arrival=last
            )
            for uid, modality, count, last in series
        ),
    )


def test_a_study_is_one_facilitys(tables: Tables) -> None:
    for instance in (ONE, TWO, replace(ONE, facility="demo-clinic"), Instance(study="1.2.4")):
        tables.send.instance(instance)
    found = [(each.facility, each.study_instance_uid, each.instances) for each in tables.all()]
    assert found == [("demo-clinic", STUDY, 1), (FACILITY, STUDY, 2), (FACILITY, "1.2.4", 1)]
    assert [each.instances for each in tables.all(SINCE, "1.2.4", "1.2.5")] == [1]


def test_what_came_before_is_not_asked_for(tables: Tables) -> None:
    tables.send.instance(ONE, SINCE - MICROSECOND)
    tables.send.instance(TWO, SINCE)
    assert tables.one().instances == 1
    assert tables.all(SINCE + MICROSECOND) == []


def test_what_manifests_name_is_looked_for(tables: Tables) -> None:
    tables.send.instance(ONE)
    assert tables.announced() is None
    tables.send.directory(ONE, TWO, at=MOMENT - DAY / 2)
    assert tables.announced() == Announcement(instances=2, missing=1)
    tables.send.manifest((STUDY, 3), named=(ONE, TWO, THREE))
    assert tables.announced() == Announcement(instances=3, missing=2)
    for instance in (TWO, THREE):
        tables.send.instance(instance)
    assert tables.announced() == Announcement(instances=3)


def test_an_instance_of_another_study_or_facility_is_not_the_one_named(tables: Tables) -> None:
    tables.send.instance(TWO)
    tables.send.instance(replace(ONE, facility="demo-clinic"))
    tables.send.directory(ONE, Instance(study="1.2.4"))
    clinic, hospital = tables.all()
    assert clinic.manifest is None
    assert hospital.manifest == Announcement(instances=1, missing=1)


def test_what_manifests_count_is_the_greatest_number(tables: Tables) -> None:
    tables.send.instance(ONE)
    tables.send.manifest((STUDY, 5), ("1.2.4", 9), at=MOMENT + DAY)
    assert tables.announced() == Announcement(instances=5)
    tables.send.manifest((STUDY, 7), at=MOMENT - MINUTE)
    assert tables.announced() == Announcement(instances=7)


@pytest.mark.parametrize("studies", [(), ((STUDY, None),), ((STUDY, None), ("1.2.4", None))])
def test_a_manifest_without_numbers_counts_what_landed_below_it(
    tables: Tables, studies: tuple[tuple[str, None], ...]
) -> None:
    tables.send.instance(ONE)
    tables.send.duplicate(TWO)
    tables.send.instance(Instance(4, folder="disc/deeper"), MOMENT + MINUTE)
    tables.send.instance(Instance(5, folder="disc-2"))
    tables.send.instance(Instance(6), MOMENT + 3 * MINUTE)
    tables.send.manifest(*studies, at=MOMENT + 2 * MINUTE)
    assert tables.announced() == Announcement(instances=3)


def test_a_manifest_of_one_study_says_nothing_of_the_others_below_it(tables: Tables) -> None:
    tables.send.instance(ONE)
    tables.send.manifest(("1.2.4", None), at=MOMENT + MINUTE)
    assert tables.announced() is None


def test_a_manifest_waits_for_what_landed_before_it(tables: Tables) -> None:
    tables.send.instance(ONE)
    tables.send.undecided(TWO)
    tables.send.undecided(ONE)
    tables.send.undecided(Instance(4, folder="disc-2"))
    tables.send.undecided(Instance(5), MOMENT + 2 * MINUTE)
    tables.send.undecided(replace(ONE, facility="demo-clinic"))
    tables.send.manifest(at=MOMENT + MINUTE)
    assert tables.announced() == Announcement(instances=1, undecided=1)
    tables.send.instance(TWO)
    assert tables.announced() == Announcement(instances=2)


def test_what_landed_at_the_edge_of_what_is_read_does_not_wait(tables: Tables) -> None:
    """It is told a moment after it landed: one row lies behind the edge, and one before."""
    old = a_file(f"{FACILITY}/disc/1", SINCE - DAY - timedelta(milliseconds=100))
    tables.sink.append("imaging.landed", [announced(old)])
    tables.sink.append("imaging.uploads", [upload(a_decision(old))])
    tables.send.instance(ONE)
    tables.send.manifest(at=MOMENT + MINUTE)
    assert tables.announced() == Announcement(instances=2)


@pytest.mark.parametrize(("related", "expected"), [(3, 3), (2, 2), (1, None), (0, None)])
def test_what_instances_say_counts_until_there_are_more(
    tables: Tables, related: int, expected: int | None
) -> None:
    tables.send.instance(replace(ONE, related=related))
    tables.send.instance(TWO)
    found = tables.announced()
    assert found == (None if expected is None else Announcement(instances=expected))


def test_what_was_said_with_an_upload_counts(tables: Tables) -> None:
    for number, expected in enumerate((5, 6, None, 4)):
        tables.send.instance(Instance(number, expected=expected))
    tables.send.instance(Instance(study="1.2.4", expected=9))
    assert [each.upload for each in tables.all()] == [6, 9]
    assert tables.all()[0].manifest is None


def test_what_is_complete_is_not_told_until_more_comes(tables: Tables) -> None:
    tables.send.instance(ONE)
    completed = tables.declare(MOMENT + DAY)
    assert tables.all() == []
    tables.send.instance(TWO, MOMENT - MINUTE)  # its row is late
    assert tables.one().last == Declared(
        revision=1,
        change=Change.COMPLETED,
        declared_at=completed.declared_at,
        first_arrival=MOMENT,
        last_arrival=MOMENT,
        instances=1,
        completed_instances=1,
    )
    tables.declare(MOMENT + DAY)
    last = tables.one().last
    assert last is not None
    assert (last.revision, last.change) == (2, Change.REOPENED)
    assert (last.instances, last.completed_instances) == (2, 1)
    assert last.first_arrival == MOMENT - MINUTE
    tables.declare(MOMENT + 2 * DAY)
    assert tables.all() == []


def test_a_new_version_of_what_is_there_is_more(tables: Tables) -> None:
    tables.send.instance(ONE)
    tables.declare(MOMENT + DAY)
    tables.send.duplicate(ONE, MOMENT + DAY)
    assert tables.all() == []
    tables.send.instance(replace(ONE, version=2), MOMENT + DAY)
    assert tables.one().instances == 1
