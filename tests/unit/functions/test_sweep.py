from datetime import timedelta

from functions.sweep.handler import Sweep
from shared.adapters.memory import ManualClock, MemoryObjectStore, MemoryTopic
from shared.contracts.layout import STAGING
from shared.contracts.objects import ObjectVersion
from shared.contracts.provenance import Provenance
from shared.contracts.upload import Upload
from shared.ports import Done

INTERVAL = timedelta(minutes=5)


def _sweep(store: MemoryObjectStore, clock: ManualClock, limit: int = 10) -> tuple[Done, list[str]]:
    topic = MemoryTopic()
    done = Sweep(
        objects=store,
        uploads=topic,
        clock=clock,
        inbox="inbox",
        quarantine="quarantine",
        stuck_after=timedelta(minutes=15),
        interval=INTERVAL,
        max_redriven=limit,
    )()
    return done, [Upload.from_message(message).version.name for message in topic.messages]


def test_what_is_young_is_left_to_its_delivery() -> None:
    clock = ManualClock()
    store = MemoryObjectStore(clock.now)
    store.put("inbox", "h/a", b"a")
    done, redriven = _sweep(store, clock)
    assert (redriven, done.fields["redriven"]) == ([], 0)


def test_what_is_stuck_is_announced_again_under_its_generation() -> None:
    clock = ManualClock()
    store = MemoryObjectStore(clock.now)
    stored = store.put("inbox", "h/a", b"a")
    clock.time += timedelta(minutes=16)
    store.put("inbox", "h/young", b"a")
    topic = MemoryTopic()
    Sweep(
        objects=store,
        uploads=topic,
        clock=clock,
        inbox="inbox",
        quarantine="quarantine",
        stuck_after=timedelta(minutes=15),
        interval=INTERVAL,
        max_redriven=10,
    )()
    assert [Upload.from_message(message).version for message in topic.messages] == [stored.version]


def test_one_run_has_a_limit_and_says_so() -> None:
    clock = ManualClock()
    store = MemoryObjectStore(clock.now)
    for number in range(5):
        store.put("inbox", f"h/{number}", b"a")
    clock.time += timedelta(hours=1)
    done, redriven = _sweep(store, clock, limit=3)
    assert len(redriven) == 3
    assert done.fields["limit_reached"] is True


def test_a_member_that_waits_too_long_is_announced_as_ingest_would() -> None:
    clock = ManualClock()
    store = MemoryObjectStore(clock.now)
    container = ObjectVersion(bucket="inbox", name="h/disc.zip", generation=5)
    member = Provenance(root=container, path="a/b", landed=clock.time, sent_bytes=9)
    staged = store.write("quarantine", f"{STAGING}h/x", [b"a"], member.to_labels())
    store.write("quarantine", "not-dicom/h/x#1", [b"a"])
    assert staged is not None
    assert _sweep(store, clock)[1] == []
    clock.time += timedelta(minutes=16)
    done, redriven = _sweep(store, clock)
    assert (redriven, done.fields["redriven"]) == ([staged.version.name], 1)
    again = Upload.from_message(Upload.of_kept(staged).to_message())
    assert again == Upload.of_kept(staged)
    assert again.root_event_id == Upload(version=container).event_id


def test_a_backlog_is_announced_at_doubling_ages_and_not_at_every_run() -> None:
    clock = ManualClock()
    store = MemoryObjectStore(clock.now)
    store.put("inbox", "h/a", b"a")
    announced = []
    for run in range(1, 12 * 24 + 1):
        clock.time += INTERVAL
        _, redriven = _sweep(store, clock)
        announced += [run * INTERVAL] * len(redriven)
    minutes = [age // timedelta(minutes=1) for age in announced]
    assert minutes == [15, 20, 30, 35, 60, 65, 120, 125, 240, 245, 480, 485, 960, 965]


def test_a_run_that_comes_late_misses_nothing() -> None:
    clock = ManualClock()
    store = MemoryObjectStore(clock.now)
    store.put("inbox", "h/a", b"a")
    clock.time += timedelta(minutes=23)
    assert _sweep(store, clock)[1] == ["h/a"]
