"""Entry point of `ingest`: wiring only."""

import os

import functions_framework
from flask import Request

from functions.ingest.handler import Ingest
from functions.ingest.settings import Settings
from shared.adapters.cloud_storage import CloudStorage
from shared.adapters.pubsub import PubSubTopic
from shared.adapters.system_clock import SystemClock
from shared.contracts.upload import Upload
from shared.runtime import log
from shared.runtime.delivery import Answer, Lazy, deliver
from shared.runtime.environment import Environment

SETTINGS = Settings.from_env(Environment(os.environ))
log.configure("ingest", SETTINGS.project)


def _make() -> Ingest:
    return Ingest(
        objects=CloudStorage(SETTINGS.project),
        uploads=PubSubTopic(SETTINGS.project, SETTINGS.uploads_topic),
        outcomes=PubSubTopic(SETTINGS.project, SETTINGS.outcomes_topic),
        clock=SystemClock(),
        archive=SETTINGS.archive,
        quarantine=SETTINGS.quarantine,
        facilities=SETTINGS.facilities,
    )


_handler = Lazy(_make)


@functions_framework.http
def ingest(request: Request) -> Answer:
    """Decide one upload."""
    return deliver(request, Upload.from_message, _handler)
