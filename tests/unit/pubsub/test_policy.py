from google.protobuf.duration_pb2 import Duration

from infra.local.pubsub.policy import IMMEDIATE, PUSH_BACKOFF, Backoff, policy_of
from infra.local.pubsub.protos import Subscription


def test_pulled_messages_come_again_at_once_without_a_policy() -> None:
    assert policy_of(Subscription()).backoff == IMMEDIATE
    assert [IMMEDIATE.delay(failures) for failures in (1, 5)] == [0.0, 0.0]


def test_pushed_messages_back_off_without_a_policy() -> None:
    policy = policy_of(Subscription(push_config={"push_endpoint": "http://localhost/"}))

    assert policy.backoff == PUSH_BACKOFF
    assert policy.one_per_key
    assert [PUSH_BACKOFF.delay(failures) for failures in (1, 2, 3, 100)] == [0.1, 0.2, 0.4, 60.0]


def test_a_retry_policy_replaces_the_default() -> None:
    config = Subscription(
        retry_policy={
            "minimum_backoff": Duration(seconds=1, nanos=500_000_000),
            "maximum_backoff": Duration(seconds=100),
        }
    )

    assert policy_of(config).backoff == Backoff(1.5, 100.0)
