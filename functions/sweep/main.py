"""Entry point of `sweep`: wiring only."""

import os
from functools import partial
from pathlib import Path

import functions_framework
from flask import Request

from functions.sweep.handler import Sweep
from functions.sweep.settings import Settings
from functions.sweep.wiring import Reach, wired
from shared.adapters.cloud_storage import CloudStorage
from shared.adapters.pubsub import PubSubSubscription, PubSubTopic
from shared.adapters.system_clock import SystemClock
from shared.adapters.warehouse import BigQueryWarehouse
from shared.runtime import delivery, log
from shared.runtime.environment import Environment

SETTINGS = Settings.from_env(Environment(os.environ))
log.configure("sweep", SETTINGS.project)
SCHEMAS = Path(__file__).parent / "schemas"


def _make() -> Sweep:
    project, objects = SETTINGS.project, CloudStorage(SETTINGS.project)
    warehouse = BigQueryWarehouse(project, SETTINGS.dataset, SCHEMAS, objects, SETTINGS.receipts)
    dead_letters = PubSubSubscription(project, SETTINGS.dead_letters)
    topic = partial(PubSubTopic, project)
    return wired(SETTINGS, Reach(objects, warehouse, topic, dead_letters, SystemClock()))


_handler = delivery.Lazy(_make)


@functions_framework.http
def sweep(_request: Request) -> delivery.Answer:
    """Sweep once."""
    return delivery.run(_handler)
