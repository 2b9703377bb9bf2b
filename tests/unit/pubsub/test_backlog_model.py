"""The backlog against a model of what a subscriber may observe, under random histories."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from infra.local.pubsub.entries import Delivery, Window
from infra.local.pubsub.policy import Backoff, DeliveryPolicy
from tests.unit.pubsub.builders import Rig, text

KEYS = st.sampled_from(["", "a", "b"])


class _Subscriber(RuleBasedStateMachine):
    """A subscriber that acknowledges, rejects, forgets and seeks as it likes."""

    policy = DeliveryPolicy()

    def __init__(self) -> None:
        super().__init__()
        self.rig = Rig(self.policy)
        self.window = Window(max_messages=5)
        self.held: list[Delivery] = []
        self.published: dict[str, float] = {}
        self.acknowledged: set[str] = set()

    @rule(key=KEYS, count=st.integers(1, 3))
    def publish(self, key: str, count: int) -> None:
        for _ in range(count):
            (message,) = self.rig.publish(f"m{self.rig.count}", key=key)
            self.published[text(message)] = message.published_at

    @rule(limit=st.integers(1, 4))
    def take(self, limit: int) -> None:
        deliveries = self.rig.backlog.take(self.rig.clock.now, limit, window=self.window)
        assert len(deliveries) <= limit
        self.held.extend(deliveries)

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def acknowledge(self, data: st.DataObject) -> None:
        delivery = self._pick(data)
        if self.rig.ack(delivery) == [True]:
            self.acknowledged.add(text(delivery.message))

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def reject(self, data: st.DataObject) -> None:
        self.rig.nack(self._pick(data))

    @rule(seconds=st.sampled_from([0.5, 5.0, 10.0, 60.0]))
    def wait(self, seconds: float) -> None:
        self.rig.wait(seconds)

    @rule(cut=st.integers(0, 30))
    def seek(self, cut: int) -> None:
        self.rig.backlog.seek([], lambda m: m.number <= cut, self.rig.clock.now)
        skipped = {t for t in self.published if int(t[1:]) + 1 <= cut}
        self.acknowledged |= skipped
        if self.policy.retains_acked:
            self.acknowledged = skipped

    def _pick(self, data: st.DataObject) -> Delivery:
        return self.held.pop(data.draw(st.integers(0, len(self.held) - 1)))

    @invariant()
    def nothing_is_lost_and_nothing_done_comes_back(self) -> None:
        dead = {content for content, _ in self.rig.dead}
        oldest = self.rig.clock.now - self.policy.retention_s
        expired = {content for content, at in self.published.items() if at <= oldest}
        unacked = set(self.rig.unacked())
        assert unacked <= set(self.published) - expired
        assert set(self.published) - unacked <= self.acknowledged | dead | expired
        if not self.policy.ordered:
            assert not unacked & self.acknowledged

    @invariant()
    def a_message_has_one_lease_and_the_window_counts_them(self) -> None:
        leases = self.rig.backlog._leases.values()
        assert len({lease.entry.message.number for lease in leases}) == len(leases)
        assert self.window.messages == len(leases) <= 5
        assert self.window.size == sum(lease.entry.message.size for lease in leases)

    @invariant()
    def a_pushed_key_has_one_message_outstanding(self) -> None:
        if self.policy.one_per_key:
            keys = [lease.entry.message.ordering_key for lease in self.rig.backlog._leases.values()]
            named = [key for key in keys if key]
            assert len(set(named)) == len(named)

    def teardown(self) -> None:
        """Whatever happened, a subscriber that acknowledges everything gets everything."""
        for delivery in self.held:
            self.rig.nack(delivery)
        self.rig.wait(3600)
        while deliveries := self.rig.take():
            numbers: dict[str, int] = {}
            for delivery in deliveries:
                key = delivery.message.ordering_key
                if key and self.policy.ordered:
                    assert numbers.get(key, 0) < delivery.message.number
                    numbers[key] = delivery.message.number
            self.rig.ack(*deliveries)
        assert self.rig.unacked() == []
        assert not self.rig.backlog._leases
        assert not self.rig.backlog._keys
        assert self.window.messages == 0


_EFFORT = settings(max_examples=40, stateful_step_count=30, deadline=None)


class _Plain(_Subscriber):
    pass


class _Backoff(_Subscriber):
    policy = DeliveryPolicy(backoff=Backoff(1, 30), max_attempts=5)


class _Retaining(_Subscriber):
    policy = DeliveryPolicy(retains_acked=True)


class _Ordered(_Subscriber):
    policy = DeliveryPolicy(ordered=True, backoff=Backoff(1, 30), max_attempts=5)


class _PushedInOrder(_Subscriber):
    policy = DeliveryPolicy(ordered=True, one_per_key=True, retains_acked=True)


class _Expiring(_Subscriber):
    policy = DeliveryPolicy(ordered=True, backoff=Backoff(1, 30), retention_s=70)


TestPlain = _Plain.TestCase
TestBackoff = _Backoff.TestCase
TestRetaining = _Retaining.TestCase
TestOrdered = _Ordered.TestCase
TestPushedInOrder = _PushedInOrder.TestCase
TestExpiring = _Expiring.TestCase
for _case in (TestPlain, TestBackoff, TestRetaining, TestOrdered, TestPushedInOrder, TestExpiring):
    _case.settings = _EFFORT
