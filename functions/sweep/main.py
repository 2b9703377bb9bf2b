"""Entry point of `sweep`: wiring only."""

import os
from pathlib import Path

import functions_framework
from flask import Request

from functions.sweep.handler import Sweep
from functions.sweep.settings import Settings
from shared.adapters.catalogue import BigQueryCatalogue
from shared.adapters.cloud_storage import CloudStorage
from shared.adapters.pubsub import PubSubSubscription, PubSubTopic
from shared.adapters.system_clock import SystemClock
from shared.runtime import delivery, log
from shared.runtime.environment import Environment

SETTINGS = Settings.from_env(Environment(os.environ))
log.configure("sweep", SETTINGS.project)
SCHEMAS = Path(__file__).parent / "schemas"


def _make() -> Sweep:
    return Sweep(
        objects=CloudStorage(SETTINGS.project),
        uploads=PubSubTopic(SETTINGS.project, SETTINGS.uploads_topic),
        catalogue=BigQueryCatalogue(SETTINGS.project, SETTINGS.dataset, SCHEMAS),
        dead_letters=PubSubSubscription(SETTINGS.project, SETTINGS.dead_letters),
        clock=SystemClock(),
        terms=SETTINGS.terms,
    )


_handler = delivery.Lazy(_make)


@functions_framework.http
def sweep(_request: Request) -> delivery.Answer:
    """Sweep once."""
    return delivery.run(_handler)
