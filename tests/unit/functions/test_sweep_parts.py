"""A part of a parallel upload is left to its composition, for as long as that may take."""

from datetime import timedelta

import pytest

from functions.sweep.handler import Sweep
from shared.adapters.memory import ManualClock, MemoryObjectStore, MemoryTopic
from shared.contracts.layout import UPLOAD_PART_GRACE
from shared.contracts.upload import Upload

PART = "h/gcloud/tmp/parallel_composite_uploads/see_help/x_0"
STUCK_AFTER, INTERVAL = timedelta(minutes=15), timedelta(minutes=5)


@pytest.mark.parametrize(
    ("age", "expected"),
    [
        (STUCK_AFTER - timedelta(seconds=1), []),
        (STUCK_AFTER + timedelta(minutes=1), ["h/whole"]),
        (UPLOAD_PART_GRACE - timedelta(seconds=1), []),
        (UPLOAD_PART_GRACE + timedelta(minutes=1), [PART]),
    ],
)
def test_a_part_has_a_patience_of_its_own(age: timedelta, expected: list[str]) -> None:
    clock, topic = ManualClock(), MemoryTopic()
    store = MemoryObjectStore(clock.now)
    for name in (PART, "h/whole"):
        store.put("inbox", name, b"a")
    clock.time += age
    Sweep(
        objects=store,
        uploads=topic,
        clock=clock,
        inbox="inbox",
        quarantine="quarantine",
        stuck_after=STUCK_AFTER,
        interval=INTERVAL,
        max_redriven=10,
    )()
    announced = [Upload.from_message(message).version.name for message in topic.messages]
    assert announced == expected
