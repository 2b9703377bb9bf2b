"""How a sweep is put together from its settings and what it reaches."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from functions.sweep.alarm import Alarm
from functions.sweep.completion import Completion
from functions.sweep.handler import Sweep
from functions.sweep.receipts import Receipts
from functions.sweep.settings import Settings
from functions.sweep.task import Task
from functions.sweep.telling import Telling
from shared.ports import (
    Arrivals,
    Catalogue,
    Clock,
    Ledger,
    ObjectStore,
    Publisher,
    Studies,
    Subscription,
)


class Warehouse(Protocol):
    """All that a sweep asks of the tables and writes to them."""

    @property
    def catalogue(self) -> Catalogue:
        """What landed, what is archived and what sweeps found."""
        ...

    @property
    def studies(self) -> Studies:
        """What there is of studies."""
        ...

    @property
    def arrivals(self) -> Arrivals:
        """What there is of what facilities sent."""
        ...

    @property
    def ledger(self) -> Ledger:
        """What was declared."""
        ...


@dataclass(frozen=True, slots=True)
class Reach:
    """What a sweep reaches; topics by the names that the settings have."""

    objects: ObjectStore
    warehouse: Warehouse
    topic: Callable[[str], Publisher]
    dead_letters: Subscription
    clock: Clock


def wired(settings: Settings, reach: Reach) -> Sweep:
    """Return the sweep of a deployment, with all its tasks."""
    events = reach.topic(settings.events_topic)
    return Sweep(
        objects=reach.objects,
        uploads=reach.topic(settings.uploads_topic),
        catalogue=reach.warehouse.catalogue,
        dead_letters=reach.dead_letters,
        clock=reach.clock,
        terms=settings.terms,
        alarm=Alarm(events=events, facilities=settings.facilities, terms=settings.terms),
        tasks=[
            _completion(settings, reach),
            _receipts(settings, reach),
            _telling(settings, reach, events),
        ],
    )


def _completion(settings: Settings, reach: Reach) -> Task:
    limits = settings.terms.limits
    return Completion(
        studies=reach.warehouse.studies,
        ledger=reach.warehouse.ledger,
        facilities=settings.facilities,
        clock=reach.clock,
        max_changes=limits.max_study_changes,
        budget=limits.budget / 3,
    )


def _receipts(settings: Settings, reach: Reach) -> Task:
    limits = settings.terms.limits
    return Receipts(
        arrivals=reach.warehouse.arrivals,
        ledger=reach.warehouse.ledger,
        clock=reach.clock,
        facilities=settings.facilities,
        bucket=settings.receipts,
        patience=limits.stuck_after,
        look_back_every=limits.ask_every,
        budget=limits.budget * 2 / 3,
    )


def _telling(settings: Settings, reach: Reach, events: Publisher) -> Task:
    limits = settings.terms.limits
    return Telling(
        ledger=reach.warehouse.ledger,
        objects=reach.objects,
        events=events,
        clock=reach.clock,
        mask=settings.mask,
        bucket=settings.receipts,
        look_back_every=limits.ask_every,
        max_told=limits.max_study_changes,
        budget=limits.budget * 5 / 6,
    )
