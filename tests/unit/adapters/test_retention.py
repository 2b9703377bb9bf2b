"""What a bucket's resource, as the JSON API has it, says of what it keeps."""

from datetime import timedelta
from typing import Any

import pytest
from google.api_core.exceptions import Forbidden
from google.cloud.storage import Bucket, Client

from shared.adapters.retention import Retention, retention_of
from shared.errors import TransientError

DAY_S = 86_400


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        ({}, Retention()),
        (
            {"softDeletePolicy": {"retentionDurationSeconds": str(30 * DAY_S)}},
            Retention(soft_deleted=timedelta(days=30)),
        ),
        ({"softDeletePolicy": {"retentionDurationSeconds": "0"}}, Retention()),
        (
            {"retentionPolicy": {"retentionPeriod": str(3650 * DAY_S), "isLocked": True}},
            Retention(retained=timedelta(days=3650)),
        ),
    ],
)
def test_a_buckets_terms_are_read(
    monkeypatch: pytest.MonkeyPatch, resource: dict[str, Any], expected: Retention
) -> None:
    def found(client: Client, name: str) -> Bucket:
        bucket = Bucket(client, name)
        bucket._set_properties({"name": name, **resource})
        return bucket

    monkeypatch.setenv("STORAGE_EMULATOR_HOST", "http://localhost:1")
    monkeypatch.setattr(Client, "get_bucket", found)
    assert retention_of("p", "archive") == expected


def test_who_may_not_ask_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise Forbidden("no")

    monkeypatch.setenv("STORAGE_EMULATOR_HOST", "http://localhost:1")
    monkeypatch.setattr(Client, "get_bucket", refused)
    with pytest.raises(TransientError, match="storage-forbidden"):
        retention_of("p", "archive")
