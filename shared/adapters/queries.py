"""Queries of one BigQuery dataset, whose rows are streamed."""

import os
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final

from google.auth.credentials import AnonymousCredentials
from google.cloud.bigquery import (
    ArrayQueryParameter,
    Client,
    QueryJobConfig,
    ScalarQueryParameter,
)

from shared.adapters.vendor_errors import translated

TIMEOUT_S: Final = 120.0
PAGE_ROWS: Final = 10_000  # held in memory at once

Value = str | int | datetime | Sequence[str]
_TYPES: Final = {str: "STRING", int: "INT64", datetime: "TIMESTAMP"}


class Queries:
    """A dataset to be asked; a table without a dataset's name is one of it."""

    def __init__(self, project: str, dataset: str) -> None:
        emulated = os.environ.get("BIGQUERY_EMULATOR_HOST")
        credentials = AnonymousCredentials() if emulated else None
        self._client = Client(project=project, credentials=credentials)
        self._dataset = f"{project}.{dataset}"

    def rows(self, query: str, **values: Value) -> Iterator[Any]:
        """Yield the rows of a query with named parameters."""
        config = QueryJobConfig(
            default_dataset=self._dataset,
            query_parameters=[_parameter(name, value) for name, value in values.items()],
        )
        with translated("bigquery"):
            job = self._client.query(query, job_config=config, timeout=TIMEOUT_S)
            yield from job.result(page_size=PAGE_ROWS, timeout=TIMEOUT_S)


def _parameter(name: str, value: Value) -> ArrayQueryParameter | ScalarQueryParameter:
    if isinstance(value, str | int | datetime):
        return ScalarQueryParameter(name, _TYPES[type(value)], value)
    return ArrayQueryParameter(name, "STRING", list(value))
