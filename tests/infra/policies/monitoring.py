"""What is counted, promised, told and written down."""

import json
import logging
import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Final

from functions.deidentify import handler as deidentify
from functions.index.handler import Index
from functions.ingest import handler as ingest
from shared.adapters.memory import ManualClock, MemoryTables
from shared.contracts.outcome import OutcomeKind
from shared.errors import TransientError
from shared.ports import Done
from shared.runtime import delivery, log
from tests.infra.plan import PROJECT_NUMBER, REGION, Plan, Resource
from tests.infra.policies.calls import calls
from tests.infra.policies.differences import exactly, same, says
from tests.outcomes import MOMENT, an_outcome

AUDITED: Final = ("bigquery", "cloudkms", "pubsub", "secretmanager", "storage")
AUDITS: Final = {"ADMIN_READ", "DATA_READ", "DATA_WRITE"}
# By function: which latency is promised, and how many milliseconds.
OBJECTIVES: Final = {"ingest": ("decided_after", 300_000), "index": ("indexed_after", 600_000)}
GOAL: Final = 0.999
BURN_RATES: Final = {"3600s": 14.4, "21600s": 6}
COUNTERS: Final = {
    "bytes",
    "decided",
    "decided_after",
    "duration",
    "handled",
    "indexed_after",
    "retried",
}

REFUSED_SHARE: Final = 0.2
# Of Pub/Sub (the service's list of metrics); what else is counted is counted from our log.
_PUBSUB: Final = "pubsub.googleapis.com/subscription"
GIVEN_UP: Final = f"{_PUBSUB}/dead_letter_message_count"
WAITS: Final = f"{_PUBSUB}/oldest_unacked_message_age"
_METRIC: Final = re.compile(r'metric\.type ?= ?"([^"]+)"')
_TERM: Final = re.compile(r"jsonPayload\.(\w+) (=|>=) \"?([^\"]+?)\"?(?: AND |$)")
_FIELD: Final = re.compile(r"EXTRACT\(jsonPayload\.(\w+)\)")
# Which service each kind of resource needs, where it is not named after it.
_SERVICES: Final = {
    "cloudfunctions2": "cloudfunctions",
    "artifact": "artifactregistry",
    "bigquery": "bigquery",
    "billing": "billingbudgets",
    "cloud_run": "run",
    "cloud_scheduler": "cloudscheduler",
    "data_catalog": "datacatalog",
    "kms": "cloudkms",
    "logging": "logging",
    "monitoring": "monitoring",
    "pubsub": "pubsub",
    "secret_manager": "secretmanager",
    "service_account": "iam",
    "storage": "storage",
}


class _Kept(logging.Handler):
    def __init__(self, stage: str) -> None:
        super().__init__()
        self.setFormatter(log.JsonFormatter(stage, "example"))
        self.lines: list[Mapping[str, Any]] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(json.loads(self.format(record)))


@cache
def lines() -> tuple[Mapping[str, Any], ...]:
    """Return lines as the functions write them: an outcome of each kind, and a failure."""
    index = Index(tables=MemoryTables(), clock=ManualClock(time=MOMENT))
    return (
        _line("ingest", ingest._done(an_outcome(from_inbox=True))),
        _line("index", index(an_outcome(from_inbox=True))),
        _line("deidentify", deidentify._done(an_outcome(OutcomeKind.DEIDENTIFIED))),
        _line("index", TransientError("made-up")),
    )


def _line(stage: str, what: Done | TransientError) -> Mapping[str, Any]:
    def handle() -> Done:
        if isinstance(what, TransientError):
            raise what
        return what

    kept, logger = _Kept(stage), logging.getLogger("inlet")
    level = logger.level
    logger.addHandler(kept)
    logger.setLevel(logging.INFO)
    try:
        delivery.run(lambda: handle)
    finally:
        logger.removeHandler(kept)
        logger.setLevel(level)
    (line,) = kept.lines
    return line


def counters(plan: Plan) -> Iterator[str]:
    """What is counted from the log is in the log: such a line is written, with those fields."""
    made = {each.values["name"]: each for each in plan.of_kind("logging_metric")}
    yield from exactly("counters", {f"inlet/{name}" for name in COUNTERS}, made)
    for name, metric in made.items():
        terms = _TERM.findall(metric.values["filter"])
        matching = [line for line in lines() if all(_holds(line, *term) for term in terms)]
        if not terms or not matching:
            yield f"{name}: counts lines that no function writes"
        extracted = [
            metric.values["value_extractor"] or "",
            *metric.values["label_extractors"].values(),
        ]
        for field in _FIELD.findall(" ".join(extracted)):
            if not all(field in line for line in matching):
                yield f"{name}: the lines have no field {field}"
        labels = {label["key"] for label in metric.block("metric_descriptor")["labels"]}
        yield from exactly(f"labels of {name}", metric.values["label_extractors"], labels)
        kind = "DISTRIBUTION" if metric.values["value_extractor"] else "INT64"
        yield from same(name, kind, metric.block("metric_descriptor")["value_type"])


def _holds(line: Mapping[str, Any], field: str, sign: str, value: str) -> bool:
    return field in line and (line[field] == value if sign == "=" else line[field] >= int(value))


def alerts(plan: Plan) -> Iterator[str]:
    """People are told of each message that is given up and of each that waits for too long."""
    found = {}
    for alert in plan.of_kind("monitoring_alert_policy"):
        yield from same(alert.address, _channels(plan), alert.values["notification_channels"])
        if alert.values["enabled"] is False:
            yield f"{alert.address}: is off"
        condition = alert.block("conditions", "condition_threshold")
        (metric,) = _METRIC.findall(condition["filter"]) or ("",)
        subscription = re.findall(r'subscription_id = "([^"]+)"', condition["filter"])
        if subscription:
            found[metric, subscription[0]] = (condition["comparison"], condition["threshold_value"])
    wanted = {
        (metric, call.name): ("COMPARISON_GT", threshold)
        for call in calls(plan.variables)
        for metric, threshold in ((GIVEN_UP, 0), (WAITS, call.waiting_s))
        if call.gives_up or metric == WAITS
    }
    yield from same("alerts of subscriptions", wanted, found)


def _channels(plan: Plan) -> list[str]:
    emails = sorted(plan.variables["alert_emails"])
    return [plan.id_of("monitoring_notification_channel", email) for email in emails]


def objectives(plan: Plan) -> Iterator[str]:
    """What is promised is measured, and people are told when it is missed."""
    yield from exactly(
        "objectives",
        {f"{name}-in-time" for name in OBJECTIVES},
        {each.values["slo_id"] for each in plan.of_kind("monitoring_slo")},
    )
    for name, (metric, most_ms) in OBJECTIVES.items():
        slo = plan.named("monitoring_slo", name)
        cut = slo.block("request_based_sli", "distribution_cut")
        counted = plan.named("logging_metric", metric)
        bounds = counted.block("bucket_options", "explicit_buckets").get("bounds", ())
        yield from says(slo, {"goal": GOAL, "rolling_period_days": 28})
        yield from same(slo.address, {"min": 0, "max": most_ms}, dict(cut["range"][0]))
        yield from same(
            slo.address,
            [f"logging.googleapis.com/user/inlet/{metric}"],
            _METRIC.findall(cut["distribution_filter"]),
        )
        yield from says(counted, {"value_extractor": "EXTRACT(jsonPayload.since_landed_ms)"})
        if most_ms not in bounds:
            yield f"{slo.address}: what is late is not counted apart"
    burning = {
        condition["filter"]: condition["threshold_value"]
        for alert in plan.of_kind("monitoring_alert_policy")
        for condition in [alert.block("conditions", "condition_threshold")]
        if "select_slo_burn_rate" in condition["filter"]
    }
    wanted = {
        f'select_slo_burn_rate("{plan.id_of("monitoring_slo", name)}", "{window}")': factor
        for name in OBJECTIVES
        for window, factor in BURN_RATES.items()
    }
    yield from same("burn rates", wanted, burning)


def quarantine_share(plan: Plan) -> Iterator[str]:
    """People are told when a facility's uploads are refused in number."""
    condition = plan.named("monitoring_alert_policy", "quarantine_share").block(
        "conditions", "condition_threshold"
    )
    decided = "logging.googleapis.com/user/inlet/decided"
    for side in ("filter", "denominator_filter"):
        yield from same(side, [decided], _METRIC.findall(condition[side]))
    yield from same("share", REFUSED_SHARE, condition["threshold_value"])
    refused = f'metric.labels.outcome = "{OutcomeKind.QUARANTINED}"'
    yield from same(
        "share",
        (True, False),
        (refused in condition["filter"], refused in condition["denominator_filter"]),
    )
    for aggregation in (*condition["aggregations"], *condition["denominator_aggregations"]):
        yield from same("share by", ["metric.labels.facility"], aggregation["group_by_fields"])


def dashboard(plan: Plan) -> Iterator[str]:
    """The dashboard draws what there is."""
    drawn = json.loads(plan.named("monitoring_dashboard", "inlet").values["dashboard_json"])
    known = {
        f"logging.googleapis.com/user/{each.values['name']}"
        for each in plan.of_kind("logging_metric")
    }
    metrics = _METRIC.findall(json.dumps(drawn).replace('\\"', '"'))
    yield from (
        f"dashboard: nothing counts {metric}" for metric in set(metrics) - known - {GIVEN_UP, WAITS}
    )
    yield from same("tiles", len(drawn["mosaicLayout"]["tiles"]), len(metrics))


def budget(plan: Plan) -> Iterator[str]:
    """Where a billing account is named, its spending on this project is watched."""
    account = plan.variables["billing_account"]
    made = plan.of_kind("billing_budget")
    yield from same(
        "budget", [account] if account else [], [each.values["billing_account"] for each in made]
    )
    for each in made:
        yield from says(
            each,
            {
                "budget_filter.projects": [f"projects/{PROJECT_NUMBER}"],
                "amount.specified_amount.units": str(plan.variables["monthly_budget"]),
                "all_updates_rule.monitoring_notification_channels": _channels(plan),
            },
        )


def audit(plan: Plan) -> Iterator[str]:
    """Who read what is written down, of everybody."""
    found = {
        each.values["service"]: {
            entry["log_type"]
            for entry in each.values["audit_log_config"]
            if not entry["exempted_members"]
        }
        for each in plan.of_kind("project_iam_audit_config")
    }
    yield from same("audit", {f"{name}.googleapis.com": AUDITS for name in AUDITED}, found)


def services(plan: Plan) -> Iterator[str]:
    """The services of what is made are on, and stay so for others when it is removed."""
    on = {each.values["service"].partition(".")[0] for each in plan.of_kind("project_service")}
    for prefix, service in _SERVICES.items():
        if service not in on and any(
            each.kind.startswith(f"google_{prefix}") for each in plan.resources
        ):
            yield f"{service} is needed and not on"
    for each in plan.of_kind("project_service"):
        yield from says(each, {"disable_on_destroy": False})


def region(plan: Plan) -> Iterator[str]:
    """Nothing is anywhere else."""
    for each in plan.resources:
        for name in ("location", "region"):
            if each.values.get(name) not in {None, REGION}:
                yield f"{each.address}.{name} is {each.values[name]}"


def labels(plan: Plan) -> Iterator[str]:
    """What is refused by its length only when it is made is short enough."""
    for each in plan.of_kind("service_account"):
        yield from _length(each, "account_id", 6, 30)
        yield from _length(each, "display_name", 1, 100)


def _length(resource: Resource, name: str, least: int, most: int) -> Iterator[str]:
    if not least <= len(resource.values[name]) <= most:
        yield f"{resource.address}.{name} has {len(resource.values[name])} characters"
