"""Ingest: an upload becomes exactly one outcome, and the object moves where the outcome says.

The order of effects is copy, publish, delete, and every prefix of it is safe to repeat: a copy is
made only under a free name and remembers the generation it came from, so a second try finds its
own first one; the outcome's id is derived from the generation; and the upload is deleted only
once its successor is durable and its outcome confirmed. A container is kept whole, then its
members are staged and announced, a part of them with each delivery, then its outcome is published.
"""

import logging
from dataclasses import dataclass, field, replace
from functools import partial

from functions.ingest.decision import (
    Archive,
    Decision,
    Expand,
    Ignore,
    Quarantine,
    after_reading,
    before_reading,
)
from functions.ingest.expansion import DEFAULT_PACE, Expander, Pace
from functions.ingest.landed import Landed
from functions.ingest.turns import EXPANSIONS_AT_ONCE, HEADERS_AT_ONCE, Turns
from shared.containers.container import EXPANDABLE, Container
from shared.containers.limits import DEFAULT_CONTAINER_LIMITS, Allowance, ContainerLimits
from shared.contracts import layout
from shared.contracts.fitting import metadata_of
from shared.contracts.objects import StoredObject
from shared.contracts.outcome import Expansion, Finding, Outcome, OutcomeKind
from shared.contracts.upload import Upload
from shared.dicom.inspection import Inspection, inspect
from shared.dicom.recognition import RECOGNITION_BYTES, Kind, recognise
from shared.dicom.source import WindowedSource
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
    uploads: Publisher
    outcomes: Publisher
    clock: Clock
    archive: str
    quarantine: str
    facilities: frozenset[str]
    limits: ContainerLimits = DEFAULT_CONTAINER_LIMITS
    pace: Pace = DEFAULT_PACE
    headers: Turns = field(default_factory=partial(Turns, HEADERS_AT_ONCE))
    expansions: Turns = field(default_factory=partial(Turns, EXPANSIONS_AT_ONCE))

    def __call__(self, upload: Upload) -> Done:
        """Return once what landed has its outcome and has left the inbox, or is under way to it."""
        stored = self.objects.stat(upload.version)
        if stored is None:
            return Done("upload is gone: decided before, or overwritten")
        landed = Landed.of(stored, self.quarantine)
        decision = self._decide(landed)
        placed = self._place(landed, decision)
        if isinstance(decision, Expand) and placed.target:
            following = self._expand(landed, decision, placed.target, upload)
            if following is not None:
                return Done("container expanded in part", {"members": following})
        outcome = self._outcome(landed, decision, placed)
        self.outcomes.publish(outcome.to_message())
        if not self._in_progress(landed):
            self.objects.delete(landed.stored.version)
        return _done(outcome)

    def _expand(
        self, landed: Landed, decision: Expand, kept: StoredObject, upload: Upload
    ) -> int | None:
        """Return None once all members are under way, else where the announced delivery goes on."""
        expander = Expander(
            objects=self.objects,
            uploads=self.uploads,
            outcomes=self.outcomes,
            clock=self.clock,
            staging=self.quarantine,
            landed=landed,
            facility=self._facility(landed),
            decision=decision,
            kept=kept,
        )
        with self.expansions.taken():
            following = expander.expand(upload.first_member, self.pace)
        if following is not None:
            self.uploads.publish(replace(upload, first_member=following).to_message())
        return following

    def _facility(self, landed: Landed) -> str:
        """Return the registered facility; any other name may itself be an identity."""
        facility = landed.source.version.facility
        return facility if facility in self.facilities else layout.UNKNOWN_FACILITY

    def _decide(self, landed: Landed) -> Decision:
        known = self._facility(landed) != layout.UNKNOWN_FACILITY
        if early := before_reading(landed.source, known_facility=known):
            return early
        windows = WindowedSource(ObjectSource(self.objects, landed.stored))
        kind = recognise(windows.read(0, RECOGNITION_BYTES), windows.size)
        try:
            if kind in EXPANDABLE:
                return self._survey(landed, kind)
            with self.headers.taken():
                return after_reading(inspect(windows, today=self.clock.now().date()))
        except PermanentError as error:
            return Quarantine(error.reason)

    def _survey(self, landed: Landed, kind: Kind) -> Expand:
        container = Container(
            source=ObjectSource(self.objects, landed.stored),
            kind=kind,
            name=landed.source.version.name,
            allowance=Allowance(
                limits=self.limits, sent_bytes=landed.sent_bytes, depth=landed.depth
            ),
        )
        with self.expansions.taken():
            return Expand(container, container.survey())

    def _place(self, landed: Landed, decision: Decision) -> _Placement:
        match decision:
            case Archive(identity=identity):
                name = layout.archive_name(self._facility(landed), identity)
                return self._place_in_archive(landed, name)
            case Quarantine(reason=reason):
                return self._set_aside(landed, OutcomeKind.QUARANTINED, reason)
            case Expand():
                name = layout.container_name(self._facility(landed), landed.source.version)
                kept = self._copy(landed, self.archive, name)
                return _Placement(OutcomeKind.EXPANDED, kept)
            case Ignore(reason=reason, keep=True):
                return self._set_aside(landed, OutcomeKind.IGNORED, reason)
            case Ignore(reason=reason):
                return _Placement(OutcomeKind.IGNORED, reason=reason)

    def _place_in_archive(self, landed: Landed, name: str) -> _Placement:
        there = self._copy(landed, self.archive, name)
        if there.origin == landed.key:
            return _Placement(OutcomeKind.ARCHIVED, there, primary=True)
        if there.has_bytes_of(landed.stored):
            return _Placement(OutcomeKind.DUPLICATE, there)
        return self._place_beside(landed, name)

    def _place_beside(self, landed: Landed, name: str) -> _Placement:
        """Keep a version beside the primary, under its checksum or, were that taken, its key."""
        for mark in (landed.stored.crc32c, landed.upload_event_id):
            there = self._copy(landed, self.archive, layout.conflict_name(name, mark))
            if there.origin == landed.key:
                return _Placement(OutcomeKind.CONFLICT, there)
            if there.has_bytes_of(landed.stored):
                return _Placement(OutcomeKind.DUPLICATE, there)
        raise TransientError("archive-changed-meanwhile")

    def _set_aside(self, landed: Landed, kind: OutcomeKind, reason: str) -> _Placement:
        name = layout.quarantine_name(reason, self._facility(landed), landed.source.version)
        return _Placement(kind, self._copy(landed, self.quarantine, name, reason), reason)

    def _copy(
        self, landed: Landed, bucket: str, name: str, reason: str | None = None
    ) -> StoredObject:
        """Return the object that has the name: the copy, or what was there before it."""
        labels = {"inlet-reason": reason} if reason else {}
        copied = self.objects.copy(landed.stored, bucket, name, labels, landed.key)
        there = copied or self.objects.find(bucket, name)
        if there is None:
            raise TransientError("archive-changed-meanwhile")
        if there.origin == landed.key and not there.has_bytes_of(landed.stored):
            raise TransientError("copy-differs-from-source")
        return there

    def _in_progress(self, landed: Landed) -> bool:
        """Return whether an uploader still needs the object: a part until it is composed."""
        age = self.clock.now() - landed.source.created
        return layout.is_upload_part(landed.source.version) and age < layout.UPLOAD_PART_GRACE

    def _outcome(self, landed: Landed, decision: Decision, placed: _Placement) -> Outcome:
        survey = decision.survey if isinstance(decision, Expand) else None
        inspection = decision.inspection if isinstance(decision, Archive) else None
        metadata, dropped = metadata_of(inspection) if inspection else (None, ())
        return Outcome(
            kind=placed.kind,
            root_event_id=landed.root_event_id,
            facility=self._facility(landed),
            source=landed.source,
            target=placed.target,
            decided_at=self.clock.now(),
            reason=placed.reason,
            identity=inspection.identity if inspection else None,
            primary=placed.primary,
            metadata=metadata,
            findings=_findings(survey.warnings) if survey else _warnings(inspection),
            dropped=dropped,
            header_bytes=survey.bytes_read if survey else _bytes_read(inspection),
            expansion=Expansion(members=survey.members) if survey else None,
        )


def _bytes_read(inspection: Inspection | None) -> int:
    return inspection.bytes_read if inspection else 0


def _findings(codes: tuple[str, ...]) -> tuple[Finding, ...]:
    return tuple(Finding(code=code, path="") for code in codes)


def _warnings(inspection: Inspection | None) -> tuple[Finding, ...]:
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
            "members": outcome.expansion.members if outcome.expansion else None,
        },
        logging.ERROR if refused else logging.INFO,
    )
