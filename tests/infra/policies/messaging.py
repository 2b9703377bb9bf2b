"""Topics and subscriptions."""

from collections.abc import Iterator
from typing import Final

from infra.definition import DEAD_LETTERS, load_pipeline
from tests.infra.plan import PROJECT, REGION, Plan
from tests.infra.policies.calls import Call, calls
from tests.infra.policies.differences import exactly, same, says
from tests.infra.terraform import EVENTS_SCHEMA

LONGEST_FILTER_BYTES: Final = 256
LONGEST_RETENTION_S: Final = 31 * 24 * 60 * 60
REMINDERS: Final = "secret-rotation"
EVENTS: Final = "events"


def topics(plan: Plan) -> Iterator[str]:
    """Topics are those of the definition, keep what it says, in the region, encrypted."""
    pipeline = load_pipeline()
    made = {each.values["name"]: each for each in plan.of_kind("pubsub_topic")}
    yield from exactly("topics", {*pipeline.topics, REMINDERS}, made)
    for name, topic in made.items():
        key = "operations" if name in {EVENTS, REMINDERS} else "identities"
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


def schemas(plan: Plan) -> Iterator[str]:
    """Nothing is published among public events that the contract has no field for."""
    made = {each.values["name"]: each for each in plan.of_kind("pubsub_schema")}
    yield from exactly("schemas", {EVENTS}, made)
    for schema in made.values():
        yield from says(
            schema, {"type": "PROTOCOL_BUFFER", "definition": EVENTS_SCHEMA.read_text()}
        )
    for topic in plan.of_kind("pubsub_topic"):
        settings = topic.block("schema_settings")
        found = {name: settings.get(name) for name in ("schema", "encoding")}
        wanted: dict[str, str | None] = {"schema": None, "encoding": None}
        if topic.values["name"] == EVENTS:
            wanted = {"schema": plan.id_of("pubsub_schema", EVENTS), "encoding": "JSON"}
        yield from same(topic.address, wanted, found)


def subscriptions(plan: Plan) -> Iterator[str]:
    """Each function is called for its topics and its targets, under the definition's terms."""
    wanted = {each.name: each for each in calls(plan.variables)}
    made = {each.values["name"] for each in plan.of_kind("pubsub_subscription")}
    yield from exactly("subscriptions", {*wanted, *load_pipeline().subscriptions}, made)
    for name in wanted.keys() & made:
        yield from says(plan.named("pubsub_subscription", name), _terms(plan, wanted[name]))


def _terms(plan: Plan, call: Call) -> dict[str, object]:
    dead_letters = plan.id_of("pubsub_topic", DEAD_LETTERS) if call.gives_up else None
    return {
        "name": call.name,
        "topic": plan.id_of("pubsub_topic", call.push.topic),
        "filter": call.filter,
        "ack_deadline_seconds": call.push.ack_deadline_s,
        "message_retention_duration": f"{call.retention_s}s",
        "expiration_policy.ttl": "",
        "retry_policy.minimum_backoff": f"{call.push.min_backoff_s:g}s",
        "retry_policy.maximum_backoff": f"{call.push.max_backoff_s:g}s",
        "dead_letter_policy.dead_letter_topic": dead_letters,
        "dead_letter_policy.max_delivery_attempts": call.push.max_attempts,
        "push_config.push_endpoint": f"https://{call.stage}{call.path}",
        "push_config.oidc_token.audience": f"https://{call.stage}",
        "push_config.oidc_token.service_account_email": (
            f"{call.identity}@{PROJECT}.iam.gserviceaccount.com"
        ),
        "enable_message_ordering": None,
    }


def ranges(plan: Plan) -> Iterator[str]:
    """What the service takes no other numbers for is within them."""
    for each in plan.of_kind("pubsub_subscription"):
        if not each.values["push_config"]:
            continue
        backoff = each.block("retry_policy")
        least, most = (int(backoff[f"{end}_backoff"].rstrip("s")) for end in ("minimum", "maximum"))
        given_up = each.block("dead_letter_policy")
        within = {
            "acknowledgement deadline": 10 <= each.values["ack_deadline_seconds"] <= 600,
            "backoff": 0 <= least <= most <= 600,
            "attempts": not given_up or 5 <= given_up["max_delivery_attempts"] <= 100,
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
        ("pubsub.subscriber", f"subscription {call.name}")
        for call in calls(plan.variables)
        if call.gives_up
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
