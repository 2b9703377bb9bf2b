"""Topics and subscriptions."""

from collections.abc import Iterator
from typing import Final

from infra.definition import DEAD_LETTERS, load_pipeline
from tests.infra.plan import PROJECT, REGION, Plan
from tests.infra.policies.differences import exactly, says

LONGEST_FILTER_BYTES: Final = 256
LONGEST_RETENTION_S: Final = 31 * 24 * 60 * 60
REMINDERS: Final = "secret-rotation"
_PUSH_RETENTION_S: Final = 7 * 24 * 60 * 60


def topics(plan: Plan) -> Iterator[str]:
    """Topics are those of the definition, keep what it says, in the region, encrypted."""
    pipeline = load_pipeline()
    made = {each.values["name"]: each for each in plan.of_kind("pubsub_topic")}
    yield from exactly("topics", {*pipeline.topics, REMINDERS}, made)
    for name, topic in made.items():
        key = "operations" if name in {"events", REMINDERS} else "identities"
        yield from says(
            topic,
            {
                "kms_key_name": plan.id_of("kms_crypto_key", key),
                "message_storage_policy.allowed_persistence_regions": [REGION],
            },
        )
    for name, defined in pipeline.topics.items():
        yield from says(
            plan.named("pubsub_topic", name),
            {"message_retention_duration": f"{defined.retention_s}s"},
        )
        if defined.retention_s > LONGEST_RETENTION_S:
            yield f"{name}: Pub/Sub keeps messages for 31 days at most"


def subscriptions(plan: Plan) -> Iterator[str]:
    """Each function is called for its topics, under the terms of the definition."""
    pipeline = load_pipeline()
    pushes = {
        name: (function.stage, push)
        for function in pipeline.functions.values()
        for name, push in function.pushes.items()
    }
    made = {each.values["name"] for each in plan.of_kind("pubsub_subscription")}
    yield from exactly("subscriptions", {*pushes, *pipeline.subscriptions}, made)
    for name, (_, push) in pushes.items():
        yield from says(
            plan.named("pubsub_subscription", name),
            {
                "name": name,
                "topic": plan.id_of("pubsub_topic", push.topic),
                "filter": push.filter,
                "ack_deadline_seconds": push.ack_deadline_s,
                "message_retention_duration": f"{_PUSH_RETENTION_S}s",
                "expiration_policy.ttl": "",
                "retry_policy.minimum_backoff": f"{push.min_backoff_s:g}s",
                "retry_policy.maximum_backoff": f"{push.max_backoff_s:g}s",
                "dead_letter_policy.dead_letter_topic": plan.id_of("pubsub_topic", DEAD_LETTERS),
                "dead_letter_policy.max_delivery_attempts": push.max_attempts,
                "push_config.oidc_token.service_account_email": (
                    f"push-{name}@{PROJECT}.iam.gserviceaccount.com"
                ),
                "enable_message_ordering": None,
            },
        )


def ranges(plan: Plan) -> Iterator[str]:
    """What the service takes no other numbers for is within them."""
    for each in plan.of_kind("pubsub_subscription"):
        if not each.values["push_config"]:
            continue
        backoff = each.block("retry_policy")
        least, most = (int(backoff[f"{end}_backoff"].rstrip("s")) for end in ("minimum", "maximum"))
        attempts = each.block("dead_letter_policy").get("max_delivery_attempts") or 0
        within = {
            "acknowledgement deadline": 10 <= each.values["ack_deadline_seconds"] <= 600,
            "backoff": 0 <= least <= most <= 600,
            "attempts": 5 <= attempts <= 100,
            "filter": len((each.values["filter"] or "").encode()) <= LONGEST_FILTER_BYTES,
        }
        yield from (
            f"{each.address}: {what} out of range" for what, holds in within.items() if not holds
        )


def kept(plan: Plan) -> Iterator[str]:
    """Dead letters wait for a person for as long as the service keeps anything."""
    pipeline = load_pipeline()
    for name, defined in pipeline.subscriptions.items():
        yield from says(
            plan.named("pubsub_subscription", name),
            {
                "topic": plan.id_of("pubsub_topic", defined.topic),
                "expiration_policy.ttl": "",
                "message_retention_duration": f"{pipeline.topics[defined.topic].retention_s}s",
                "filter": None,
            },
        )


def dead_letters(plan: Plan) -> Iterator[str]:
    """Pub/Sub may move what is given up: publish there, and take it away from where it was."""
    agent = "agent gcp-sa-pubsub"
    found = {(grant.may, grant.on) for grant in plan.grants if grant.who == agent}
    wanted = {("pubsub.publisher", f"topic {DEAD_LETTERS}")} | {
        ("pubsub.subscriber", f"subscription {name}")
        for function in load_pipeline().functions.values()
        for name in function.pushes
    }
    for may, on in sorted(wanted - found):
        yield f"{agent} lacks {may} on {on}"


def schedules(plan: Plan) -> Iterator[str]:
    """Each function on a schedule is called in its interval, once."""
    wanted = {name: each for name, each in load_pipeline().functions.items() if not each.pushes}
    made = {each.values["name"]: each for each in plan.of_kind("cloud_scheduler_job")}
    yield from exactly("schedules", wanted, made)
    for name in wanted.keys() & made.keys():
        trigger = wanted[name].trigger
        yield from says(
            made[name],
            {
                "schedule": f"*/{getattr(trigger, 'every_s', 0) / 60:g} * * * *",
                "attempt_deadline": f"{getattr(trigger, 'timeout_s', 0)}s",
                "retry_config.retry_count": 0,
                "http_target.http_method": "POST",
            },
        )
        if made[name].values.get("paused"):
            yield f"{made[name].address}: is paused"
