"""Which method of an API an HTTP request is; what is none of them makes a count worthless.

Cloud Storage: JSON API v1 reference, "Objects" and "Buckets". BigQuery: REST reference v2.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple
from urllib.parse import unquote

_BUCKET: Final = r"/storage/v1/b/(?P<on>[^/?]+)"
_OBJECT: Final = rf"(?:/download)?{_BUCKET}/o/[^/?]+"
_PROJECT: Final = r"/bigquery/v2/projects/[^/?]+"


class Method(NamedTuple):
    """A method, and what it was called on if the address says so."""

    name: str
    on: str


_STORAGE: Final = (
    ("GET", _OBJECT, "storage.objects.get"),
    ("GET", rf"{_BUCKET}/o", "storage.objects.list"),
    ("POST", rf"/upload{_BUCKET}/o", "storage.objects.insert"),
    ("PUT", rf"/upload{_BUCKET}/o", "storage.objects.insert"),
    (
        "POST",
        r"/storage/v1/b/[^/?]+/o/[^/?]+/rewriteTo/b/(?P<on>[^/?]+)/o/[^/?]+",
        "storage.objects.rewrite",
    ),
    (
        "POST",
        r"/storage/v1/b/[^/?]+/o/[^/?]+/copyTo/b/(?P<on>[^/?]+)/o/[^/?]+",
        "storage.objects.copy",
    ),
    ("POST", rf"{_OBJECT}/compose", "storage.objects.compose"),
    ("PATCH", _OBJECT, "storage.objects.patch"),
    ("PUT", _OBJECT, "storage.objects.update"),
    ("DELETE", _OBJECT, "storage.objects.delete"),
    ("GET", _BUCKET, "storage.buckets.get"),
)
_BIGQUERY: Final = (
    ("POST", rf"{_PROJECT}/(?:jobs|queries)", "bigquery.jobs.query"),
    ("GET", rf"{_PROJECT}/(?:jobs|queries)/[^/?]+", "bigquery.jobs.get"),
    ("GET", rf"{_PROJECT}/datasets/[^/?]+/tables/[^/?]+(?:/data)?", "bigquery.tables.get"),
)


def storage_method(verb: str, target: str) -> Method | None:
    """Return the method of Cloud Storage that a request is, None for none that is known."""
    return _found(_STORAGE, verb, target)


def bigquery_method(verb: str, target: str) -> Method | None:
    """Return the method of BigQuery that a request is, None for none that is known."""
    return _found(_BIGQUERY, verb, target)


def _found(methods: tuple[tuple[str, str, str], ...], verb: str, target: str) -> Method | None:
    path = target.partition("?")[0]
    for own, pattern, name in methods:
        if own == verb and (found := re.fullmatch(pattern, path)):
            return Method(name, unquote(found.groupdict().get("on", "")))
    return None
