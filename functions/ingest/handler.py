"""Ingest: an upload becomes exactly one outcome, and the object moves where the outcome says.

The order of effects is copy, publish, delete, and every prefix of it is safe to repeat: a copy is
made only under a free name and remembers the generation it came from, so a second try finds its
own first one; the outcome's id is derived from the generation; and the upload is deleted only
once its successor is durable and its outcome confirmed.
"""

import logging
from dataclasses import dataclass

from functions.ingest.decision import (
    Archive,
    Decision,
    Ignore,
    Quarantine,
    after_reading,
    before_reading,
)
from functions.ingest.metadata import fit
from shared.contracts import layout
from shared.contracts.objects import StoredObject
from shared.contracts.outcome import DroppedTag, Finding, Outcome, OutcomeKind
from shared.contracts.upload import Upload
from shared.dicom.inspection import Inspection, inspect
from shared.errors import PermanentError, TransientError
from shared.object_source import ObjectSource
from shared.ports import Clock, Done, ObjectStore, Publisher


@dataclass(frozen=True, slots=True)
class _Placement:
    """Where the object went, and under which outcome."""

    kind: OutcomeKind
    target: StoredObject | None = None
    reason: str | None = None
    primary: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Ingest:
    """The handler of the topic `uploads`."""

    objects: ObjectStore
    outcomes: Publisher
    clock: Clock
    archive: str
    quarantine: str
    facilities: frozenset[str]

    def __call__(self, upload: Upload) -> Done:
        """Return once the generation that landed has its outcome and has left the inbox."""
        landed = self.objects.stat(upload.version)
        if landed is None:
            return Done("upload was decided before")
        decision = self._decide(landed)
        outcome = self._outcome(landed, upload, decision, self._place(landed, decision))
        self.outcomes.publish(outcome.to_message())
        if not self._in_progress(landed):
            self.objects.delete(landed.version)
        return _done(outcome)

    def _facility(self, landed: StoredObject) -> str:
        """Return the registered facility; any other name may itself be an identity."""
        facility = landed.version.facility
        return facility if facility in self.facilities else layout.UNKNOWN_FACILITY

    def _decide(self, landed: StoredObject) -> Decision:
        known = self._facility(landed) != layout.UNKNOWN_FACILITY
        if early := before_reading(landed, known_facility=known):
            return early
        try:
            return after_reading(inspect(ObjectSource(self.objects, landed)))
        except PermanentError as error:
            return Quarantine(error.reason)

    def _place(self, landed: StoredObject, decision: Decision) -> _Placement:
        match decision:
            case Archive(identity=identity):
                name = layout.archive_name(self._facility(landed), identity)
                return self._place_in_archive(landed, name)
            case Quarantine(reason=reason):
                return self._set_aside(landed, OutcomeKind.QUARANTINED, reason)
            case Ignore(reason=reason, keep=True):
                return self._set_aside(landed, OutcomeKind.IGNORED, reason)
            case Ignore(reason=reason):
                return _Placement(OutcomeKind.IGNORED, reason=reason)

    def _place_in_archive(self, landed: StoredObject, name: str) -> _Placement:
        there = self._copy(landed, self.archive, name)
        if there.origin == landed.version.natural_key:
            return _Placement(OutcomeKind.ARCHIVED, there, primary=True)
        if _same_bytes(there, landed):
            return _Placement(OutcomeKind.DUPLICATE, there)
        there = self._copy(landed, self.archive, layout.conflict_name(name, landed.crc32c))
        if there.origin == landed.version.natural_key:
            return _Placement(OutcomeKind.CONFLICT, there)
        return _Placement(OutcomeKind.DUPLICATE, there)

    def _set_aside(self, landed: StoredObject, kind: OutcomeKind, reason: str) -> _Placement:
        name = layout.quarantine_name(reason, self._facility(landed), landed.version)
        return _Placement(kind, self._copy(landed, self.quarantine, name, reason), reason)

    def _copy(
        self, landed: StoredObject, bucket: str, name: str, reason: str | None = None
    ) -> StoredObject:
        """Return the object that has the name: the copy, or what was there before it."""
        labels = {"inlet-reason": reason} if reason else {}
        there = self.objects.copy(landed, bucket, name, labels) or self.objects.find(bucket, name)
        if there is None:
            raise TransientError("archive-changed-meanwhile")
        if there.origin == landed.version.natural_key and not _same_bytes(there, landed):
            raise TransientError("copy-differs-from-source")
        return there

    def _in_progress(self, landed: StoredObject) -> bool:
        """Return whether an uploader still needs the object: a part until it is composed."""
        age = self.clock.now() - landed.created
        return layout.is_upload_part(landed.version) and age < layout.UPLOAD_PART_GRACE

    def _outcome(
        self, landed: StoredObject, upload: Upload, decision: Decision, placed: _Placement
    ) -> Outcome:
        inspection = decision.inspection if isinstance(decision, Archive) else None
        metadata, dropped = fit(*_metadata(inspection))
        return Outcome(
            kind=placed.kind,
            root_event_id=upload.event_id,
            facility=self._facility(landed),
            source=landed,
            target=placed.target,
            decided_at=self.clock.now(),
            reason=placed.reason,
            identity=inspection.identity if inspection else None,
            primary=placed.primary,
            metadata=metadata if inspection else None,
            findings=_findings(inspection),
            dropped=dropped,
            header_bytes=inspection.bytes_read if inspection else 0,
        )


def _same_bytes(one: StoredObject, other: StoredObject) -> bool:
    return (one.crc32c, one.size) == (other.crc32c, other.size)


def _metadata(inspection: Inspection | None) -> tuple[dict[str, object], tuple[DroppedTag, ...]]:
    if inspection is None:
        return {}, ()
    dropped = (
        DroppedTag(path=tag.path, vr=tag.vr, length=tag.length) for tag in inspection.dropped
    )
    return dict(inspection.metadata), tuple(dropped)


def _findings(inspection: Inspection | None) -> tuple[Finding, ...]:
    warnings = inspection.warnings if inspection else ()
    return tuple(Finding(code=warning.code, path=warning.path) for warning in warnings)


def _done(outcome: Outcome) -> Done:
    refused = outcome.kind is OutcomeKind.QUARANTINED
    return Done(
        "upload decided",
        {
            "outcome": outcome.kind.value,
            "reason": outcome.reason,
            "facility": outcome.facility,
            "outcome_event_id": outcome.event_id,
            "generation": outcome.source.version.generation,
            "size": outcome.source.size,
            "header_bytes": outcome.header_bytes,
            "warnings": len(outcome.findings),
        },
        logging.ERROR if refused else logging.INFO,
    )
