"""The messages of one subscription: what is deliverable now, to whom, and what comes later.

Pure: the time is an argument, nothing here waits, sends or logs.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable

from infra.local.pubsub.entries import Delivery, Entry, Lease, State, Window
from infra.local.pubsub.listener import Forward, Listener, Silence
from infra.local.pubsub.message import Message
from infra.local.pubsub.ordering import KeyQueue
from infra.local.pubsub.policy import DeliveryPolicy
from infra.local.pubsub.ready import ReadyQueue
from infra.local.pubsub.timers import Timers

_Subject = int | Entry | KeyQueue | None
"""A lease, a message or key in backoff, or, as ``None``, the oldest message's retention."""


class Backlog:
    """A subscription's messages and their leases."""

    def __init__(self, policy: DeliveryPolicy, forward: Forward) -> None:
        """Start empty."""
        self.policy = policy
        self.listener: Listener = Silence()
        self._forward = forward
        self._entries: OrderedDict[int, Entry] = OrderedDict()
        self._ready = ReadyQueue()
        self._keys: dict[str, KeyQueue] = {}
        self._leases: dict[int, Lease] = {}
        self._timers: Timers[_Subject] = Timers(self._is_alive)
        self._awaits_expiry = False
        self._serial = 0

    def __len__(self) -> int:
        """Return how many messages are held, acknowledged and retained ones included."""
        return len(self._entries)

    def add(self, message: Message, now: float) -> None:
        """Add a newly published message, unless the filter drops it."""
        if self._accepts(message):
            entry = self._entries[message.number] = Entry(message)
            self._enqueue(entry, now)
            if not self._awaits_expiry:
                self._expire(now)

    def take(
        self,
        now: float,
        limit: int,
        *,
        max_bytes: int = 0,
        deadline_s: float = 0.0,
        window: Window | None = None,
    ) -> list[Delivery]:
        """Lease up to ``limit`` messages, one or as many as fit in ``max_bytes`` and the window."""
        window = window or Window()
        deadline = now + (deadline_s or self.policy.ack_deadline_s)
        deliveries: list[Delivery] = []
        size = 0
        while len(deliveries) < limit and window.has_room() and self._has_next(now):
            size += self._ready.next_size()
            if deliveries and max_bytes and size > max_bytes:
                break
            entry = self._next_ready(now)
            deliveries.append(self._lease(entry, Lease(entry, deadline, window)))
        return deliveries

    def acknowledge(self, lease: int, now: float) -> bool:
        """Take a leased message out of delivery; false when the lease is no longer valid."""
        entry = self._release(lease)
        if entry:
            self._settle(entry, now)
        return entry is not None

    def extend(self, lease: int, seconds: float, now: float) -> bool:
        """Move a lease's deadline to ``seconds`` from now; false when it is no longer valid."""
        held = self._leases.get(lease)
        if held:
            earlier = now + seconds < held.deadline
            held.deadline = now + seconds
            if earlier:
                self._set_timer(held.deadline, lease)
        return held is not None

    def reject(self, lease: int, now: float) -> bool:
        """Count a leased message as failed and schedule it again; false if not leased."""
        entry = self._release(lease)
        if entry:
            self._fail(entry, now)
        return entry is not None

    def next_due(self) -> float | None:
        """Return when ``advance`` next has something to do."""
        return self._timers.next_due()

    def advance(self, now: float) -> None:
        """Let everything happen that is due: deadlines, backoffs, retention."""
        for subject in self._timers.pop_due(now):
            if isinstance(subject, int):
                self._lapse(subject, now)
            elif isinstance(subject, KeyQueue):
                self._offer(subject, now)
            elif subject is None:
                self._expire(now)
            elif subject.state is State.DELAYED and subject.due <= now:
                self._enqueue(subject, now)

    def set_policy(self, policy: DeliveryPolicy, now: float) -> None:
        """Deliver by another policy from now on."""
        self.policy = policy
        if not policy.retains_acked:
            acked = [entry for entry in self._entries.values() if self._is_done(entry)]
            for entry in acked:
                del self._entries[entry.message.number]
        for queue in self._keys.values():
            self._offer(queue, now)
        self._expire(now)

    def unacked(self) -> list[Message]:
        """Return what is not acknowledged, in order of publication."""
        return [e.message for e in self._entries.values() if e.state is not State.ACKED]

    def seek(
        self, retained: Iterable[Message], is_acked: Callable[[Message], bool], now: float
    ) -> None:
        """Set the state of every held message, and of ``retained`` ones from elsewhere."""
        merged = dict(self._entries)
        for message in retained:
            if message.number not in merged and self._accepts(message):
                merged[message.number] = Entry(message, State.ACKED)
        self._entries = OrderedDict(sorted(merged.items()))
        self._forget_order()
        for entry in tuple(self._entries.values()):
            self._reset(entry, now, acked=is_acked(entry.message))
        self._expire(now)

    def clear(self) -> None:
        """Drop every message and lease."""
        for lease in tuple(self._leases):
            self._release(lease)
        self._entries.clear()
        self._forget_order()

    def _forget_order(self) -> None:
        self._ready.clear()
        for queue in self._keys.values():
            queue.clear()
        self._keys.clear()

    def _accepts(self, message: Message) -> bool:
        accepts = self.policy.accepts
        return accepts is None or accepts(message.wire.attributes)

    def _key_of(self, entry: Entry) -> KeyQueue | None:
        return self._keys.get(entry.message.ordering_key) if self.policy.ordered else None

    def _is_done(self, entry: Entry) -> bool:
        queue = self._key_of(entry)
        return entry.state is State.ACKED and not (queue and entry in queue.sent)

    def _is_alive(self, subject: _Subject) -> bool:
        if isinstance(subject, int):
            return subject in self._leases
        if isinstance(subject, Entry):
            return subject.state is State.DELAYED
        return True

    def _set_timer(self, when: float, subject: _Subject) -> None:
        if self._timers.add(when, subject):
            self.listener.on_alarm(when)

    def _enqueue(self, entry: Entry, now: float) -> None:
        entry.state = State.READY
        key = entry.message.ordering_key
        if key and self.policy.ordered:
            queue = self._keys.get(key) or self._keys.setdefault(key, KeyQueue(key))
            queue.pending.append(entry)
            self._offer(queue, now)
        else:
            self._ready.append(entry)
            self.listener.on_ready()

    def _offer(self, queue: KeyQueue, now: float) -> None:
        if not queue and self._keys.get(queue.key) is queue:
            del self._keys[queue.key]
        one_at_a_time = self.policy.one_per_key
        if not queue.queued and queue.deliverable(now, one_at_a_time=one_at_a_time):
            queue.queued = True
            self._ready.append(queue)
            self.listener.on_ready()

    def _has_next(self, now: float) -> bool:
        return self._ready.has_next(now, one_at_a_time=self.policy.one_per_key)

    def _next_ready(self, now: float) -> Entry:
        turn = self._ready.pop()
        if isinstance(turn, Entry):
            return turn
        turn.queued = False
        entry = turn.deliver()
        self._offer(turn, now)
        return entry

    def _lease(self, entry: Entry, lease: Lease) -> Delivery:
        self._serial += 1
        entry.state, entry.lease = State.LEASED, self._serial
        lease.window.add(entry.message.size)
        self._leases[self._serial] = lease
        self._set_timer(lease.deadline, self._serial)
        return Delivery(self._serial, entry.message, entry.failures + 1)

    def _release(self, number: int) -> Entry | None:
        lease = self._leases.pop(number, None)
        if lease is None:
            return None
        lease.entry.lease = 0
        lease.window.remove(lease.entry.message.size)
        return lease.entry

    def _lapse(self, number: int, now: float) -> None:
        lease = self._leases.get(number)
        if lease is None:
            return
        if lease.deadline > now:
            self._set_timer(lease.deadline, number)
        else:
            self.reject(number, now)

    def _fail(self, entry: Entry, now: float) -> None:
        entry.failures += 1
        exhausted = 0 < self.policy.max_attempts <= entry.failures
        if exhausted and self._forward(entry.message, entry.failures):
            self._settle(entry, now)
            return
        due = now + self.policy.backoff.delay(entry.failures)
        queue = self._key_of(entry)
        if queue:
            self._rewind(queue, entry, due, now)
        elif due <= now:
            self._enqueue(entry, now)
        else:
            entry.state, entry.due = State.DELAYED, due
            self._set_timer(due, entry)

    def _rewind(self, queue: KeyQueue, entry: Entry, due: float, now: float) -> None:
        for later in queue.rewind(entry, due):
            self._release(later.lease)
            later.state = State.READY
        if due > now:
            self._set_timer(due, queue)
        self._offer(queue, now)

    def _settle(self, entry: Entry, now: float) -> None:
        entry.state = State.ACKED
        queue = self._key_of(entry)
        if queue is None:
            self._let_go(entry)
            return
        for settled in queue.settled():
            self._let_go(settled)
        self._offer(queue, now)

    def _let_go(self, entry: Entry) -> None:
        if not self.policy.retains_acked:
            self._entries.pop(entry.message.number, None)

    def _reset(self, entry: Entry, now: float, *, acked: bool) -> None:
        ordered = self.policy.ordered and bool(entry.message.ordering_key)
        if acked or ordered:
            self._release(entry.lease)
        if acked:
            entry.state, entry.failures = State.ACKED, 0
            self._let_go(entry)
        elif ordered or entry.state is not State.LEASED:
            self._enqueue(entry, now)

    def _expire(self, now: float) -> None:
        while self._entries:
            oldest = next(iter(self._entries.values()))
            due = oldest.message.published_at + self.policy.retention_s
            if due > now:
                self._set_timer(due, None)
                break
            self._drop(oldest, now)
        self._awaits_expiry = bool(self._entries)

    def _drop(self, entry: Entry, now: float) -> None:
        self._release(entry.lease)
        entry.state = State.ACKED
        self._entries.pop(entry.message.number, None)
        queue = self._key_of(entry)
        if queue:
            queue.discard(entry)
            self._offer(queue, now)
