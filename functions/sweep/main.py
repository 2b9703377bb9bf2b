"""Entry point of `sweep`: wiring only."""

import os

import functions_framework
from flask import Request

from functions.sweep.handler import Sweep
from functions.sweep.settings import Settings
from shared.adapters.cloud_storage import CloudStorage
from shared.adapters.pubsub import PubSubTopic
from shared.adapters.system_clock import SystemClock
from shared.runtime import log
from shared.runtime.delivery import Answer, Lazy, run
from shared.runtime.environment import Environment

SETTINGS = Settings.from_env(Environment(os.environ))
log.configure("sweep", SETTINGS.project)


def _make() -> Sweep:
    return Sweep(
        objects=CloudStorage(SETTINGS.project),
        uploads=PubSubTopic(SETTINGS.project, SETTINGS.uploads_topic),
        clock=SystemClock(),
        inbox=SETTINGS.inbox,
        quarantine=SETTINGS.quarantine,
        stuck_after=SETTINGS.stuck_after,
        interval=SETTINGS.interval,
        max_redriven=SETTINGS.max_redriven,
    )


_handler = Lazy(_make)


@functions_framework.http
def sweep(_request: Request) -> Answer:
    """Sweep the inbox once."""
    return run(_handler)
