"""How one subscription delivers: the part of its configuration the engine acts on."""

from dataclasses import dataclass
from typing import Final

from infra.local.pubsub.filters import Predicate, compile_filter
from infra.local.pubsub.protos import Subscription
from infra.local.pubsub.times import seconds_of


@dataclass(frozen=True, slots=True)
class Backoff:
    """Exponential delays between the deliveries of one message, in seconds."""

    minimum_s: float
    maximum_s: float

    def delay(self, failures: int) -> float:
        """Return how long to wait after a message has failed so many times."""
        doublings = min(failures - 1, 32)
        return min(self.maximum_s, self.minimum_s * 2.0**doublings)


IMMEDIATE: Final = Backoff(0.0, 0.0)
PUSH_BACKOFF: Final = Backoff(0.1, 60.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryPolicy:
    """Deadlines, retention, order, filter, backoff and dead letters of a subscription."""

    ack_deadline_s: float = 10.0
    retention_s: float = 604_800.0
    retains_acked: bool = False
    ordered: bool = False
    one_per_key: bool = False
    exactly_once: bool = False
    accepts: Predicate | None = None
    backoff: Backoff = IMMEDIATE
    max_attempts: int = 0


def policy_of(config: Subscription) -> DeliveryPolicy:
    """Return the policy of a validated subscription resource."""
    pushes = bool(config.push_config.push_endpoint)
    return DeliveryPolicy(
        ack_deadline_s=config.ack_deadline_seconds,
        retention_s=seconds_of(config.message_retention_duration),
        retains_acked=config.retain_acked_messages,
        ordered=config.enable_message_ordering,
        one_per_key=pushes,
        exactly_once=config.enable_exactly_once_delivery,
        accepts=compile_filter(config.filter),
        backoff=_backoff_of(config, pushes=pushes),
        max_attempts=config.dead_letter_policy.max_delivery_attempts,
    )


def _backoff_of(config: Subscription, *, pushes: bool) -> Backoff:
    if config.HasField("retry_policy"):
        retry = config.retry_policy
        return Backoff(seconds_of(retry.minimum_backoff), seconds_of(retry.maximum_backoff))
    return PUSH_BACKOFF if pushes else IMMEDIATE
