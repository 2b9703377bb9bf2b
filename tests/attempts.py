"""Builders of attempts to tell targets."""

from datetime import timedelta

from functions.notify.attempt import Attempt
from shared.contracts.targets import Failure, Target
from shared.ports import Reply
from tests.events import event_of
from tests.outcomes import MOMENT, an_outcome


def an_attempt() -> Attempt:
    """Return an attempt at a receiver that is gone."""
    return Attempt(
        event=event_of(an_outcome()),
        target=Target(name="a-target"),
        published_at=MOMENT,
        began=MOMENT + timedelta(seconds=1),
        ended=MOMENT + timedelta(seconds=2),
        reply=Reply(status=410, reason=Failure.GONE, final=True),
    )
