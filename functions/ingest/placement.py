"""Where an object goes, and which outcome that is.

Copies are made only under free names and say what they are copies of, so that a second try finds
its own first one. What is archived is never overwritten and never deleted.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from functions.ingest.decision import Archive, Decision, Expand, Ignore, Quarantine
from functions.ingest.landed import Landed
from shared.contracts import layout
from shared.contracts.facilities import ConflictPolicy, DuplicatePolicy, Facility
from shared.contracts.objects import StoredObject
from shared.contracts.outcome import OutcomeKind
from shared.contracts.provenance import Provenance
from shared.dicom.identity import Identity
from shared.errors import PermanentError, TransientError
from shared.ports import Clock, ObjectStore

PLACE: Final = "inlet-place"  # label of a claim: where the first version is, or will be
# After this long without its first version a claim was given up, or the version was removed.
CLAIM_GRACE: Final = timedelta(hours=1)
REASON: Final = "inlet-reason"


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """Where the object went, and under which outcome."""

    kind: OutcomeKind
    target: StoredObject | None = None
    reason: str | None = None
    primary_at: datetime | None = None
    rival: StoredObject | None = None  # of a conflict: the version that has the identity


@dataclass(frozen=True, slots=True, kw_only=True)
class Placer:
    """The buckets between which objects move."""

    objects: ObjectStore
    clock: Clock
    archive: str
    quarantine: str

    def place(self, landed: Landed, facility: Facility | None, decision: Decision) -> Placement:
        """Return once the object stands where the decision wants it."""
        match decision:
            case Quarantine(reason=reason):
                return self._set_aside(landed, facility, OutcomeKind.QUARANTINED, reason)
            case Ignore(reason=reason, keep=True):
                return self._set_aside(landed, facility, OutcomeKind.IGNORED, reason)
            case Ignore(reason=reason):
                return Placement(kind=OutcomeKind.IGNORED, reason=reason)
            case Archive(identity=identity):
                return self._archived(landed, _known(facility), identity)
            case Expand():
                name = layout.container_name(_known(facility).prefix, landed.source.version)
                kept = self._keep(landed, self.archive, name)
                return Placement(kind=OutcomeKind.EXPANDED, target=kept)

    def promote(self, landed: Landed, decision: Decision, since: datetime) -> Placement:
        """Return the placement of an archived version that becomes the primary one.

        Raises:
            PermanentError: the object is no archived version of an instance.
        """
        version = landed.stored.version
        is_version = version.bucket == self.archive and layout.is_version(version.name)
        if not (is_version and isinstance(decision, Archive)):
            raise PermanentError("not-an-archived-version")
        return Placement(kind=OutcomeKind.PROMOTED, target=landed.stored, primary_at=since)

    def remove(self, landed: Landed, placed: Placement) -> None:
        """Remove the object from where it was decided, unless it is archived or belongs there."""
        version = landed.stored.version
        is_target = placed.target is not None and placed.target.version == version
        if version.bucket != self.archive and not is_target:
            self.objects.delete(version)

    def _archived(self, landed: Landed, facility: Facility, identity: Identity) -> Placement:
        name = layout.archive_name(facility.prefix, identity)
        elsewhere = self._elsewhere(layout.claim_name(facility.name, identity), name)
        first = elsewhere or self._copy(landed, self.archive, name)
        if landed.sent.made(first):
            since = landed.source.created
            return Placement(kind=OutcomeKind.ARCHIVED, target=first, primary_at=since)
        if first.has_bytes_of(landed.stored):
            return self._duplicate(landed, facility, first)
        own_name = (name,) if elsewhere else ()
        return self._beside(landed, facility, first, (*own_name, *_marked(landed, name)))

    def _elsewhere(self, claim_name: str, name: str) -> StoredObject | None:
        """Return the first version of an instance when it came as part of another series."""
        claim = self.objects.claim(self.archive, claim_name, {PLACE: name})
        place = claim.labels.get(PLACE, name)
        if place == name:
            return None
        if first := self.objects.find(self.archive, place):
            return first
        if self.clock.now() - claim.created < CLAIM_GRACE:
            raise TransientError("first-version-not-there-yet")
        self.objects.delete(claim.version)  # void: of all who claim anew one has the first version
        return self._elsewhere(claim_name, name)

    def _beside(
        self, landed: Landed, facility: Facility, first: StoredObject, names: tuple[str, ...]
    ) -> Placement:
        """Keep another version beside the first, under the first of the names that is free."""
        for name in names:
            there = self._copy(landed, self.archive, name)
            if landed.sent.made(there):
                since = landed.source.created if _takes_over(landed, facility, first) else None
                kind = OutcomeKind.CONFLICT
                return Placement(kind=kind, target=there, primary_at=since, rival=first)
            if there.has_bytes_of(landed.stored):
                return self._duplicate(landed, facility, there)
        raise TransientError("archive-changed-meanwhile")

    def _duplicate(self, landed: Landed, facility: Facility, twin: StoredObject) -> Placement:
        if facility.duplicates is DuplicatePolicy.DROP:
            return Placement(kind=OutcomeKind.DUPLICATE, target=twin)
        name = layout.duplicate_name(facility.prefix, landed.source.version)
        kept = self._keep(landed, self.archive, name)
        return Placement(kind=OutcomeKind.DUPLICATE, target=kept)

    def _set_aside(
        self, landed: Landed, facility: Facility | None, kind: OutcomeKind, reason: str
    ) -> Placement:
        folder = facility.name if facility else layout.UNKNOWN_FACILITY
        name = layout.quarantine_name(reason, folder, landed.source.version)
        kept = self._keep(landed, self.quarantine, name, reason)
        return Placement(kind=kind, target=kept, reason=reason)

    def _keep(
        self, landed: Landed, bucket: str, name: str, reason: str | None = None
    ) -> StoredObject:
        """Return the copy under a name that is its own."""
        kept = self._copy(landed, bucket, name, reason)
        if not landed.sent.made(kept):
            raise TransientError("name-taken")
        return kept

    def _copy(
        self, landed: Landed, bucket: str, name: str, reason: str | None = None
    ) -> StoredObject:
        """Return the object that has the name: the copy, or what was there before it."""
        labels = landed.sent.to_labels() | ({REASON: reason} if reason else {})
        copied = self.objects.copy(landed.stored, bucket, name, labels)
        there = copied or self.objects.find(bucket, name)
        if there is None:
            raise TransientError("archive-changed-meanwhile")
        if landed.sent.made(there) and not there.has_bytes_of(landed.stored):
            raise TransientError("copy-differs-from-source")
        return there


def _known(facility: Facility | None) -> Facility:
    if facility is None:
        raise ValueError("an unknown facility's objects are refused before they are read")
    return facility


def _marked(landed: Landed, name: str) -> Iterator[str]:
    """Yield names beside a name: with the checksum or, were that taken, the upload's id."""
    for mark in (landed.stored.crc32c, landed.upload_event_id):
        yield layout.conflict_name(name, mark)


def _takes_over(landed: Landed, facility: Facility, first: StoredObject) -> bool:
    """Return whether another version is the primary one from when it landed."""
    if facility.conflicts is ConflictPolicy.FIRST:
        return False
    sent = Provenance.from_labels(first.labels)
    if landed.source.created <= sent.landed:
        return False
    return facility.conflicts is ConflictPolicy.LAST or _folder(landed.sent) == _folder(sent)


def _folder(sent: Provenance) -> str:
    """Return the folder directly below the facility's own, as of one sending system."""
    folder, slash, _ = sent.root.name.partition("/")[2].partition("/")
    return folder if slash else ""
