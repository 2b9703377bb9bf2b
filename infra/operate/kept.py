"""Deciding anew what the pipeline keeps: releases from the quarantine, and promotions."""

import contextlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from infra.operate.cloud import Cloud
from shared.contracts import layout
from shared.contracts.objects import StoredObject
from shared.contracts.provenance import Provenance
from shared.contracts.upload import Upload
from shared.errors import ContractError

UPLOADS = "uploads"


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which of the quarantined objects; what is None is not asked for."""

    reason: str | None = None
    facility: str | None = None  # under which it is kept, or to whose folder it was sent
    uri: str | None = None

    @property
    def prefix(self) -> str:
        """What the names of all of them begin with."""
        return "" if self.reason is None else f"{self.reason}/"

    def has(self, held: "Held") -> bool:
        """Return whether an object is one of them; members that are staged never are."""
        if held.stored.version.name.startswith(layout.STAGING):
            return False
        facilities = {None, held.facility, held.sent and held.sent.version.facility}
        return self.reason in {None, held.reason} and self.facility in facilities


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """An object of the quarantine and what it was sent as, if it says so."""

    stored: StoredObject
    reason: str
    facility: str
    sent: Provenance | None

    @classmethod
    def of(cls, stored: StoredObject) -> "Held":
        """Read its name and its labels."""
        reason, _, rest = stored.version.name.partition("/")
        sent = None
        with contextlib.suppress(ContractError):
            sent = Provenance.from_labels(stored.labels)
        return cls(stored=stored, reason=reason, facility=rest.partition("/")[0], sent=sent)


@dataclass(slots=True)
class Released:
    """How many of which reason and facility were announced, and how many cannot be."""

    announced: Counter[tuple[str, str]] = field(default_factory=Counter)
    unlabelled: Counter[tuple[str, str]] = field(default_factory=Counter)

    @property
    def places(self) -> list[tuple[str, str]]:
        """Every reason and facility of which there was one."""
        return sorted(self.announced.keys() | self.unlabelled.keys())


class UnknownObjectError(Exception):
    """There is no such object to act upon."""


def release(cloud: Cloud, selection: Selection, *, dry_run: bool = False) -> Released:
    """Return once every selected object is announced, to be decided anew as what it was sent.

    Raises:
        UnknownObjectError: the one object that was named is not there.
    """
    uploads, released = cloud.topic(UPLOADS), Released()
    for held in _selected(cloud, selection):
        counts = released.announced if held.sent else released.unlabelled
        if held.sent and not dry_run:
            uploads.publish(Upload.of_kept(held.stored).to_message())
        counts[held.reason, held.facility] += 1
    return released


def promote(cloud: Cloud, uri: str) -> StoredObject:
    """Return the archived version that was announced as the primary one of its instance from now.

    Raises:
        UnknownObjectError: it is no version of an instance in the archive, or does not say what
            it was sent as.
    """
    name = _name(uri, cloud.archive)
    stored = cloud.objects.find(cloud.archive, name) if layout.is_version(name) else None
    if stored is None:
        raise UnknownObjectError("there is no such version of an instance in the archive")
    try:
        upload = Upload.of_kept(stored, promoted_at=cloud.clock.now())
    except ContractError:
        raise UnknownObjectError("nothing tells what it was sent as") from None
    cloud.topic(UPLOADS).publish(upload.to_message())
    return stored


def _selected(cloud: Cloud, selection: Selection) -> Iterator[Held]:
    if selection.uri is None:
        listed = cloud.objects.list(cloud.quarantine, selection.prefix)
        yield from filter(selection.has, map(Held.of, listed))
        return
    stored = cloud.objects.find(cloud.quarantine, _name(selection.uri, cloud.quarantine))
    if stored is None or not selection.has(Held.of(stored)):
        raise UnknownObjectError("there is no such object in the quarantine")
    yield Held.of(stored)


def _name(uri: str, bucket: str) -> str:
    """Return an object's name in a bucket."""
    folder = f"gs://{bucket}/"
    if not uri.startswith(folder):
        raise UnknownObjectError(f"it is not in {folder}")
    return uri.removeprefix(folder)
