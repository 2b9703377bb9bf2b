"""Notify: an outcome becomes a public event, and targets are told of the events they want.

These are deliveries of their own. Outcomes are published once, whoever listens; each target has a
subscription of its own, so that one that is down delays nobody else.

Telling a target has three steps: the event is sent, a row says what became of it, the message is
acknowledged. Whatever ends before the last has the event sent again, under the same id, by which
a receiver knows it. The row comes second because a row for what was never sent would hide a loss,
and a missing row only hides a repetition.
"""

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from functions.notify.attempt import TABLE, Attempt
from functions.notify.circuit import Circuit
from shared.contracts.event import PublicEvent
from shared.contracts.message import Message
from shared.contracts.outcome import Outcome
from shared.contracts.targets import Result, Target, Targets
from shared.contracts.uid_mask import UidMask
from shared.errors import TransientError
from shared.ports import Clock, Done, Publisher, Receiver, Reply, RowSink

AT_ONCE: Final = 16  # attempts for one target in one instance, far below what an instance takes


@dataclass(frozen=True, slots=True)
class Announce:
    """The handler of the topic `outcomes`."""

    events: Publisher
    mask: UidMask

    def __call__(self, outcome: Outcome) -> Done:
        """Return once the event is published."""
        event = PublicEvent.of(outcome, self.mask)
        self.events.publish(event.to_message())
        return Done("event published", {"type": event.type})


@dataclass(frozen=True, slots=True, kw_only=True)
class Addressed:
    """An event on its way to one target."""

    target: str
    event: PublicEvent
    published_at: datetime | None

    @property
    def event_id(self) -> str:
        """The event's."""
        return self.event.event_id

    @property
    def root_event_id(self) -> str:
        """The event's."""
        return self.event.root_event_id

    @classmethod
    def read(cls, target: str, message: Message) -> "Addressed":
        """Read a message of the topic `events`, as the target's subscription delivers it.

        Raises:
            ContractError: it is no event.
        """
        event = PublicEvent.from_message(message)
        return cls(target=target, event=event, published_at=message.published_at)


def reader_of(path: str) -> Callable[[Message], Addressed] | None:
    """Return what reads the events of the target whose subscription pushes to a path.

    That is `/targets/<name>`; None: outcomes are pushed there.
    """
    above, _, name = path.rpartition("/")
    return partial(Addressed.read, name) if above == "/targets" and name else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A target, whoever receives what it is told, and what is known of them."""

    target: Target
    receiver: Receiver
    circuit: Circuit
    free: threading.Semaphore  # so that one that is slow leaves room for the others


@dataclass(frozen=True, slots=True, kw_only=True)
class Tell:
    """The handler of the targets' subscriptions of the topic `events`."""

    lines: Mapping[str, Line]
    deliveries: RowSink
    clock: Clock
    give_up_after: timedelta

    @classmethod
    def of(
        cls,
        targets: Targets,
        receiver_of: Callable[[Target], Receiver],
        deliveries: RowSink,
        clock: Clock,
        give_up_after: timedelta,
    ) -> "Tell":
        """Return the handler that tells these targets."""
        lines = {
            target.name: Line(
                target=target,
                receiver=receiver_of(target),
                circuit=Circuit(clock),
                free=threading.Semaphore(AT_ONCE),
            )
            for target in targets
        }
        return cls(lines=lines, deliveries=deliveries, clock=clock, give_up_after=give_up_after)

    def __call__(self, addressed: Addressed) -> Done:
        """Return once the target has the event, never wants it, or is given up.

        Raises:
            TransientError: it is not known yet, its receiver is down or slow, or the try failed.
        """
        line = self.lines.get(addressed.target)
        if line is None:
            raise TransientError("target-unknown")  # its subscription is older, or newer, than we
        told = {"target": line.target.name, "type": addressed.event.type}
        if not line.target.enabled:
            return Done("the target is disabled", told)
        if not line.target.wants(addressed.event):
            return Done("not for the target", told)
        if not line.free.acquire(blocking=False):
            raise TransientError("receiver-slow")
        try:
            if not line.circuit.admits():
                raise TransientError("receiver-down")
            return self._attempted(line, addressed, told)
        finally:
            line.free.release()

    def _attempted(self, line: Line, addressed: Addressed, told: Mapping[str, object]) -> Done:
        began = self.clock.now()
        reply = line.receiver.send(addressed.event)
        _note(line.circuit, reply)
        attempt = Attempt(
            event=addressed.event,
            target=line.target,
            published_at=addressed.published_at or began,
            began=began,
            ended=self.clock.now(),
            reply=reply,
        )
        result = attempt.result(self.give_up_after)
        self.deliveries.append(TABLE, [attempt.row(result)])
        if result is Result.FAILED:
            raise TransientError(reply.reason or "receiver-failed")
        fields = {**told, "status": reply.status, "reason": reply.reason}
        if result is Result.DELIVERED:
            return Done("target told", fields)
        return Done(_GIVEN_UP[result], fields, logging.ERROR)


_GIVEN_UP: Mapping[Result, str] = {
    Result.REFUSED: "the target refuses the event",
    Result.GIVEN_UP: "the target is not told: the event is too old",
}


def _note(circuit: Circuit, reply: Reply) -> None:
    if reply.reason is None or reply.final:
        circuit.succeeded()
    else:
        circuit.failed(None if reply.wait_s is None else timedelta(seconds=reply.wait_s))
