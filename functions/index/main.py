"""Entry point of `index`: wiring only."""

import os
from pathlib import Path

import functions_framework
from flask import Request

from functions.index.handler import Index, read
from functions.index.settings import Settings
from shared.adapters.bigquery import BigQueryTables
from shared.runtime import log
from shared.runtime.delivery import Answer, Lazy, deliver
from shared.runtime.environment import Environment

SETTINGS = Settings.from_env(Environment(os.environ))
log.configure("index", SETTINGS.project)
SCHEMAS = Path(__file__).parent / "schemas"


def _make() -> Index:
    datasets = {"imaging": SETTINGS.dataset, "research": SETTINGS.research_dataset}
    return Index(tables=BigQueryTables(SETTINGS.project, SCHEMAS, datasets))


_handler = Lazy(_make)


@functions_framework.http
def index(request: Request) -> Answer:
    """Index one outcome, or one upload."""
    return deliver(request, read, _handler)
