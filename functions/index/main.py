"""Entry point of `index`: wiring only."""

import os
from pathlib import Path

import functions_framework
from flask import Request

from functions.index.handler import Index, read
from functions.index.settings import Settings
from shared.adapters.bigquery import BigQueryTables
from shared.adapters.system_clock import SystemClock
from shared.runtime import log
from shared.runtime.delivery import Answer, Lazy, deliver
from shared.runtime.environment import Environment

SETTINGS = Settings.from_env(Environment(os.environ))
log.configure("index", SETTINGS.project)
SCHEMAS = Path(__file__).parent / "schemas"


def _make() -> Index:
    datasets = {"imaging": SETTINGS.dataset, "research": SETTINGS.research_dataset}
    tables = BigQueryTables(SETTINGS.project, SCHEMAS, datasets)
    return Index(tables=tables, clock=SystemClock())


_handler = Lazy(_make)


@functions_framework.http
def index(request: Request) -> Answer:
    """Index one outcome, one upload or one event."""
    return deliver(request, read, _handler)
