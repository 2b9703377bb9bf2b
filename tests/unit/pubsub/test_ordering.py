import pytest

from infra.local.pubsub.policy import Backoff, DeliveryPolicy
from tests.unit.pubsub.builders import Rig, texts


@pytest.fixture
def rig() -> Rig:
    return Rig(DeliveryPolicy(ordered=True))


def test_a_key_is_delivered_in_order(rig: Rig) -> None:
    rig.publish("a1", "a2", "a3", key="a")

    assert rig.taken() == ["a1", "a2", "a3"]


def test_a_nack_brings_back_every_later_message_of_the_key(rig: Rig) -> None:
    rig.publish("a1", "a2", "a3", key="a")
    first, second, third = rig.take()
    rig.ack(first, third)

    rig.nack(second)

    assert rig.taken() == ["a2", "a3"]


def test_later_leases_of_the_key_end_with_the_nack(rig: Rig) -> None:
    rig.publish("a1", "a2", key="a")
    first, second = rig.take()

    rig.nack(first)

    assert rig.ack(second) == [False]
    assert rig.taken() == ["a1", "a2"]


def test_an_expired_deadline_brings_them_back_as_well(rig: Rig) -> None:
    rig.publish("a1", "a2", key="a")
    first, second = rig.take()
    rig.backlog.extend(second.lease, 60, rig.clock.now)

    rig.wait(10)

    assert rig.taken() == ["a1", "a2"]
    assert rig.ack(first, second) == [False, False]


def test_only_the_rejected_message_counts_as_failed(rig: Rig) -> None:
    rig.publish("a1", "a2", key="a")
    rig.nack(rig.take()[0])

    assert [delivery.attempt for delivery in rig.take()] == [2, 1]


def test_other_keys_and_messages_without_one_go_on() -> None:
    rig = Rig(DeliveryPolicy(ordered=True, backoff=Backoff(10, 60)))
    rig.publish("a1", "a2", key="a")
    rig.nack(rig.take()[0])
    rig.publish("b1", key="b")
    rig.publish("none")

    assert rig.taken() == ["b1", "none"]


def test_backoff_holds_the_whole_key() -> None:
    rig = Rig(DeliveryPolicy(ordered=True, backoff=Backoff(10, 60)))
    rig.publish("a1", "a2", key="a")
    rig.nack(rig.take()[0])
    rig.publish("a3", key="a")

    rig.wait(9)
    assert rig.taken() == []
    rig.wait(1)
    assert rig.taken() == ["a1", "a2", "a3"]


def test_a_pushed_key_has_one_message_outstanding() -> None:
    rig = Rig(DeliveryPolicy(ordered=True, one_per_key=True))
    rig.publish("a1", "a2", key="a")
    rig.publish("b1", key="b")

    first = rig.take()
    assert texts(first) == ["a1", "b1"]
    assert rig.taken() == []
    rig.ack(first[0])
    assert rig.taken() == ["a2"]


def test_a_dead_letter_lets_the_key_go_on() -> None:
    rig = Rig(DeliveryPolicy(ordered=True, one_per_key=True, max_attempts=5))
    rig.publish("a1", "a2", key="a")
    for _ in range(5):
        rig.nack(*rig.take())

    assert rig.dead == [("a1", 5)]
    assert rig.taken() == ["a2"]


def test_keys_are_ignored_without_ordering() -> None:
    rig = Rig(DeliveryPolicy())
    rig.publish("a1", "a2", key="a")
    rig.nack(rig.take(1)[0])

    assert rig.taken() == ["a2", "a1"]


def test_finished_keys_are_forgotten(rig: Rig) -> None:
    for number in range(100):
        rig.publish("x", key=f"k{number}")
    rig.ack(*rig.take())

    assert rig.backlog._keys == {}
    assert len(rig.backlog) == 0


def test_an_acknowledged_message_waits_for_the_earlier_ones_of_its_key(rig: Rig) -> None:
    rig.publish("a1", "a2", key="a")
    first, second = rig.take()

    rig.ack(second)
    assert len(rig.backlog) == 2
    rig.ack(first)
    assert len(rig.backlog) == 0


def test_retention_frees_the_key_from_its_head(rig: Rig) -> None:
    rig = Rig(DeliveryPolicy(ordered=True, one_per_key=True, retention_s=600, ack_deadline_s=600))
    rig.publish("a1", key="a")
    rig.clock.advance(300)
    rig.publish("a2", key="a")
    rig.take()
    rig.wait(300)

    assert rig.taken() == ["a2"]


def test_seeking_restores_the_order(rig: Rig) -> None:
    rig = Rig(DeliveryPolicy(ordered=True, retains_acked=True))
    rig.publish("a1", "a2", "a3", key="a")
    first, second, _ = rig.take()
    rig.ack(first, second)

    rig.backlog.seek([], lambda _: False, rig.clock.now)

    assert rig.taken() == ["a1", "a2", "a3"]


def test_a_backoff_from_before_a_seek_changes_nothing_after_it() -> None:
    rig = Rig(DeliveryPolicy(ordered=True, backoff=Backoff(10, 60)))
    rig.publish("a1", "a2", key="a")
    rig.nack(rig.take()[0])
    rig.backlog.seek([], lambda _: False, rig.clock.now)
    assert rig.taken() == ["a1", "a2"]

    rig.backlog.advance(rig.clock.advance(9.9))
    assert rig.taken() == []


def test_a_backoff_from_before_a_seek_does_not_lose_the_key() -> None:
    rig = Rig(DeliveryPolicy(ordered=True, backoff=Backoff(1, 30)))
    rig.publish("a1", key="a")
    rig.nack(*rig.take())
    rig.backlog.seek([], lambda _: False, rig.clock.now)
    (again,) = rig.take()
    rig.wait(5)
    rig.publish("a2", key="a")

    assert rig.nack(again) == [True]
    rig.wait(30)
    assert rig.taken() == ["a1", "a2"]


def test_a_key_whose_messages_expired_is_forgotten() -> None:
    rig = Rig(DeliveryPolicy(ordered=True, retention_s=600))
    rig.publish("a1", key="a")
    rig.wait(600)

    assert rig.backlog._keys == {}
    rig.publish("a2", key="a")
    assert rig.taken() == ["a2"]
