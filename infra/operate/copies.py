"""Research copies by what made them: what another key, or another profile, leaves to be done."""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from functions.deidentify.handler import KEY, PROFILE, PROFILE_DIGEST
from functions.deidentify.settings import profiles_by_facility
from infra.operate.cloud import Cloud
from infra.operate.kept import UPLOADS
from shared.contracts import layout
from shared.contracts.objects import StoredObject
from shared.contracts.provenance import Provenance
from shared.contracts.upload import Upload
from shared.errors import ContractError
from shared.runtime.environment import Environment

DIGEST: Final = re.compile(r"[0-9a-f]{16}")  # of a key, or of a profile


@dataclass(frozen=True, slots=True, kw_only=True)
class Maker:
    """A key, and a profile as it was; what a copy does not say is empty."""

    key_id: str
    profile: str
    profile_digest: str

    @classmethod
    def of(cls, copy: StoredObject) -> "Maker":
        """Read what a copy says."""
        key_id, profile, digest = (copy.labels.get(at, "") for at in (KEY, PROFILE, PROFILE_DIGEST))
        return cls(key_id=key_id, profile=profile, profile_digest=digest)


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeBy:
    """The copies of a key, of a profile as it was, or of both; one at least is told."""

    key_id: str | None = None
    profile_digest: str | None = None

    def __post_init__(self) -> None:
        if not self._columns:
            raise ValueError("copies are made by a key or a profile that is named")

    @property
    def _columns(self) -> Mapping[str, str]:
        columns = {"KeyId": self.key_id, "ProfileDigest": self.profile_digest}
        return {column: value for column, value in columns.items() if value}

    def has(self, kept: StoredObject) -> bool:
        """Return whether an object of the research bucket is one of them, or stands beside one."""
        maker = Maker.of(kept)
        said = {"KeyId": maker.key_id, "ProfileDigest": maker.profile_digest}
        return self._columns.items() <= said.items()

    def rows_to_remove(self) -> str:
        """Return the statement that removes the rows of these copies, for who may write them."""
        where = " AND ".join(f"{column} = '{value}'" for column, value in self._columns.items())
        return f"DELETE FROM research.instances WHERE {where}"  # noqa: S608 - hexadecimal


@dataclass(slots=True)
class Made:
    """The copies of one maker."""

    count: int
    size: int  # bytes
    first: datetime
    last: datetime


@dataclass(slots=True)
class Renewed:
    """How many primary versions were announced, and how many cannot be."""

    announced: int = 0
    unlabelled: int = 0  # or gone


def profiles_in_force(env: Environment) -> Collection[tuple[str, str]]:
    """Return the profiles that some facility's copies are made under, by name and digest.

    Raises:
        SettingsError: the registry or the profiles are missing or wrong.
    """
    _, profiles = profiles_by_facility(env)
    env.check()
    return {(profile.name, profile.digest) for profile in profiles.values()}


def by_maker(cloud: Cloud) -> Mapping[Maker, Made]:
    """Return the copies by what made them, the newest maker last."""
    made: dict[Maker, Made] = {}
    for copy in _copies(cloud):
        so_far = made.setdefault(Maker.of(copy), Made(0, 0, copy.created, copy.created))
        so_far.count += 1
        so_far.size += copy.size
        so_far.first = min(so_far.first, copy.created)
        so_far.last = max(so_far.last, copy.created)
    return dict(sorted(made.items(), key=lambda item: item[1].first))


def renew(cloud: Cloud, below: str = "") -> Renewed:
    """Return once every primary version is announced, to be copied as is done today.

    Copies of another profile, release or authority of ids give way, those of another key stay, and
    those that would come out the same stay as they are.

    Each version stays what it is, since when it is: a version that took over when it landed is
    decided again, one that was promoted is promoted as of then. Nothing in the archive moves.

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


def remove(cloud: Cloud, made_by: MadeBy, *, dry_run: bool = False) -> int:
    """Return how many of these copies there were, once they are gone; originals stay."""
    count = 0
    for kept in cloud.objects.list(cloud.research):
        if made_by.has(kept):
            count += not layout.is_metadata(kept.version.name)
            if not dry_run:
                cloud.objects.delete(kept.version)
    return count


def _copies(cloud: Cloud) -> Iterator[StoredObject]:
    """Yield the copies alone; large metadata, which stand beside theirs, have its labels."""
    listed = cloud.objects.list(cloud.research)
    yield from (kept for kept in listed if not layout.is_metadata(kept.version.name))
