import json
import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from functions.notify.handler import AT_ONCE, Addressed, Announce, Tell, reader_of
from shared.adapters.memory import ManualClock, MemoryReceiver, MemoryTables, MemoryTopic
from shared.contracts.event import TYPES, PublicEvent
from shared.contracts.facilities import Facilities
from shared.contracts.outcome import OutcomeKind
from shared.contracts.targets import Failure, Targets
from shared.contracts.uid_mask import UidMask
from shared.errors import ContractError, TransientError
from shared.ports import Reply
from tests.events import event_of
from tests.outcomes import an_outcome

FACILITIES = Facilities.from_data({"demo-hospital": {}, "demo-clinic": {"event_uids": "pseudonym"}})
TARGETS = Targets.from_data(
    {
        "all": {"url": "https://receiver.example.org"},
        "other": {"url": "https://other.example.org"},
        "clinic": {"url": "https://clinic.example.org", "facilities": ["demo-clinic"]},
        "off": {"url": "https://off.example.org", "enabled": False},
    },
    FACILITIES,
)
EVENT = event_of(an_outcome())
AGE = timedelta(days=3)
BUSY = Reply(status=503, reason=Failure.BUSY)


@dataclass
class Rig:
    """Notify, with a receiver for each target and a clock that stands still."""

    clock: ManualClock = field(default_factory=ManualClock)
    tables: MemoryTables = field(default_factory=MemoryTables)

    def __post_init__(self) -> None:
        self.receivers = {target.name: MemoryReceiver() for target in TARGETS}
        self.tell = Tell.of(
            TARGETS,
            lambda target: self.receivers[target.name],
            self.tables,
            self.clock,
            AGE,
        )

    def send(self, target: str, age: timedelta = timedelta(0), event: PublicEvent = EVENT) -> str:
        published_at = self.clock.now() - age
        done = self.tell(Addressed(target=target, event=event, published_at=published_at))
        return done.message

    def rows(self) -> list[tuple[object, object, object, object]]:
        rows = self.tables.rows.get("imaging.deliveries", [])
        return [(row["Target"], row["Result"], row["Status"], row["Reason"]) for row in rows]


def _fail(rig: Rig, target: str = "all", times: int = 1, age: timedelta = timedelta(0)) -> set[str]:
    reasons = set()
    for _ in range(times):
        with pytest.raises(TransientError) as caught:
            rig.send(target, age)
        reasons.add(caught.value.reason)
    return reasons


@pytest.mark.parametrize("kind", OutcomeKind)
def test_an_outcome_is_published(kind: OutcomeKind) -> None:
    events = MemoryTopic()
    Announce(events, UidMask())(an_outcome(kind))
    (message,) = events.messages
    assert message.attributes["ce-type"] == TYPES[kind]


def test_an_outcome_is_published_as_its_facility_wants_it() -> None:
    events = MemoryTopic()
    mask = UidMask.of(FACILITIES, b"a made-up secret of some length, and a little longer")
    Announce(events, mask)(an_outcome(facility="demo-clinic"))
    (message,) = events.messages
    assert b"1.2.3.4.5" not in message.data
    assert b"2.25." in message.data


def test_an_event_reaches_its_target_and_a_row_says_so() -> None:
    rig = Rig()
    assert rig.send("all") == "target told"
    assert rig.receivers["all"].received == [EVENT]
    (row,) = rig.tables.rows["imaging.deliveries"]
    assert row == {
        "EventId": EVENT.event_id,
        "Target": "all",
        "TargetKind": "webhook",
        "Type": "dicom.instance.archived.v1",
        "Result": "delivered",
        "Status": None,
        "Reason": None,
        "PublishedAt": rig.clock.now(),
        "AttemptedAt": rig.clock.now(),
        "DurationMs": 0,
        "PipelineVersion": "0.1.0",
    }


@pytest.mark.parametrize(
    ("target", "said"), [("clinic", "not for the target"), ("off", "the target is disabled")]
)
def test_who_does_not_want_an_event_is_not_told(target: str, said: str) -> None:
    rig = Rig()
    assert rig.send(target) == said
    assert rig.receivers[target].received == []
    assert rig.rows() == []


def test_an_unknown_target_is_waited_for() -> None:
    rig = Rig()
    assert _fail(rig, "new") == {"target-unknown"}
    assert rig.rows() == []


def test_a_row_is_written_for_each_attempt_before_the_answer() -> None:
    rig = Rig()
    rig.receivers["all"].reply = BUSY
    assert _fail(rig) == {"receiver-busy"}
    rig.receivers["all"].reply = Reply(status=200)
    rig.send("all")
    assert rig.rows() == [
        ("all", "failed", 503, "receiver-busy"),
        ("all", "delivered", 200, None),
    ]


def test_a_table_that_does_not_answer_has_the_event_sent_again() -> None:
    class _Down:
        def append(self, *_: object) -> None:
            raise TransientError("bigquery-unavailable")

    rig = Rig()
    tell = replace(rig.tell, deliveries=_Down())
    with pytest.raises(TransientError, match="bigquery-unavailable"):
        tell(Addressed(target="all", event=EVENT, published_at=None))
    rig.send("all")
    assert rig.receivers["all"].received == [EVENT, EVENT], "under one id, once in effect"


def test_a_receiver_that_is_down_is_left_alone_and_delays_nobody() -> None:
    rig = Rig()
    rig.receivers["all"].reply = Reply(reason=Failure.UNREACHABLE)
    assert _fail(rig, times=5) == {"receiver-unreachable"}
    assert _fail(rig, times=20) == {"receiver-down"}
    assert len(rig.rows()) == 5, "what is not attempted has no row"
    assert rig.send("other") == "target told"
    rig.clock.time += timedelta(seconds=10)
    rig.receivers["all"].reply = Reply(status=204)
    assert rig.send("all") == "target told"
    assert rig.send("all") == "target told"


def test_a_receiver_that_is_slow_leaves_room_for_the_others() -> None:
    """One that takes its time and answers well closes its circuit, and may have all threads."""

    class _Slow(MemoryReceiver):
        def send(self, event: PublicEvent) -> Reply:
            waiting.release()
            assert answered.wait(60)
            return super().send(event)

    waiting, answered = threading.Semaphore(0), threading.Event()
    rig = Rig()
    slow = _Slow()
    rig.receivers["all"] = slow
    rig.tell = Tell.of(TARGETS, lambda each: rig.receivers[each.name], rig.tables, rig.clock, AGE)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        under_way = [pool.submit(rig.send, "all") for _ in range(AT_ONCE)]
        for _ in under_way:
            assert waiting.acquire(timeout=60)
        assert _fail(rig, times=3) == {"receiver-slow"}
        assert rig.send("other") == "target told"
        answered.set()
        assert {each.result() for each in under_way} == {"target told"}
    slow.reply = BUSY
    assert _fail(rig, times=AT_ONCE) == {"receiver-busy", "receiver-down"}
    assert _fail(rig) == {"receiver-down"}, "neither a failure nor a refusal keeps its place"


def test_who_asks_for_time_gets_it() -> None:
    rig = Rig()
    rig.receivers["all"].reply = Reply(status=429, reason=Failure.BUSY, wait_s=120)
    assert _fail(rig) == {"receiver-busy"}
    rig.clock.time += timedelta(seconds=119)
    assert _fail(rig) == {"receiver-down"}
    rig.clock.time += timedelta(seconds=1)
    assert _fail(rig) == {"receiver-busy"}


def test_what_is_refused_for_good_is_not_tried_again() -> None:
    rig = Rig()
    rig.receivers["all"].reply = Reply(status=410, reason=Failure.GONE, final=True)
    done = rig.tell(Addressed(target="all", event=EVENT, published_at=rig.clock.now()))
    assert (done.level, done.fields["reason"]) == (logging.ERROR, "receiver-gone")
    assert rig.rows() == [("all", "refused", 410, "receiver-gone")]


def test_what_is_too_old_is_tried_once_more_and_given_up() -> None:
    rig = Rig()
    rig.receivers["all"].reply = BUSY
    assert _fail(rig, age=AGE) == {"receiver-busy"}
    done = rig.send("all", age=AGE + timedelta(seconds=1))
    assert done == "the target is not told: the event is too old"
    assert rig.rows()[-1] == ("all", "given-up", 503, "receiver-busy")
    rig.receivers["all"].reply = Reply(status=200)
    assert rig.send("all", age=10 * AGE) == "target told", "as a replay wants it"


def test_a_replay_that_is_too_fast_loses_nothing() -> None:
    rig = Rig()
    rig.receivers["all"].reply = Reply(status=429, reason=Failure.BUSY, wait_s=1)
    assert _fail(rig, age=2 * AGE) == {"receiver-busy"}
    assert _fail(rig, age=2 * AGE) == {"receiver-down"}


def test_no_row_has_more_than_is_said_of_it() -> None:
    rig = Rig()
    event = event_of(an_outcome(OutcomeKind.QUARANTINED))
    rig.send("all", event=event)
    assert "1.2.3" not in json.dumps(rig.tables.rows, default=str)


@pytest.mark.parametrize(
    ("path", "target"),
    [("/targets/all", "all"), ("/", None), ("/targets/", None), ("/else/all", None)],
)
def test_a_path_says_whose_subscription_it_is(path: str, target: str | None) -> None:
    read = reader_of(path)
    addressed = read(EVENT.to_message()) if read else None
    assert (addressed.target if addressed else None) == target
    if addressed:
        assert addressed.event == EVENT
        assert addressed.root_event_id == EVENT.root_event_id


def test_what_is_no_event_can_never_be_told() -> None:
    read = reader_of("/targets/all")
    assert read
    with pytest.raises(ContractError):
        read(an_outcome().to_message())
