"""Entry point of `deidentify`: wiring only."""

import os

import functions_framework
from flask import Request

from functions.deidentify.handler import Deidentify
from functions.deidentify.settings import Settings
from shared.adapters.cloud_storage import CloudStorage
from shared.adapters.pubsub import PubSubTopic
from shared.adapters.system_clock import SystemClock
from shared.contracts.outcome import Outcome
from shared.runtime import log
from shared.runtime.delivery import Answer, Lazy, deliver
from shared.runtime.environment import Environment

SETTINGS = Settings.from_env(Environment(os.environ))
log.configure("deidentify", SETTINGS.project)


def _make() -> Deidentify:
    return Deidentify(
        objects=CloudStorage(SETTINGS.project),
        outcomes=PubSubTopic(SETTINGS.project, SETTINGS.outcomes_topic),
        clock=SystemClock(),
        key=SETTINGS.key,
        research=SETTINGS.research,
        facilities=SETTINGS.facilities,
        profiles=SETTINGS.profiles,
    )


_handler = Lazy(_make)


@functions_framework.http
def deidentify(request: Request) -> Answer:
    """Handle one archived instance."""
    return deliver(request, Outcome.from_message, _handler)
