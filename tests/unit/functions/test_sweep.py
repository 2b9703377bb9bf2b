from datetime import timedelta

from functions.sweep.handler import Sweep
from shared.adapters.memory import ManualClock, MemoryObjectStore, MemoryTopic
from shared.contracts.upload import Upload
from shared.ports import Done


def _sweep(store: MemoryObjectStore, clock: ManualClock, limit: int = 10) -> tuple[Done, list[str]]:
    topic = MemoryTopic()
    done = Sweep(
        objects=store,
        uploads=topic,
        clock=clock,
        inbox="inbox",
        stuck_after=timedelta(minutes=15),
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
        stuck_after=timedelta(minutes=15),
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
