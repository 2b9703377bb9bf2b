"""Deliveries at the same time: each stops before every call, and chance says who goes on."""

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Self

from shared.contracts.message import Message
from shared.errors import InletError
from tests.simulation.world import Crash, Faults, World


class Strand:
    """One delivery in a thread of its own that runs only while `step` waits for it."""

    def __init__(self, stage: str, message: Message, handle: Callable[[Message], object]) -> None:
        self.stage, self.message = stage, message
        self.failure: BaseException | None = None
        self.ended = False
        self._handle = handle
        self._go, self._stopped = threading.Semaphore(0), threading.Semaphore(0)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def step(self) -> None:
        """Run to the next call, or to the end."""
        self._go.release()
        self._stopped.acquire()
        if self.ended:
            self._thread.join()

    def pause(self) -> None:
        """Wait, in the strand's own thread, until it is its turn again."""
        self._stopped.release()
        self._go.acquire()

    def _run(self) -> None:
        self._go.acquire()
        _own.strand = self
        try:
            self._handle(self.message)
        except BaseException as error:  # noqa: BLE001 - handed to whoever steps
            self.failure = error
        self.ended = True
        self._stopped.release()


_own = threading.local()


@dataclass(slots=True)
class Stepping(Faults):
    """Faults that first let chance choose another delivery to go on."""

    trace: list[str] = field(default_factory=list)  # whose call was the n-th

    def around(self, call: Callable[[], Any]) -> Any:
        strand: Strand = _own.strand
        strand.pause()
        self.trace.append(strand.stage)
        return Faults.around(self, call)


class ConcurrentWorld(World):
    """A world in which up to `width` deliveries are under way at once.

    A name of the inbox in `again` is used a second time as soon as it is free.
    """

    def __init__(self, stepping: Stepping, seed: int, width: int, copies: int = 2) -> None:
        super().__init__(stepping, seed, copies)
        self._turn = random.Random(seed)
        self._width = width
        self._published = 0
        self.again: dict[str, bytes] = {}

    def run(self) -> Self:
        """Deliver until nothing is left to deliver."""
        strands: list[Strand] = []
        self._route()
        while self._pending or strands:
            while self._pending and len(strands) < self._width:
                stage, message = self._pending.pop(self._turn.randrange(len(self._pending)))
                strands.append(Strand(stage, message, self.handlers[stage]))
            strand = strands[self._turn.randrange(len(strands))]
            with self._nothing_is_taken_back():
                strand.step()
            if strand.ended:
                strands.remove(strand)
                self._ended(strand)
            self._use_names_again()
            self._route_what_is_new()
        return self

    def _ended(self, strand: Strand) -> None:
        if isinstance(strand.failure, Crash | InletError):
            self._again(strand.stage, strand.message)
        elif strand.failure:
            raise strand.failure

    def _route_what_is_new(self) -> None:
        published = sum(len(topic.messages) for topic in self.topics.values())
        if published != self._published:
            self._published = published
            self._route()

    def _use_names_again(self) -> None:
        for name in [name for name in self.again if not self.store.find("inbox", name)]:
            self.land(name, self.again.pop(name))

    @contextmanager
    def _nothing_is_taken_back(self) -> Iterator[None]:
        """Whatever is archived or released stays, in the very generation it was made."""
        before = self._kept()
        yield
        assert before <= self._kept(), "an object was deleted or overwritten"

    def _kept(self) -> set[tuple[str, str, int]]:
        return {
            (bucket, stored.version.name, stored.version.generation)
            for bucket in ("archive", "research")
            for stored in self.store.list(bucket)
        }
