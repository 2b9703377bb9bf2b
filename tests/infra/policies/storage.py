"""Buckets, keys, and what is told of a new object."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from functions.sweep.terms import LOOKBACK
from infra.data_files import facilities as registry
from infra.definition import load_pipeline
from tests.infra.plan import PROJECT, Plan, Resource
from tests.infra.policies.differences import exactly, same, says
from tests.infra.terraform import INFRA

DAY_S: Final = 24 * 60 * 60
LONGEST_ROTATION_DAYS: Final = 365
# Where what is live is deleted in the end: by which variable, and after how many days at the least.
# What was declared is claimed among the receipts for as long as it may be declared again.
EXPIRING: Final = {
    "quarantine": ("quarantine_days", 30),
    "receipts": ("receipt_days", LOOKBACK.days),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What holds for a bucket."""

    key: str
    versioned: bool = False
    restorable: bool = False  # for as long as `soft_delete_days` says
    disposable: bool = False  # whatever it holds


BUCKETS: Final = {
    "archive": Terms(key="identities", versioned=True, restorable=True),
    "bundles": Terms(key="operations", disposable=True),
    "inbox": Terms(key="identities", versioned=True),
    "quarantine": Terms(key="identities", restorable=True),
    "receipts": Terms(key="identities"),
    "research": Terms(key="research"),
}


def buckets(plan: Plan) -> Iterator[str]:
    """Each bucket is closed, encrypted, and keeps what was deleted for as long as it should."""
    made = [each.values["name"] for each in plan.of_kind("storage_bucket")]
    yield from exactly("buckets", {f"{PROJECT}-{name}" for name in BUCKETS}, made)
    yield from exactly("buckets", {"bundles", *load_pipeline().buckets}, BUCKETS)
    for name, terms in BUCKETS.items():
        days = plan.variables["soft_delete_days"] if terms.restorable else 0
        versioned = True if terms.versioned else None
        if name == "archive" and plan.variables["archive_retention"]:
            versioned = False
        yield from says(
            plan.named("storage_bucket", name),
            {
                "name": f"{PROJECT}-{name}",
                "uniform_bucket_level_access": True,
                "public_access_prevention": "enforced",
                "force_destroy": terms.disposable,
                "encryption.default_kms_key_name": plan.id_of("kms_crypto_key", terms.key),
                "versioning.enabled": versioned,
                "soft_delete_policy.retention_duration_seconds": days * DAY_S,
            },
        )


def lifecycles(plan: Plan) -> Iterator[str]:
    """What is live is deleted by no rule but those that were asked for: receipts, quarantine."""
    for name in BUCKETS:
        variable, least = EXPIRING.get(name, (None, 0))
        days = variable and plan.variables[variable]
        bucket = plan.named("storage_bucket", name)
        deleting = [
            rule["condition"][0]
            for rule in bucket.values["lifecycle_rule"]
            if rule["action"][0]["type"] == "Delete"
        ]
        of_live = [each for each in deleting if each.get("with_state") != "ARCHIVED"]
        yield from same(bucket.address, [days] if days else [], [each["age"] for each in of_live])
        if days and days < least:
            yield f"{bucket.address}: a rule deletes what nobody may have seen"
        for each in deleting:
            if each not in of_live:
                yield from same(bucket.address, 31, each["days_since_noncurrent_time"])


def retention(plan: Plan) -> Iterator[str]:
    """The archive keeps, and cools, as its variables say."""
    archive, asked = plan.named("storage_bucket", "archive"), plan.variables["archive_retention"]
    expected = asked and {
        "is_locked": asked["locked"],
        "retention_period": str(asked["days"] * DAY_S),
    }
    yield from same(archive.address, expected or {}, archive.block("retention_policy"))
    classes = {
        rule["action"][0]["storage_class"]: rule["condition"][0]["age"]
        for rule in archive.values["lifecycle_rule"]
        if rule["action"][0]["type"] == "SetStorageClass"
    }
    yield from same(archive.address, plan.variables["archive_classes"], classes)


def notifications(plan: Plan) -> Iterator[str]:
    """The topic of a bucket hears of each new object, in the form that functions read."""
    wanted = {
        name: each.notifies for name, each in load_pipeline().buckets.items() if each.notifies
    }
    made = {each.values["bucket"]: each for each in plan.of_kind("storage_notification")}
    yield from exactly("notifications", {f"{PROJECT}-{name}" for name in wanted}, made)
    for name, topic in wanted.items():
        yield from says(
            made.get(f"{PROJECT}-{name}", _nothing(name)),
            {
                "topic": plan.id_of("pubsub_topic", topic),
                "payload_format": "JSON_API_V1",
                "event_types": ["OBJECT_FINALIZE"],
                "object_name_prefix": None,
            },
        )


def folders(plan: Plan) -> Iterator[str]:
    """Each registered facility has a folder of its own in the inbox, and among the receipts."""
    wanted = {
        f"{PROJECT}-{bucket}/{name}/"
        for name in registry(INFRA / plan.variables["facilities_file"])
        for bucket in ("inbox", "receipts")
    }
    made = [each.values for each in plan.of_kind("storage_managed_folder")]
    yield from exactly("folders", wanted, {f"{each['bucket']}/{each['name']}" for each in made})


def keys(plan: Plan) -> Iterator[str]:
    """Each key is made anew in time."""
    for key in plan.of_kind("kms_crypto_key"):
        rotation = int((key.values["rotation_period"] or "0s").rstrip("s"))
        if not 0 < rotation <= LONGEST_ROTATION_DAYS * DAY_S:
            yield f"{key.address}: is never rotated, or too rarely"


def _nothing(name: str) -> Resource:
    return Resource(address=f"notification of {name}", kind="", values={})
