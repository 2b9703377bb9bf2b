"""What a bucket of Cloud Storage keeps although it was told to delete it."""

import os
from dataclasses import dataclass
from datetime import timedelta

from google.auth.credentials import AnonymousCredentials
from google.cloud.storage import Client

from shared.adapters.vendor_errors import translated


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """For how long nothing may be deleted, and what is deleted can be brought back."""

    retained: timedelta = timedelta()  # from when it was made
    soft_deleted: timedelta = timedelta()  # from when it was deleted


def retention_of(project: str, bucket: str) -> Retention:
    """Return the terms of a bucket."""
    emulated = bool(os.environ.get("STORAGE_EMULATOR_HOST"))
    client = Client(project=project, credentials=AnonymousCredentials() if emulated else None)
    with translated("storage"):
        found = client.get_bucket(bucket)
        soft = found.soft_delete_policy.retention_duration_seconds
        return Retention(
            retained=timedelta(seconds=found.retention_period or 0),
            soft_deleted=timedelta(seconds=soft or 0),
        )
