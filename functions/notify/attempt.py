"""One attempt to tell a target of an event, and its row."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.contracts.event import PublicEvent
from shared.contracts.outcome import PIPELINE_VERSION
from shared.contracts.targets import Result, Target
from shared.ports import Reply, Row

TABLE = "imaging.deliveries"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """What was tried, when, and what the receiver answered."""

    event: PublicEvent
    target: Target
    published_at: datetime
    began: datetime
    ended: datetime
    reply: Reply

    def result(self, give_up_after: timedelta) -> Result:
        """Return how it ended; whoever asks for time, as many do in a replay, gets it."""
        if self.reply.reason is None:
            return Result.DELIVERED
        if self.reply.final:
            return Result.REFUSED
        too_old = self.began - self.published_at > give_up_after
        return Result.GIVEN_UP if too_old and self.reply.wait_s is None else Result.FAILED

    def row(self, result: Result) -> Row:
        """Return its row in `imaging.deliveries`: no body, no address."""
        return {
            "EventId": self.event.event_id,
            "Target": self.target.name,
            "TargetKind": self.target.kind.value,
            "Type": self.event.type,
            "Result": result.value,
            "Status": self.reply.status,
            "Reason": self.reply.reason,
            "PublishedAt": self.published_at,
            "AttemptedAt": self.began,
            "DurationMs": round((self.ended - self.began).total_seconds() * 1000),
            "PipelineVersion": PIPELINE_VERSION,
        }
