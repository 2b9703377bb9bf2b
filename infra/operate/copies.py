"""Research copies by the key that made them: what a rotation of the key leaves to be done."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from functions.deidentify.handler import KEY
from infra.operate.cloud import Cloud
from infra.operate.kept import UPLOADS
from shared.contracts import layout
from shared.contracts.objects import StoredObject
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
    """How many archived versions were announced, and how many cannot be."""

    announced: int = 0
    unlabelled: int = 0


def by_key(cloud: Cloud) -> Mapping[str, Made]:
    """Return the copies by the id of their key, the newest key last; the id of none is empty."""
    made: dict[str, Made] = {}
    for copy in cloud.objects.list(cloud.research):
        so_far = made.setdefault(_key_id(copy), Made(0, 0, copy.created, copy.created))
        so_far.count += 1
        so_far.size += copy.size
        so_far.first = min(so_far.first, copy.created)
        so_far.last = max(so_far.last, copy.created)
    return dict(sorted(made.items(), key=lambda item: item[1].first))


def renew(cloud: Cloud, below: str = "") -> Renewed:
    """Return once every archived version is announced, to be copied under the key of today.

    Each is decided as it was: only the primary ones have copies, and nothing in the archive moves.

    Args:
        cloud: whose archive it is.
        below: what the names of these versions begin with.
    """
    uploads, renewed = cloud.topic(UPLOADS), Renewed()
    for stored in cloud.objects.list(cloud.archive, below):
        if not layout.is_version(stored.version.name):
            continue
        try:
            uploads.publish(Upload.of_kept(stored).to_message())
        except ContractError:
            renewed.unlabelled += 1
        else:
            renewed.announced += 1
    return renewed


def remove(cloud: Cloud, key_id: str, *, dry_run: bool = False) -> int:
    """Return how many copies of a key there were, once they are gone; originals stay."""
    count = 0
    for copy in cloud.objects.list(cloud.research):
        if _key_id(copy) == key_id:
            count += 1
            if not dry_run:
                cloud.objects.delete(copy.version)
    return count


def rows_to_remove(key_id: str) -> str:
    """Return the statement that removes the rows of a key's copies, for who may write them."""
    return f"DELETE FROM research.instances WHERE KeyId = '{key_id}'"  # noqa: S608 - hexadecimal


def _key_id(copy: StoredObject) -> str:
    return copy.labels.get(KEY, "")
