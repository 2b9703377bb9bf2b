"""Entry point of `notify`: wiring only."""

import os
from pathlib import Path

import functions_framework
from flask import Request

from functions.notify.handler import Announce, Tell, reader_of
from functions.notify.settings import Settings
from shared.adapters.bigquery import BigQueryTables
from shared.adapters.pubsub import PubSubTopic
from shared.adapters.receivers import Receivers
from shared.adapters.system_clock import SystemClock
from shared.contracts.outcome import Outcome
from shared.runtime import log
from shared.runtime.delivery import ACKNOWLEDGED, Answer, Lazy, deliver
from shared.runtime.environment import Environment

SETTINGS = Settings.from_env(Environment(os.environ))
log.configure("notify", SETTINGS.project)
SCHEMAS = Path(__file__).parent / "schemas"


def _make() -> tuple[Announce, Tell]:
    tables = BigQueryTables(SETTINGS.project, SCHEMAS, {"imaging": SETTINGS.dataset})
    receivers = Receivers(SETTINGS.secrets, SETTINGS.networks, SETTINGS.mail_server, SystemClock())
    tell = Tell.of(SETTINGS.targets, receivers, tables, SystemClock(), SETTINGS.give_up_after)
    return Announce(PubSubTopic(SETTINGS.project, SETTINGS.events_topic), SETTINGS.mask), tell


_handlers = Lazy(_make)


@functions_framework.http
def notify(request: Request) -> Answer:
    """Announce one outcome, or tell one target of one event."""
    if read := reader_of(request.path):
        return deliver(request, read, lambda: _handlers()[1], hopeless=ACKNOWLEDGED)
    return deliver(request, Outcome.from_message, lambda: _handlers()[0])
