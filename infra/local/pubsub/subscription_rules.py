"""What a subscription resource may be, and the defaults the service fills in."""

from collections.abc import Container
from typing import Final
from urllib.parse import urlsplit

from infra.local.pubsub.errors import InvalidArgumentError, NotFoundError, UnimplementedError
from infra.local.pubsub.filters import compile_filter
from infra.local.pubsub.limits import MAX_ACK_DEADLINE_S, MIN_ACK_DEADLINE_S, check_range
from infra.local.pubsub.names import DELETED_TOPIC, parse_name
from infra.local.pubsub.protos import PushConfig, Subscription
from infra.local.pubsub.times import seconds_of
from infra.local.pubsub.topics import MAX_RETENTION_S, MIN_RETENTION_S

DEFAULT_ACK_DEADLINE_S: Final = 10
DEFAULT_RETENTION_S: Final = 7 * 86_400
DEFAULT_EXPIRATION_S: Final = 31 * 86_400
MIN_EXPIRATION_S: Final = 86_400
DEFAULT_DELIVERY_ATTEMPTS: Final = 5
MIN_DELIVERY_ATTEMPTS: Final = 5
MAX_DELIVERY_ATTEMPTS: Final = 100
DEFAULT_MIN_BACKOFF_S: Final = 10
DEFAULT_MAX_BACKOFF_S: Final = 600
MAX_BACKOFF_S: Final = 600

NOT_HERE: Final = (
    "bigquery_config",
    "cloud_storage_config",
    "bigtable_config",
    "message_transforms",
)
_OUTPUT_ONLY: Final = (
    "topic_message_retention_duration",
    "analytics_hub_subscription_info",
    "tags",
)
_VERSION: Final = "x-goog-version"
_VERSIONS: Final = ("v1", "v1beta2")


def validated(request: Subscription, topics: Container[str]) -> Subscription:
    """Return the resource with its defaults filled in, or refuse it."""
    config = Subscription()
    config.CopyFrom(request)
    _refuse_unsupported(config)
    for field in _OUTPUT_ONLY:
        config.ClearField(field)
    config.state = Subscription.State.Value("ACTIVE")
    _complete_deadline(config)
    _complete_retention(config)
    _complete_expiration(config)
    compile_filter(config.filter)
    _complete_push(config.push_config)
    if config.HasField("dead_letter_policy"):
        _complete_dead_letters(config, topics)
    if config.HasField("retry_policy"):
        _complete_retries(config)
    return config


def _refuse_unsupported(config: Subscription) -> None:
    present = {descriptor.name for descriptor, _ in config.ListFields()}
    for field in NOT_HERE:
        if field in present:
            raise UnimplementedError(
                f"The field '{field}' of a subscription is not supported by this server."
            )


def _complete_deadline(config: Subscription) -> None:
    config.ack_deadline_seconds = config.ack_deadline_seconds or DEFAULT_ACK_DEADLINE_S
    check_range(
        "ack_deadline_seconds", config.ack_deadline_seconds, MIN_ACK_DEADLINE_S, MAX_ACK_DEADLINE_S
    )


def _complete_retention(config: Subscription) -> None:
    if not config.HasField("message_retention_duration"):
        config.message_retention_duration.seconds = DEFAULT_RETENTION_S
    check_range(
        "message_retention_duration_seconds",
        seconds_of(config.message_retention_duration),
        MIN_RETENTION_S,
        MAX_RETENTION_S,
    )


def _complete_expiration(config: Subscription) -> None:
    if not config.HasField("expiration_policy"):
        config.expiration_policy.ttl.seconds = DEFAULT_EXPIRATION_S
    elif config.expiration_policy.HasField("ttl"):
        ttl_s = seconds_of(config.expiration_policy.ttl)
        check_range("expiration_policy_ttl_seconds", ttl_s, MIN_EXPIRATION_S, float("inf"))


def _complete_push(config: PushConfig) -> None:
    """Fill in the format of the pushed messages, or refuse the endpoint."""
    if not config.push_endpoint:
        return
    if not _is_http(config.push_endpoint):
        raise InvalidArgumentError(
            f"Invalid push endpoint given (endpoint={config.push_endpoint})."
        )
    if _VERSION not in config.attributes:
        config.attributes[_VERSION] = _VERSIONS[0]
    if config.attributes[_VERSION] not in _VERSIONS:
        raise InvalidArgumentError(
            f"The push attribute {_VERSION} must be one of {', '.join(_VERSIONS)}."
        )


def _is_http(endpoint: str) -> bool:
    if not endpoint.isprintable() or " " in endpoint:
        return False
    try:
        url = urlsplit(endpoint)
        return url.scheme in ("http", "https") and bool(url.hostname) and url.port != 0
    except ValueError:
        return False


def _complete_dead_letters(config: Subscription, topics: Container[str]) -> None:
    policy = config.dead_letter_policy
    if policy.dead_letter_topic != DELETED_TOPIC:
        parse_name("topics", policy.dead_letter_topic)
        if policy.dead_letter_topic not in topics:
            raise NotFoundError("Dead letter topic not found")
    policy.max_delivery_attempts = policy.max_delivery_attempts or DEFAULT_DELIVERY_ATTEMPTS
    check_range(
        "max_delivery_attempts",
        policy.max_delivery_attempts,
        MIN_DELIVERY_ATTEMPTS,
        MAX_DELIVERY_ATTEMPTS,
    )


def _complete_retries(config: Subscription) -> None:
    policy = config.retry_policy
    if not policy.HasField("minimum_backoff"):
        policy.minimum_backoff.seconds = DEFAULT_MIN_BACKOFF_S
    if not policy.HasField("maximum_backoff"):
        policy.maximum_backoff.seconds = DEFAULT_MAX_BACKOFF_S
    minimum_s = seconds_of(policy.minimum_backoff)
    maximum_s = seconds_of(policy.maximum_backoff)
    check_range("minimum_backoff_seconds", minimum_s, 0, MAX_BACKOFF_S)
    check_range("maximum_backoff_seconds", maximum_s, 0, MAX_BACKOFF_S)
    if maximum_s < minimum_s:
        raise InvalidArgumentError("The maximum_backoff must not be less than the minimum_backoff.")
