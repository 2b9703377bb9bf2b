"""Announcing again what is kept: all that the tables have lost, or what came in some time."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from infra.operate.cloud import Cloud
from infra.operate.kept import UPLOADS
from shared.contracts import layout
from shared.contracts.objects import StoredObject
from shared.contracts.upload import Upload
from shared.errors import ContractError


@dataclass(slots=True)
class Announced:
    """How much was announced, had its row, or cannot be announced."""

    announced: int = 0
    told: int = 0
    unlabelled: int = 0  # or gone


def rebuild(cloud: Cloud, below: str = "", *, dry_run: bool = False) -> Announced:
    """Return once everything kept without a row is announced, to be decided as what it was sent.

    Both sides come in the order of names, and one of each is held. What is decided again repeats
    its ids: rows, copies and events are made where they are not, and nothing moves.

    Args:
        cloud: whose archive and quarantine these are.
        below: what the names in the archive begin with; the quarantine is left alone then.
        dry_run: only count.
    """
    counts = Announced()
    for bucket, prefix in _places(cloud, below):
        told = cloud.holdings.told(bucket, prefix)
        known = next(told, None)
        for stored in _kept(cloud, bucket, prefix):
            while known is not None and known < stored.version.name:
                known = next(told, None)
            if known == stored.version.name:
                counts.told += 1
            else:
                _announce(cloud, stored, counts, dry_run=dry_run)
    return counts


def replay(
    cloud: Cloud, since: datetime, until: datetime, facility: str = "", *, dry_run: bool = False
) -> Announced:
    """Return once all that landed in that time is announced from where it is kept.

    Args:
        cloud: whose account, archive and quarantine these are.
        since: the first moment, by when the object, or its container, landed.
        until: the moment after the last.
        facility: whose alone; empty for all.
        dry_run: only count.
    """
    counts = Announced()
    for uri in cloud.holdings.kept(since, until, facility):
        bucket, _, name = uri.removeprefix("gs://").partition("/")
        if stored := cloud.objects.find(bucket, name):
            _announce(cloud, stored, counts, dry_run=dry_run)
        else:
            counts.unlabelled += 1
    return counts


def _places(cloud: Cloud, below: str) -> list[tuple[str, str]]:
    return [(cloud.archive, below)] if below else [(cloud.archive, ""), (cloud.quarantine, "")]


def _kept(cloud: Cloud, bucket: str, prefix: str) -> Iterator[StoredObject]:
    """Yield what was sent: no claims, no metadata beside versions, no members on their way."""
    for stored in cloud.objects.list(bucket, prefix):
        name = stored.version.name
        if not (name.startswith((layout.CLAIMS, layout.STAGING)) or layout.is_metadata(name)):
            yield stored


def _announce(cloud: Cloud, stored: StoredObject, counts: Announced, *, dry_run: bool) -> None:
    try:
        upload = Upload.of_kept(stored)
    except ContractError:
        counts.unlabelled += 1
        return
    if not dry_run:
        cloud.topic(UPLOADS).publish(upload.to_message())
    counts.announced += 1
