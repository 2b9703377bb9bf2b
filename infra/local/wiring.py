"""Makes everything the definition names, with Google's clients; what exists stays as it is.

Run as a program by the supervisor: `python -m infra.local.wiring --state <folder>`.
"""

import argparse
import contextlib
import json
import sys
from dataclasses import replace
from pathlib import Path

from google.api_core.exceptions import AlreadyExists, BadRequest, Conflict, NotFound
from google.cloud import bigquery
from google.protobuf.duration_pb2 import Duration
from google.pubsub_v1 import types as pubsub

from infra.definition import DEAD_LETTERS, Dataset, Function, Pipeline, Push, Subscription, Topic
from infra.local.clients import Clients
from infra.local.endpoints import HOST, Endpoints
from infra.local.layout import ROOT, Layout
from infra.local.overrides import Profile, load_profile, local_pipeline
from infra.local.state import read_state
from shared.contracts.targets import subscription_of

SCHEMAS = ROOT / "infra" / "schemas"
VIEWS = ROOT / "infra" / "views"


class Wiring:
    """The parts of one local cloud, made through its clients."""

    def __init__(self, clients: Clients, profile: Profile, ports: Endpoints) -> None:
        self.clients = clients
        self.profile = profile
        self.ports = ports

    def make(self, pipeline: Pipeline) -> None:
        """Every part exists."""
        for topic in pipeline.topics.values():
            self.topic(topic)
        for subscription in pipeline.subscriptions.values():
            self.keeper(subscription, pipeline.topics[subscription.topic])
        for function in pipeline.functions.values():
            for name, push in function.pushes.items():
                self.push(name, push, self._endpoint(function))
            if function.targets:
                self.targets(function, function.targets, pipeline.topics[function.targets.topic])
        for bucket in pipeline.buckets:
            self.bucket(bucket)
        for dataset in pipeline.datasets.values():
            self.dataset(dataset)

    def bucket(self, name: str) -> None:
        """A bucket exists."""
        with contextlib.suppress(Conflict):
            self.clients.storage.create_bucket(self.profile.bucket(name))

    def topic(self, topic: Topic) -> None:
        """A topic exists and keeps its messages as long as the definition says."""
        request = pubsub.Topic(
            name=self.clients.topic(topic.name),
            message_retention_duration=Duration(seconds=topic.retention_s),
        )
        with contextlib.suppress(AlreadyExists):
            self.clients.publisher.create_topic(request=request)

    def keeper(self, subscription: Subscription, topic: Topic) -> None:
        """A pull subscription exists that never expires and keeps what its topic keeps."""
        self._subscribe(
            pubsub.Subscription(
                name=self.clients.subscription(subscription.name),
                topic=self.clients.topic(subscription.topic),
                message_retention_duration=Duration(seconds=topic.retention_s),
            )
        )

    def push(self, name: str, trigger: Push, endpoint: str) -> None:
        """A function is called for each message of a topic."""
        subscription = self._pushed(name, trigger, endpoint)
        subscription.dead_letter_policy = pubsub.DeadLetterPolicy(
            dead_letter_topic=self.clients.topic(DEAD_LETTERS),
            max_delivery_attempts=trigger.max_attempts,
        )
        self._subscribe(subscription)

    def targets(self, function: Function, trigger: Push, topic: Topic) -> None:
        """A function is called for each message and target; none ever becomes a dead letter."""
        for target in self.profile.targets:
            endpoint = f"{self._endpoint(function)}targets/{target.name}"
            wanted = replace(trigger, filter=target.filter)
            subscription = self._pushed(subscription_of(target.name), wanted, endpoint)
            subscription.message_retention_duration = Duration(seconds=topic.retention_s)
            self._subscribe(subscription)

    def _endpoint(self, function: Function) -> str:
        return f"http://{HOST}:{self.ports.functions[function.stage]}/"

    def _pushed(self, name: str, trigger: Push, endpoint: str) -> pubsub.Subscription:
        return pubsub.Subscription(
            name=self.clients.subscription(name),
            topic=self.clients.topic(trigger.topic),
            filter=trigger.filter,
            ack_deadline_seconds=trigger.ack_deadline_s,
            push_config=pubsub.PushConfig(push_endpoint=endpoint),
            retry_policy=pubsub.RetryPolicy(
                minimum_backoff=_duration(trigger.min_backoff_s),
                maximum_backoff=_duration(trigger.max_backoff_s),
            ),
        )

    def dataset(self, dataset: Dataset) -> None:
        """A dataset exists with its tables and views."""
        client = self.clients.bigquery
        client.create_dataset(bigquery.Dataset(f"{client.project}.{dataset.name}"), exists_ok=True)
        for name in dataset.tables:
            file = SCHEMAS / f"{dataset.name}.{name}.json"
            client.create_table(_table(f"{client.project}.{file.stem}", file), exists_ok=True)
        self._views([VIEWS / f"{dataset.name}.{name}.sql" for name in dataset.views])

    def _views(self, files: list[Path]) -> None:
        """Make the views in an order in which each finds what it reads."""
        while files:
            waiting = [file for file in files if not self._view(file, last=len(files) == 1)]
            if len(waiting) == len(files):
                self._view(waiting[0], last=True)
            files = waiting

    def _view(self, file: Path, *, last: bool) -> bool:
        view = bigquery.Table(f"{self.clients.project}.{file.stem}")
        view.view_query = file.read_text(encoding="utf-8")
        try:
            self.clients.bigquery.create_table(view, exists_ok=True)
        except (BadRequest, NotFound):
            if last:
                raise
            return False
        return True

    def _subscribe(self, subscription: pubsub.Subscription) -> None:
        subscription.expiration_policy = pubsub.ExpirationPolicy()
        with contextlib.suppress(AlreadyExists):
            self.clients.subscriber.create_subscription(request=subscription)


def _duration(seconds: float) -> Duration:
    return Duration(seconds=int(seconds), nanos=round(seconds % 1 * 1e9))


def _table(name: str, file: Path) -> bigquery.Table:
    """Return the table that a schema file describes."""
    schema = json.loads(file.read_text(encoding="utf-8"))
    fields = [bigquery.SchemaField.from_api_repr(field) for field in schema["fields"]]
    table = bigquery.Table(name, fields)
    table.description = schema["description"]
    if schema.get("partition_field"):
        table.time_partitioning = bigquery.TimePartitioning(field=schema["partition_field"])
    table.clustering_fields = schema.get("clustering") or None
    return table


def main() -> int:
    """Wire the cloud of a state folder."""
    parser = argparse.ArgumentParser(prog="python -m infra.local.wiring")
    parser.add_argument("--state", type=Path, required=True, help="folder of the cloud")
    state = read_state(Layout(parser.parse_args().state))
    if state is None:
        print("no local cloud here", file=sys.stderr)
        return 1
    profile = load_profile(state.settings, state.targets_file)
    clients = Clients(state.endpoints.clients(profile))
    Wiring(clients, profile, state.endpoints).make(local_pipeline(profile))
    return 0


if __name__ == "__main__":
    sys.exit(main())
