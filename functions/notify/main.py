"""Entry point of `notify`: wiring only."""

import os

import functions_framework
from flask import Request

from functions.notify.handler import Notify, read
from functions.notify.settings import Settings
from shared.adapters.pubsub import PubSubTopic
from shared.adapters.standard_webhook import StandardWebhook
from shared.adapters.system_clock import SystemClock
from shared.runtime import log
from shared.runtime.delivery import Answer, Lazy, deliver
from shared.runtime.environment import Environment

SETTINGS = Settings.from_env(Environment(os.environ))
log.configure("notify", SETTINGS.project)


def _make() -> Notify:
    url, secret = SETTINGS.webhook_url, SETTINGS.webhook_secret
    return Notify(
        events=PubSubTopic(SETTINGS.project, SETTINGS.events_topic),
        webhook=StandardWebhook(url, secret, SystemClock()) if url and secret else None,
    )


_handler = Lazy(_make)


@functions_framework.http
def notify(request: Request) -> Answer:
    """Announce one outcome."""
    return deliver(request, read, _handler)
