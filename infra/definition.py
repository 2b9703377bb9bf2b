"""The pipeline's one definition as values: what `pipeline.yaml` says, checked whole.

Every bucket, topic, subscription, function and dataset is named there and nowhere else; whoever
deploys, wires or documents the pipeline reads it through this module.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from infra.document import Node, read_document, settle

PIPELINE = Path(__file__).with_name("pipeline.yaml")
DEAD_LETTERS = "dead-letters"
# A deployment's own data, which functions find as JSON files.
DATA_FILES: Mapping[str, str] = {
    "facilities": "[the facilities](../../infra/README.md#facilities)",
    "profiles": "[the profiles](../../infra/README.md#profiles) of de-identification",
    "targets": "[the targets](#targets)",
}

_STEM = re.compile(r"[a-z][a-z0-9-]{1,40}[a-z0-9]")
_REST = ("resources", "schemas", "environment")
_VARIABLE = re.compile(r"[A-Z][A-Z0-9_]*")

T = TypeVar("T")


class Kind(StrEnum):
    """What an environment variable's value is made from."""

    BUCKET = "bucket"
    TOPIC = "topic"
    DATASET = "dataset"
    FILE = "file"
    SECRET = "secret"  # noqa: S105  the word, not one
    SETTING = "setting"
    SUBSCRIPTION = "subscription"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """A bucket, and the topic that hears of new objects in it."""

    name: str
    description: str
    notifies: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """A topic, and how long it keeps what was published."""

    name: str
    description: str
    retention_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """A pull subscription that belongs to no function and never expires."""

    name: str
    topic: str
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Push:
    """A function is called for each message of a topic, under these terms."""

    topic: str
    filter: str
    ack_deadline_s: int
    min_backoff_s: float
    max_backoff_s: float
    max_attempts: int | None  # then it is a dead letter; None: it never is


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """A function is called at an interval."""

    every_s: float
    timeout_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Resources:
    """What one instance of a function may use."""

    memory_mib: int
    cpu: float
    concurrency: int
    timeout_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """Where an environment variable's value comes from."""

    kind: Kind
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """A function; its stage is its folder, its entry point and its subscription's stem."""

    stage: str
    description: str
    trigger: Push | Schedule
    also: tuple[Push, ...]  # more topics, under the same terms
    targets: Push | None  # for each target again, over a subscription of its own
    resources: Resources
    schemas: bool
    environment: Mapping[str, Reference]

    @property
    def pushes(self) -> Mapping[str, Push]:
        """The push subscriptions by name: the stage's own, and behind it the other topics'."""
        own = {self.stage: self.trigger} if isinstance(self.trigger, Push) else {}
        return own | {f"{self.stage}-{push.topic}": push for push in self.also}


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """A dataset with the names of its tables and views."""

    name: str
    description: str
    tables: tuple[str, ...]
    views: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipeline:
    """Every part of the pipeline by name."""

    buckets: Mapping[str, Bucket]
    topics: Mapping[str, Topic]
    subscriptions: Mapping[str, Subscription]
    functions: Mapping[str, Function]
    datasets: Mapping[str, Dataset]


def load_pipeline(path: Path = PIPELINE) -> Pipeline:
    """The pipeline of a file; raises a DefinitionError that lists every problem."""
    document = read_document(path)
    pipeline = _pipeline(document)
    _check_references(pipeline, document)
    settle(path.name, document)
    return pipeline


def _pipeline(node: Node) -> Pipeline:
    node.only("buckets", "topics", "subscriptions", "functions", "datasets")
    return Pipeline(
        buckets=_named(node.child("buckets"), _bucket),
        topics=_named(node.child("topics"), _topic),
        subscriptions=_named(node.child("subscriptions"), _subscription),
        functions=_named(node.child("functions"), _function),
        datasets=_named(node.child("datasets"), _dataset),
    )


def _named(node: Node, read: Callable[[str, Node], T]) -> dict[str, T]:
    for name, child in node.entries():
        if not _STEM.fullmatch(name):
            child.problem("needs a name of lower-case letters, digits and hyphens")
    return {name: read(name, child) for name, child in node.entries()}


def _bucket(name: str, node: Node) -> Bucket:
    node.only("description", "notifies")
    return Bucket(
        name=name, description=node.text("description"), notifies=node.text("notifies", "")
    )


def _topic(name: str, node: Node) -> Topic:
    node.only("description", "retention_s")
    return Topic(
        name=name, description=node.text("description"), retention_s=node.count("retention_s")
    )


def _subscription(name: str, node: Node) -> Subscription:
    node.only("description", "topic")
    return Subscription(name=name, topic=node.text("topic"), description=node.text("description"))


def _dataset(name: str, node: Node) -> Dataset:
    node.only("description", "tables", "views")
    return Dataset(
        name=name,
        description=node.text("description"),
        tables=node.names("tables"),
        views=node.names("views"),
    )


def _function(name: str, node: Node) -> Function:
    node.only("description", "trigger", "also", "targets", "delivery", *_REST)
    return Function(
        stage=name,
        description=node.text("description"),
        trigger=_trigger(node.child("trigger"), node.child("delivery")),
        also=tuple(_push(push, node.child("delivery")) for push in node.children("also")),
        targets=_targets(node),
        resources=_resources(node.child("resources")),
        schemas=node.flag("schemas"),
        environment=_environment(node.child("environment")),
    )


def _trigger(trigger: Node, delivery: Node) -> Push | Schedule:
    if "every_s" in trigger:
        trigger.only("every_s")
        delivery.only("timeout_s")
        return Schedule(every_s=trigger.number("every_s"), timeout_s=delivery.count("timeout_s"))
    return _push(trigger, delivery)


def _push(trigger: Node, delivery: Node) -> Push:
    trigger.only("topic", "filter")
    delivery.only("ack_deadline_s", "min_backoff_s", "max_backoff_s", "max_attempts")
    return Push(
        topic=trigger.text("topic"),
        filter=trigger.text("filter", ""),
        ack_deadline_s=delivery.count("ack_deadline_s"),
        min_backoff_s=delivery.number("min_backoff_s"),
        max_backoff_s=delivery.number("max_backoff_s"),
        max_attempts=delivery.count("max_attempts"),
    )


def _targets(node: Node) -> Push | None:
    if "targets" not in node:
        return None
    targets = node.child("targets")
    targets.only("topic")
    return replace(_push(targets, node.child("delivery")), max_attempts=None)


def _resources(node: Node) -> Resources:
    node.only("memory_mib", "cpu", "concurrency", "timeout_s")
    return Resources(
        memory_mib=node.count("memory_mib"),
        cpu=node.number("cpu"),
        concurrency=node.count("concurrency"),
        timeout_s=node.count("timeout_s"),
    )


def _environment(node: Node) -> dict[str, Reference]:
    read = {name: _reference(name, child) for name, child in node.entries()}
    return {name: reference for name, reference in read.items() if reference}


def _reference(variable: str, node: Node) -> Reference | None:
    if not _VARIABLE.fullmatch(variable):
        node.problem("needs a name of capitals, digits and underscores")
    found = list(node.scalars().items())
    if len(found) != 1 or found[0][0] not in set(Kind):
        node.problem(f"needs exactly one of {', '.join(Kind)}")
        return None
    return Reference(kind=Kind(found[0][0]), name=found[0][1])


def _check_references(pipeline: Pipeline, node: Node) -> None:
    for where, kind, name in _references(pipeline):
        known: Mapping[Kind, Iterable[str]] = {
            Kind.BUCKET: pipeline.buckets,
            Kind.TOPIC: pipeline.topics,
            Kind.DATASET: pipeline.datasets,
            Kind.SUBSCRIPTION: pipeline.subscriptions,
            Kind.FILE: DATA_FILES,
        }
        if kind in known and name not in known[kind]:
            node.problems.append(f"{where} names an unknown {kind} {name!r}")
    for name in pipeline.subscriptions.keys() & pipeline.functions.keys():
        node.problems.append(f"subscriptions.{name} has the name of a function")


def _references(pipeline: Pipeline) -> Iterable[tuple[str, Kind, str]]:
    for bucket in pipeline.buckets.values():
        if bucket.notifies:
            yield f"buckets.{bucket.name}", Kind.TOPIC, bucket.notifies
    for subscription in pipeline.subscriptions.values():
        yield f"subscriptions.{subscription.name}", Kind.TOPIC, subscription.topic
    for function in pipeline.functions.values():
        where = f"functions.{function.stage}"
        for name, push in function.pushes.items():
            yield f"{where}.{name}", Kind.TOPIC, push.topic
            yield f"{where}.delivery", Kind.TOPIC, DEAD_LETTERS
        if function.targets:
            yield f"{where}.targets", Kind.TOPIC, function.targets.topic
        for variable, reference in function.environment.items():
            yield f"{where}.environment.{variable}", reference.kind, reference.name
