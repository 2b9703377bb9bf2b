import pytest

from infra.local.pubsub.entries import Window
from infra.local.pubsub.filters import compile_filter
from infra.local.pubsub.policy import Backoff, DeliveryPolicy
from tests.unit.pubsub.builders import Rig, texts


@pytest.fixture
def rig() -> Rig:
    return Rig(DeliveryPolicy())


def test_messages_are_delivered_once_in_order_of_publication(rig: Rig) -> None:
    rig.publish("a", "b", "c")

    assert rig.taken(2) == ["a", "b"]
    assert rig.taken() == ["c"]
    assert rig.taken() == []


def test_an_acknowledged_message_is_freed(rig: Rig) -> None:
    rig.publish("a")

    assert rig.ack(*rig.take()) == [True]
    assert len(rig.backlog) == 0


def test_a_lease_is_acknowledged_once(rig: Rig) -> None:
    rig.publish("a")
    deliveries = rig.take()

    assert rig.ack(*deliveries, *deliveries) == [True, False]


def test_a_nacked_message_comes_again_at_once_behind_the_others(rig: Rig) -> None:
    rig.publish("a", "b")
    rig.nack(*rig.take(1))

    assert rig.taken() == ["b", "a"]


def test_an_unacknowledged_message_comes_again_after_its_deadline(rig: Rig) -> None:
    rig.publish("a")
    first = rig.take()

    rig.wait(9.9)
    assert rig.taken() == []
    rig.wait(0.2)
    second = rig.take()
    assert texts(second) == ["a"]
    assert rig.ack(*first) == [False]
    assert rig.ack(*second) == [True]


def test_an_extended_deadline_holds_a_message_longer(rig: Rig) -> None:
    rig.publish("a")
    (delivery,) = rig.take()

    assert rig.backlog.extend(delivery.lease, 60, rig.clock.now)
    rig.wait(59)
    assert rig.taken() == []
    rig.wait(1)
    assert rig.taken() == ["a"]


def test_a_deadline_can_be_moved_closer(rig: Rig) -> None:
    rig.publish("a")
    (delivery,) = rig.take()

    rig.backlog.extend(delivery.lease, 1, rig.clock.now)
    rig.wait(1)

    assert rig.taken() == ["a"]


def test_an_expired_lease_cannot_be_extended(rig: Rig) -> None:
    rig.publish("a")
    (delivery,) = rig.take()
    rig.wait(10)

    assert not rig.backlog.extend(delivery.lease, 60, rig.clock.now)


def test_attempts_count_nacks_and_expired_deadlines(rig: Rig) -> None:
    rig.publish("a")
    attempts = []
    for step in (rig.nack, lambda _: rig.wait(10), rig.nack):
        (delivery,) = rig.take()
        attempts.append(delivery.attempt)
        step(delivery)

    assert [*attempts, rig.take()[0].attempt] == [1, 2, 3, 4]


def test_backoff_doubles_up_to_its_maximum() -> None:
    rig = Rig(DeliveryPolicy(backoff=Backoff(10, 60)))
    rig.publish("a")
    for delay in (10, 20, 40, 60, 60):
        rig.nack(*rig.take())
        rig.wait(delay - 0.1)
        assert rig.taken() == []
        rig.wait(0.1)

    assert rig.taken() == ["a"]


def test_a_message_in_backoff_does_not_hold_up_others() -> None:
    rig = Rig(DeliveryPolicy(backoff=Backoff(10, 60)))
    rig.publish("a", "b")
    rig.nack(*rig.take(1))

    assert rig.taken() == ["b"]


def test_the_last_attempt_ends_as_a_dead_letter() -> None:
    rig = Rig(DeliveryPolicy(max_attempts=5))
    rig.publish("a")
    for _ in range(5):
        rig.nack(*rig.take())

    assert rig.taken() == []
    assert rig.dead == [("a", 5)]
    assert len(rig.backlog) == 0


def test_expired_deadlines_lead_to_the_dead_letters_too() -> None:
    rig = Rig(DeliveryPolicy(max_attempts=5))
    rig.publish("a")
    for _ in range(5):
        rig.take()
        rig.wait(10)

    assert rig.dead == [("a", 5)]


def test_without_a_place_for_dead_letters_delivery_goes_on() -> None:
    rig = Rig(DeliveryPolicy(max_attempts=5), accepts_dead=False)
    rig.publish("a")
    for _ in range(7):
        rig.nack(*rig.take())

    assert rig.taken() == ["a"]


def test_a_filter_drops_what_does_not_match() -> None:
    rig = Rig(DeliveryPolicy(accepts=compile_filter("attributes:wanted")))
    rig.publish("no")
    rig.publish("yes", wanted="1")

    assert rig.taken() == ["yes"]
    assert len(rig.backlog) == 1


@pytest.mark.parametrize("retains", [True, False])
def test_messages_go_after_the_retention_whatever_their_state(*, retains: bool) -> None:
    rig = Rig(DeliveryPolicy(retention_s=600, retains_acked=retains))
    rig.publish("acked", "leased", "ready")
    rig.ack(*rig.take(1))
    rig.wait(595)
    rig.take(1)
    rig.publish("young")
    rig.wait(6)

    assert rig.unacked() == ["young"]
    assert len(rig.backlog) == 1
    rig.wait(600)
    assert len(rig.backlog) == 0


def test_acknowledged_messages_are_retained_only_when_asked_for() -> None:
    rig = Rig(DeliveryPolicy(retains_acked=True))
    rig.publish("a")
    rig.ack(*rig.take())

    assert len(rig.backlog) == 1
    assert rig.unacked() == []
    rig.backlog.set_policy(DeliveryPolicy(), rig.clock.now)
    assert len(rig.backlog) == 0


def test_a_window_limits_the_messages_of_one_consumer(rig: Rig) -> None:
    room: list[str] = []
    window = Window(max_messages=2, on_room=lambda: room.append("room"))
    rig.publish("a", "b", "c")

    first = rig.backlog.take(rig.clock.now, 10, window=window)
    assert texts(first) == ["a", "b"]
    assert rig.backlog.take(rig.clock.now, 10, window=window) == []
    rig.ack(first[0])
    assert room == ["room"]
    assert texts(rig.backlog.take(rig.clock.now, 10, window=window)) == ["c"]


def test_a_window_limits_bytes_but_lets_one_large_message_through(rig: Rig) -> None:
    window = Window(max_bytes=10)
    rig.publish("x" * 100, "y")

    assert len(rig.backlog.take(rig.clock.now, 10, window=window)) == 1


def test_an_expired_lease_gives_its_room_back(rig: Rig) -> None:
    window = Window(max_messages=1)
    rig.publish("a")
    rig.backlog.take(rig.clock.now, 10, window=window)
    rig.wait(10)

    assert window.has_room()


def test_a_batch_stops_before_its_bytes(rig: Rig) -> None:
    (message, *_) = rig.publish(*["x" * 100] * 10)

    assert len(rig.backlog.take(rig.clock.now, 10, max_bytes=2 * message.size)) == 2


def test_a_batch_holds_one_message_however_large(rig: Rig) -> None:
    rig.publish("x" * 100, "y")

    assert len(rig.backlog.take(rig.clock.now, 10, max_bytes=1)) == 1


def test_seeking_forward_acknowledges_and_drops_leases(rig: Rig) -> None:
    rig.publish("leased", "ready")
    (delivery,) = rig.take(1)

    rig.backlog.seek([], lambda _: True, rig.clock.now)

    assert rig.taken() == []
    assert rig.ack(delivery) == [False]
    assert len(rig.backlog) == 0


def test_seeking_back_delivers_what_was_acknowledged_again() -> None:
    rig = Rig(DeliveryPolicy(retains_acked=True))
    rig.publish("a", "b")
    rig.ack(*rig.take(1))

    rig.backlog.seek([], lambda _: False, rig.clock.now)

    assert rig.taken() == ["a", "b"]


def test_seeking_keeps_the_lease_of_what_stays_unacknowledged(rig: Rig) -> None:
    rig.publish("leased", "ready")
    (delivery,) = rig.take(1)

    rig.backlog.seek([], lambda _: False, rig.clock.now)

    assert rig.taken() == ["ready"]
    assert rig.ack(delivery) == [True]


def test_seeking_ends_a_backoff() -> None:
    rig = Rig(DeliveryPolicy(backoff=Backoff(10, 60)))
    rig.publish("a")
    rig.nack(*rig.take())

    rig.backlog.seek([], lambda _: False, rig.clock.now)

    assert rig.taken() == ["a"]


def test_a_backoff_from_before_a_seek_does_not_shorten_a_later_one() -> None:
    rig = Rig(DeliveryPolicy(backoff=Backoff(10, 60)))
    rig.publish("a")
    rig.nack(*rig.take())
    rig.backlog.seek([], lambda _: False, rig.clock.now)
    rig.nack(*rig.take())

    rig.wait(10)
    assert rig.taken() == []
    rig.wait(10)
    assert rig.taken() == ["a"]


def test_clearing_drops_messages_and_leases(rig: Rig) -> None:
    rig.publish("leased", "ready")
    (delivery,) = rig.take(1)

    rig.backlog.clear()

    assert rig.taken() == []
    assert rig.ack(delivery) == [False]


def test_a_shorter_retention_takes_effect_at_once(rig: Rig) -> None:
    rig.publish("old")
    rig.clock.advance(1000)
    rig.publish("young")

    rig.backlog.set_policy(DeliveryPolicy(retention_s=600), rig.clock.now)

    assert rig.unacked() == ["young"]


def test_timers_of_finished_leases_do_not_pile_up(rig: Rig) -> None:
    for _ in range(10_000):
        rig.publish("a")
        rig.ack(*rig.take())

    assert len(rig.backlog._timers) < 5000


def test_an_idle_backlog_asks_only_for_its_retention(rig: Rig) -> None:
    assert rig.backlog.next_due() is None
    rig.publish("a")

    assert rig.backlog.next_due() == rig.clock.now + 604_800
