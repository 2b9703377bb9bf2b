"""What one run of the sweep declares of studies and tells of them."""

import json
import logging
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, cast

import pytest

from functions.sweep.completion import Completion
from functions.sweep.report import Report
from functions.sweep.telling import Telling
from functions.sweep.terms import LOOKBACK
from shared.adapters.memory import MemoryLedger
from shared.adapters.memory_studies import MemoryStudies
from shared.claims import Claims
from shared.contracts.catalogue import Progress
from shared.contracts.declaration import STUDY_CHANGES
from shared.contracts.facilities import Facilities
from shared.contracts.gathering import GatheredSeries, Gathering
from shared.contracts.uid_mask import UidMask
from shared.errors import ContractError, TransientError
from tests.outcomes import MOMENT
from tests.studies import FACILITY, STUDY, Instance, Sending
from tests.sweeping import Swept, Together

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
FACILITIES = Facilities.from_data({FACILITY: {}, "demo-clinic": {"event_uids": "pseudonym"}})
MASK = UidMask.of(FACILITIES, b"a made-up key of thirty-two bytes")


@dataclass
class Asked:
    """Studies that note what was asked."""

    studies: Any
    spans: list[tuple[Any, Any]] = field(default_factory=list)

    def gathered(self, since: Any, only: Any = ()) -> Any:
        self.spans.append((since, list(only)))
        return self.studies.gathered(since, only)


class Completing(Swept):
    """A sweep with the task of completion, on memory twins."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.send = Sending(self.tables)
        self.asked = Asked(MemoryStudies(self.tables))
        self.clock.time = MOMENT + HOUR

    def task(self, **changes: Any) -> Together:
        """What declares, and what tells it."""
        common: dict[str, Any] = {
            "ledger": MemoryLedger(Claims(self.store, "receipts"), self.tables),
            "clock": self.clock,
            "budget": HOUR,
        }
        max_changes = changes.pop("max_changes", 100)
        facilities = changes.pop("facilities", FACILITIES)
        common |= changes
        completion = Completion(
            studies=self.asked, facilities=facilities, max_changes=max_changes, **common
        )
        telling = Telling(
            objects=self.store,
            events=self.events,
            mask=MASK,
            bucket="receipts",
            look_back_every=HOUR,
            max_told=max_changes,
            **common,
        )
        return Together([completion, telling])

    def run(self, **changes: Any) -> Any:
        """Sweep once; return the fields of the log."""
        return self.sweep(tasks=[self.task(**changes)])().fields

    def told(self) -> list[Any]:
        """What was told since the last call."""
        messages, self.events.messages = self.events.messages, []
        return [
            {"type": message.attributes["ce-type"], **json.loads(message.data)}
            for message in messages
        ]

    def heard(self) -> None:
        """All events so far are in their table."""
        for row in self.tables.rows.get(STUDY_CHANGES, []):
            told = {"EventId": row["EventId"], "RecordedAt": self.clock.time}
            self.tables.append("imaging.events", [told])


@pytest.fixture
def it() -> Completing:
    return Completing()


def test_what_is_complete_is_declared_and_told(it: Completing) -> None:
    for number in (1, 2, 3):
        it.send.instance(Instance(number))
    fields = it.run()
    (told,) = it.told()
    assert told["type"] == "dicom.study.completed.v1"
    assert (told["study_instance_uid"], told["instances"], told["cause"]) == (STUDY, 3, "quiet")
    assert told["archive_prefix"] == f"{FACILITY}/{STUDY}/"
    assert (fields["studies_completed"], fields["studies_told"]) == (1, 1)
    (row,) = it.rows()
    assert (row["StudiesCompleted"], row["StudiesReopened"], row["StudiesTold"]) == (1, 0, 1)


def test_what_is_told_and_heard_is_told_once(it: Completing) -> None:
    it.send.instance(Instance())
    it.run()
    (first,) = it.told()
    assert it.run()["studies_completed"] == 0
    assert it.told() == [first]  # nobody can know yet that it was told
    it.heard()
    assert it.run()["studies_told"] == 0


def test_what_comes_late_opens_it_again_and_completes_it_anew(it: Completing) -> None:
    it.send.instance(Instance(1))
    it.run()
    it.send.instance(Instance(2), it.clock.time)
    it.clock.time += HOUR
    assert it.run()["studies_reopened"] == 1
    assert it.run()["studies_completed"] == 1
    it.told()
    it.heard()
    assert it.run() | {"cut_short": False} == dict.fromkeys(it.run(), 0)


def test_a_run_has_a_limit_and_the_next_goes_on(it: Completing) -> None:
    for number in range(5):
        it.send.instance(Instance(study=f"1.2.{number}"))
    runs = []
    for _ in range(3):
        fields = it.run(max_changes=2)
        it.heard()
        runs.append((fields["studies_completed"], fields["studies_told"], fields["cut_short"]))
    assert runs == [(2, 2, True), (2, 2, True), (1, 1, False)]
    assert len({told["study_instance_uid"] for told in it.told()}) == 5
    assert [row["StudiesSince"] is None for row in it.rows()] == [True, True, False]


@pytest.mark.parametrize("changes", [1, 2])
def test_a_run_that_did_all_it_may_says_whether_that_was_all(it: Completing, changes: int) -> None:
    it.send.instance(Instance(study="1.2.1"))
    it.send.instance(Instance(study="1.2.2"))
    assert it.run(max_changes=changes)["cut_short"] == (changes == 1)


def test_a_run_ends_in_time(it: Completing) -> None:
    for number in range(250):
        it.send.instance(Instance(study=f"1.2.{number}"))
    fields = it.run(budget=timedelta(), max_changes=1_000)
    assert (fields["studies_completed"], fields["studies_told"]) == (100, 1)
    assert fields["cut_short"] is True


def test_a_month_is_looked_at_once_a_day_and_else_what_may_be_open(it: Completing) -> None:
    for _ in range(4):
        it.run()
        it.clock.time += 9 * HOUR
    spans = [
        row["RunAt"] - since for row, (since, _) in zip(it.rows(), it.asked.spans, strict=True)
    ]
    short = DAY + timedelta(seconds=5400)
    assert spans == [LOOKBACK, short, short, LOOKBACK]


def test_the_longest_time_that_a_study_may_be_open_is_looked_at(it: Completing) -> None:
    patient = Facilities.from_data({"a": {"study_forced_s": 200_000}, "b": {}})
    it.run(facilities=patient)
    it.run(facilities=patient)
    assert it.clock.time - it.asked.spans[1][0] == DAY + timedelta(seconds=200_000)


def test_what_is_cut_short_is_looked_at_again_from_where_it_began(it: Completing) -> None:
    for number in range(3):
        it.send.instance(Instance(study=f"1.2.{number}"))
    for _ in range(3):
        it.run(max_changes=2)
    spans = [it.clock.time - since for since, _ in it.asked.spans]
    assert spans[:2] == [LOOKBACK, LOOKBACK]


def test_a_study_that_began_long_ago_is_counted_whole(it: Completing) -> None:
    for number in (1, 2):
        it.send.instance(Instance(number))
    it.send.instance(Instance(number=1, facility="demo-clinic"), MOMENT + 39 * DAY)
    it.run()
    it.heard()
    it.clock.time += 40 * DAY
    it.send.instance(Instance(3), it.clock.time - HOUR)
    it.told()
    assert it.run()["studies_reopened"] == 1
    (clinic, told) = sorted(it.told(), key=lambda each: str(each["facility"]))
    assert (told["type"], told["instances"]) == ("dicom.study.reopened.v1", 3)
    assert (clinic["type"], clinic["instances"]) == ("dicom.study.completed.v1", 1)


def test_a_facility_that_is_registered_no_more_has_the_usual_periods(it: Completing) -> None:
    it.send.instance(Instance(facility="gone"))
    it.clock.time = MOMENT + timedelta(seconds=899)
    assert it.run()["studies_completed"] == 0
    it.clock.time = MOMENT + timedelta(seconds=900)
    assert it.run()["studies_completed"] == 1
    assert it.told()[0]["study_instance_uid"] == MASK.uid(STUDY)  # nobody says that it may be told


def test_events_of_a_facility_whose_uids_identify_have_pseudonyms(it: Completing) -> None:
    it.send.instance(Instance(facility="demo-clinic"))
    it.run()
    (message,) = it.events.messages
    assert STUDY not in f"{message}"
    assert "archive_prefix" not in it.told()[0]


def test_the_log_has_no_uid(it: Completing) -> None:
    it.send.instance(Instance(study="1.2.9999"))
    report = Report(started=it.clock.time, max_findings=1)
    it.task().run(report)
    done = report.done()
    assert done.fields["studies_told"] == 1
    assert "1.2" not in f"{done}"
    assert done.level == logging.INFO


def test_what_an_earlier_run_claimed_is_declared_in_its_words(it: Completing) -> None:
    class Dying:
        def append(self, *_: Any) -> None:
            raise TransientError("bigquery-unavailable")

    tables: Any = Dying()
    it.send.instance(Instance(1))
    with pytest.raises(TransientError):
        it.run(ledger=MemoryLedger(Claims(it.store, "receipts"), tables))
    declared_at = it.clock.time
    it.send.instance(Instance(2))
    it.clock.time += HOUR
    it.run()
    (told,) = it.told()
    (row,) = it.tables.rows[STUDY_CHANGES]
    assert (told["instances"], row["DeclaredAt"]) == (1, declared_at)
    it.run()
    assert [each["instances"] for each in it.told()] == [1, 2]


def test_a_task_that_fails_stops_no_other_and_is_told(it: Completing) -> None:
    class Failing:
        def run(self, report: Report) -> None:
            report.tallies["studies_told"] = 0
            raise TransientError("bigquery-unavailable")

    it.send.instance(Instance())
    it.store.put("inbox", "h/a", b"a")
    it.clock.time += HOUR
    with pytest.raises(TransientError, match="bigquery-unavailable"):
        it.sweep(tasks=[Failing(), it.task()])()
    assert [told["type"] for told in it.told()] == [
        "dicom.study.completed.v1",
        "dicom.upload.stuck.v1",
    ]
    (row,) = it.rows()
    assert (row["Redriven"], row["StudiesCompleted"]) == (1, 1)


def test_a_copy_of_a_later_revision_is_no_more_than_its_own(it: Completing) -> None:
    it.send.instance(Instance(1))
    it.run()
    it.send.instance(replace(Instance(1), version=2), it.clock.time)
    it.clock.time += HOUR
    it.run()
    it.run()
    states = [
        (row["Revision"], row["Change"], row["Instances"]) for row in it.tables.rows[STUDY_CHANGES]
    ]
    assert states == [(1, "completed", 1), (2, "reopened", 1), (2, "completed", 1)]


def test_what_is_told_has_a_limit_and_the_log_says_that_more_is_left(it: Completing) -> None:
    for number in range(3):
        it.send.instance(Instance(study=f"1.2.{number}"))
    completion, telling = it.task().tasks
    report = Report(started=it.clock.time, max_findings=1)
    completion.run(report)
    replace(cast("Telling", telling), max_told=2).run(report)
    assert (report.tallies["studies_told"], report.cut_short) == (2, True)


@pytest.mark.parametrize(("asked", "told"), [(HOUR, 1), (HOUR / 2, 0)])
def test_what_is_long_untold_is_told_once_an_hour(
    it: Completing, asked: timedelta, told: int
) -> None:
    it.send.instance(Instance())
    completion, telling = it.task().tasks
    completion.run(Report(started=it.clock.time, max_findings=1))
    it.clock.time += 3 * DAY
    before = Progress(asked_at=it.clock.time - asked)
    report = Report(started=it.clock.time, max_findings=1, before=before)
    telling.run(report)
    assert report.tallies["studies_told"] == told


def test_each_is_told_while_no_event_reaches_the_table(it: Completing) -> None:
    for number in range(5):
        it.send.instance(Instance(study=f"1.2.{number}"))
    seen = set()
    for _ in range(5):
        it.run(max_changes=2)
        seen |= {told["study_instance_uid"] for told in it.told()}
        it.clock.time += timedelta(minutes=5)
    assert len(seen) == 5


def test_what_another_release_declared_stops_nothing_else(it: Completing) -> None:
    it.send.instance(Instance(1))
    it.run()
    it.told()
    rows: list[Any] = it.tables.rows[STUDY_CHANGES]
    rows[0]["Data"] = {**rows[0]["Data"], "cause": "a-later-release"}
    it.send.instance(Instance(1, study="1.9"))
    it.store.put("inbox", f"{FACILITY}/waits", b"a")
    it.clock.time += HOUR
    with pytest.raises(ContractError, match="invalid-study-state"):
        it.run()
    told = [each for each in it.told() if each["type"] == "dicom.study.completed.v1"]
    assert [each["study_instance_uid"] for each in told] == ["1.9"]
    assert it.announced()
    assert len(it.rows()) == 2


@pytest.mark.parametrize(("expected", "minutes"), [(None, 5), (5, 95)])
@pytest.mark.parametrize("age", [2 * DAY, 30 * DAY + 12 * HOUR])
def test_a_row_that_came_days_late_opens_a_study_for_no_longer_than_any(
    it: Completing, age: timedelta, expected: int | None, minutes: int
) -> None:
    it.send.instance(Instance(1))
    it.run()
    it.heard()
    it.told()
    it.clock.time += 31 * DAY
    it.send.instance(Instance(2, expected=expected), it.clock.time - age)
    changes = []
    for _ in range(minutes // 5 + 1):
        it.run()
        it.heard()
        changes += [told["type"] for told in it.told()]
        it.clock.time += timedelta(minutes=5)
    assert changes == ["dicom.study.reopened.v1", "dicom.study.completed.v1"]


def test_what_came_just_before_a_study_began_counts(it: Completing) -> None:
    it.send.instance(Instance(1))
    it.run()
    it.heard()
    it.clock.time += 40 * DAY
    it.send.instance(Instance(2), MOMENT - timedelta(minutes=1))  # its row was late
    it.send.instance(Instance(3), it.clock.time - HOUR)
    it.told()
    it.run()
    assert [told["instances"] for told in it.told()] == [3]


def test_a_slow_query_makes_nothing_look_quiet(it: Completing) -> None:
    class Slow(Asked):
        def gathered(self, since: Any, only: Any = ()) -> Any:
            found = list(super().gathered(since, only))
            it.clock.time += timedelta(minutes=2)
            return iter(found)

    it.send.instance(Instance(1), it.clock.time - timedelta(seconds=890))
    it.asked = Slow(MemoryStudies(it.tables))
    assert it.run()["studies_completed"] == 0


def test_studies_of_very_many_series_are_written_down_in_parts(it: Completing) -> None:
    class Many:
        def gathered(self, since: Any, only: Any = ()) -> Any:
            assert since
            assert not only
            series = tuple(
                GatheredSeries(
                    series_instance_uid=f"1.2.826.0.1.3680043.8.498.{10**37 + number}",
                    modality="CT",
                    instances=1,
                    last_arrival=MOMENT,
                )
                for number in range(700)
            )
            for number in range(100):
                yield Gathering(
                    facility=FACILITY,
                    study_instance_uid=f"1.2.{number}",
                    instances=700,
                    first_arrival=MOMENT,
                    last_arrival=MOMENT,
                    series=series,
                )

    it.asked = cast("Any", Many())
    assert it.run()["studies_completed"] == 100
