"""Research copies by the key that made them: what a rotation of the key leaves to be done."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from functions.deidentify.handler import KEY
from infra.operate.cloud import Cloud
from infra.operate.kept import UPLOADS
from shared.contracts import layout
from shared.contracts.objects import StoredObject
from shared.contracts.provenance import Provenance
from shared.contracts.upload import Upload
from shared.errors import ContractError

KEY_ID: Final = re.compile(r"[0-9a-f]{16}")


@dataclass(slots=True)
class Made:
    """The copies that one key made."""

    count: int
    size: int  # bytes
    first: datetime
    last: datetime


@dataclass(slots=True)
class Renewed:
    """How many primary versions were announced, and how many cannot be."""

    announced: int = 0
    unlabelled: int = 0  # or gone


def by_key(cloud: Cloud) -> Mapping[str, Made]:
    """Return the copies by the id of their key, the newest key last; the id of none is empty."""
    made: dict[str, Made] = {}
    for copy in _copies(cloud):
        so_far = made.setdefault(_key_id(copy), Made(0, 0, copy.created, copy.created))
        so_far.count += 1
        so_far.size += copy.size
        so_far.first = min(so_far.first, copy.created)
        so_far.last = max(so_far.last, copy.created)
    return dict(sorted(made.items(), key=lambda item: item[1].first))


def renew(cloud: Cloud, below: str = "") -> Renewed:
    """Return once every primary version is announced, to be copied under the key of today.

    Each stays what it is, since when it is: a version that took over when it landed is decided
    again, one that was promoted is promoted as of then. Nothing in the archive moves.

    Args:
        cloud: whose archive it is.
        below: what the names of these versions begin with.
    """
    uploads, renewed = cloud.topic(UPLOADS), Renewed()
    for version in cloud.originals.primaries(cloud.archive, below):
        upload = _announcement(cloud.objects.find(cloud.archive, version.name), version.since)
        if upload is None:
            renewed.unlabelled += 1
        else:
            uploads.publish(upload.to_message())
            renewed.announced += 1
    return renewed


def _announcement(stored: StoredObject | None, since: datetime) -> Upload | None:
    if stored is None:
        return None
    try:
        landed = Provenance.from_labels(stored.labels).landed
        return Upload.of_kept(stored, promoted_at=None if landed == since else since)
    except ContractError:
        return None


def remove(cloud: Cloud, key_id: str, *, dry_run: bool = False) -> int:
    """Return how many copies of a key there were, once they are gone; originals stay."""
    count = 0
    for kept in cloud.objects.list(cloud.research):
        if _key_id(kept) == key_id:
            count += not layout.is_metadata(kept.version.name)
            if not dry_run:
                cloud.objects.delete(kept.version)
    return count


def rows_to_remove(key_id: str) -> str:
    """Return the statement that removes the rows of a key's copies, for who may write them."""
    return f"DELETE FROM research.instances WHERE KeyId = '{key_id}'"  # noqa: S608 - hexadecimal


def _copies(cloud: Cloud) -> Iterator[StoredObject]:
    """Yield the copies alone; large metadata, which stand beside theirs, have its labels."""
    listed = cloud.objects.list(cloud.research)
    yield from (kept for kept in listed if not layout.is_metadata(kept.version.name))


def _key_id(copy: StoredObject) -> str:
    return copy.labels.get(KEY, "")
