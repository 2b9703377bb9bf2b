"""What waits in the inbox or the staging area for too long is announced again."""

import logging
from dataclasses import replace
from datetime import timedelta

import pytest

from shared.contracts.layout import STAGING, UPLOAD_PART_GRACE
from shared.contracts.objects import ObjectVersion
from shared.contracts.provenance import Provenance
from shared.contracts.upload import Upload
from tests.sweeping import INTERVAL, LIMITS, Swept

PART = "h/gcloud/tmp/parallel_composite_uploads/see_help/x_0"
MINUTE = timedelta(minutes=1)


@pytest.fixture
def swept() -> Swept:
    return Swept()


def _names(swept: Swept) -> list[str]:
    swept.sweep()()
    return [upload.version.name for upload in swept.announced()]


def test_what_is_young_is_left_to_its_delivery(swept: Swept) -> None:
    swept.store.put("inbox", "h/a", b"a")
    assert _names(swept) == []


def test_what_is_stuck_is_announced_again_under_its_generation(swept: Swept) -> None:
    stored = swept.store.put("inbox", "h/a", b"a")
    swept.clock.time += 16 * MINUTE
    swept.store.put("inbox", "h/young", b"a")
    done = swept.sweep()()
    (again,) = swept.announced()
    assert (again.version, again.landed_at) == (stored.version, stored.created)
    assert (done.level, done.fields["stuck"]) == (logging.WARNING, 1)


def test_one_run_has_a_limit_and_says_so(swept: Swept) -> None:
    for number in range(5):
        swept.store.put("inbox", f"h/{number}", b"a")
    swept.clock.time += timedelta(hours=1)
    done = swept.sweep(replace(LIMITS, max_announced=3))()
    assert len(swept.announced()) == 3
    assert (done.fields["stuck"], done.fields["cut_short"]) == (3, True)


def test_what_a_run_had_to_leave_is_announced_by_the_next_ones(swept: Swept) -> None:
    names = [f"z/{number}" for number in range(5)]  # behind all that is staged
    for name in names:
        swept.store.put("inbox", name, b"a")
    container = ObjectVersion(bucket="inbox", name="h/disc.zip", generation=5)
    for number in range(4):
        member = Provenance(root=container, path=str(number), landed=swept.clock.time, sent_bytes=9)
        name = f"{STAGING}h/{number}"
        assert swept.store.write("quarantine", name, [b"a"], member.to_labels())
        names.append(name)
    swept.clock.time += 15 * MINUTE
    announced, cut_short = [], []
    for _ in range(5):
        done = swept.sweep(replace(LIMITS, max_announced=2))()
        announced.append([upload.version.name for upload in swept.announced()])
        cut_short.append(done.fields["cut_short"])
        swept.clock.time += 10 * INTERVAL  # past the moment at which any of them is due
    assert announced == [names[0:2], names[2:4], names[4:6], names[6:8], names[8:9]]
    assert cut_short == [True] * 4 + [False]
    assert [row["RedrivenTo"] for row in swept.rows()][-1] == ""


def test_a_run_without_any_time_leaves_the_place_where_it_was(swept: Swept) -> None:
    for number in range(3):
        swept.store.put("inbox", f"h/{number}", b"a")
    swept.clock.time += 15 * MINUTE
    for limits in (replace(LIMITS, max_announced=1), replace(LIMITS, budget=timedelta(0))):
        swept.sweep(limits)()
        swept.clock.time += INTERVAL
    assert [row["RedrivenTo"] for row in swept.rows()] == ["gs://inbox/h/0"] * 2


def test_a_member_that_waits_too_long_is_announced_as_ingest_would(swept: Swept) -> None:
    container = ObjectVersion(bucket="inbox", name="h/disc.zip", generation=5)
    member = Provenance(root=container, path="a/b", landed=swept.clock.time, sent_bytes=9)
    staged = swept.store.write("quarantine", f"{STAGING}h/x", [b"a"], member.to_labels())
    swept.store.write("quarantine", "not-dicom/h/x#1", [b"a"])
    assert staged is not None
    assert _names(swept) == []
    swept.clock.time += 16 * MINUTE
    swept.sweep()()
    (again,) = swept.announced()
    assert again == Upload.of_kept(staged)
    assert again.root_event_id == Upload(version=container).event_id


def test_a_member_that_does_not_say_what_it_is_stops_no_other(swept: Swept) -> None:
    stray = swept.store.write("quarantine", f"{STAGING}h/stray", [b"a"])
    swept.store.put("inbox", "h/a", b"a")
    swept.clock.time += 16 * MINUTE
    done = swept.sweep()()
    assert stray is not None
    assert [upload.version.name for upload in swept.announced()] == ["h/a"]
    assert (done.level, done.fields["unlabelled"]) == (logging.ERROR, 1)
    told = {"Kind": "unlabelled", "ObjectUri": stray.uri, "Action": "reported"}
    assert told | {"Generation": stray.version.generation} in swept.rows()[0]["Findings"]


def test_a_backlog_is_announced_at_doubling_ages_and_not_at_every_run(swept: Swept) -> None:
    swept.store.put("inbox", "h/a", b"a")
    announced = []
    for run in range(1, 12 * 24 + 1):
        swept.clock.time += INTERVAL
        announced += [run * INTERVAL] * len(_names(swept))
    minutes = [age // MINUTE for age in announced]
    assert minutes == [15, 20, 30, 35, 60, 65, 120, 125, 240, 245, 480, 485, 960, 965]


def test_a_run_that_comes_late_misses_nothing(swept: Swept) -> None:
    swept.store.put("inbox", "h/a", b"a")
    swept.clock.time += 23 * MINUTE
    assert _names(swept) == ["h/a"]


@pytest.mark.parametrize(
    ("age", "expected"),
    [
        (LIMITS.stuck_after - timedelta(seconds=1), []),
        (LIMITS.stuck_after + MINUTE, ["h/whole"]),
        (UPLOAD_PART_GRACE - timedelta(seconds=1), []),
        (UPLOAD_PART_GRACE + MINUTE, [PART]),
    ],
)
def test_a_part_is_left_to_its_composition(
    swept: Swept, age: timedelta, expected: list[str]
) -> None:
    for name in (PART, "h/whole"):
        swept.store.put("inbox", name, b"a")
    swept.clock.time += age
    assert _names(swept) == expected


def test_what_is_found_is_written_down(swept: Swept) -> None:
    stored = swept.store.put("inbox", "h/a", b"a")
    swept.dead_letter("index")
    swept.clock.time += 16 * MINUTE
    done = swept.sweep()()
    (row,) = swept.rows()
    assert (row["Redriven"], row["DeadLetters"], row["FindingsOmitted"]) == (1, 1, 0)
    assert row["Findings"] == [
        {
            "Kind": "stuck",
            "ObjectUri": "gs://inbox/h/a",
            "Generation": stored.version.generation,
            "Action": "announced",
        }
    ]
    assert (row["RunAt"], done.fields["dead_letters"]) == (swept.clock.time, 1)


def test_findings_that_have_no_room_are_counted(swept: Swept) -> None:
    for number in range(5):
        swept.store.put("inbox", f"h/{number}", b"a")
    swept.clock.time += 16 * MINUTE
    swept.sweep(replace(LIMITS, max_findings=2))()
    (row,) = swept.rows()
    assert (row["Redriven"], len(row["Findings"]), row["FindingsOmitted"]) == (5, 2, 3)


def test_dead_letters_are_counted_and_go_on_waiting(swept: Swept) -> None:
    for _ in range(25):
        swept.dead_letter("index")
    for _ in range(2):
        done = swept.sweep()()
        assert (done.level, done.fields["dead_letters"]) == (logging.WARNING, 25)
    assert (len(swept.dead_letters.waiting), swept.dead_letters.lent) == (25, [])
    assert swept.sweep(replace(LIMITS, max_dead_letters=15))().fields["dead_letters"] == 15


def test_where_all_is_well_nothing_is_said(swept: Swept) -> None:
    done = swept.sweep()()
    assert done.level == logging.INFO
    assert set(done.fields.values()) == {0}
