"""Ingest: an upload becomes exactly one outcome, and the object moves where the outcome says.

The order of effects is copy, publish, delete, and every prefix of it is safe to repeat: a copy is
made only under a free name and remembers the generation it came from, so a second try finds its
own first one; the outcome's id is derived from the generation; and the upload is deleted only
once its successor is durable and its outcome confirmed. A container is kept whole, then its
members are staged and announced, a part of them with each delivery, then its outcome is published.

What the pipeline keeps can be announced again: a member that waits, a quarantined object that is
released, an archived one whose outcome was lost. It is decided like what it was sent as.
"""

import logging
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial

from functions.ingest import statements
from functions.ingest.comparison import compared
from functions.ingest.decision import (
    Archive,
    Decision,
    Expand,
    Quarantine,
    after_reading,
    before_reading,
    of_manifest,
)
from functions.ingest.expansion import DEFAULT_PACE, Expander, Pace
from functions.ingest.landed import Landed
from functions.ingest.manifests import is_manifest, read_manifest
from functions.ingest.placement import Placement, Placer
from functions.ingest.turns import EXPANSIONS_AT_ONCE, HEADERS_AT_ONCE, SPILLS_AT_ONCE, Turns
from shared.containers.container import EXPANDABLE, Container
from shared.containers.limits import DEFAULT_CONTAINER_LIMITS, Allowance, ContainerLimits
from shared.contracts import layout
from shared.contracts.facilities import Facilities, Facility
from shared.contracts.fitting import metadata_of
from shared.contracts.objects import StoredObject
from shared.contracts.outcome import Expansion, Outcome, OutcomeKind
from shared.contracts.upload import Upload
from shared.dicom.inspection import Inspection, inspect
from shared.dicom.recognition import RECOGNITION_BYTES, Kind, recognise
from shared.dicom.source import WindowedSource
from shared.errors import ContractError, PermanentError
from shared.metadata_object import kept_beside
from shared.object_source import ObjectSource
from shared.ports import Clock, Done, ObjectStore, Publisher


@dataclass(frozen=True, slots=True, kw_only=True)
class Ingest:
    """The handler of the topic `uploads`."""

    objects: ObjectStore
    uploads: Publisher
    outcomes: Publisher
    clock: Clock
    archive: str
    quarantine: str
    facilities: Facilities
    limits: ContainerLimits = DEFAULT_CONTAINER_LIMITS
    pace: Pace = DEFAULT_PACE
    headers: Turns = field(default_factory=partial(Turns, HEADERS_AT_ONCE))
    expansions: Turns = field(default_factory=partial(Turns, EXPANSIONS_AT_ONCE))
    spills: Turns = field(default_factory=partial(Turns, SPILLS_AT_ONCE))

    def __call__(self, upload: Upload) -> Done:
        """Return once what landed has its outcome and has left the inbox, or is under way to it."""
        started = self.clock.now()
        stored = self.objects.stat(upload.version)
        if stored is None:
            return Done("upload is gone: decided before, or overwritten")
        landed = Landed.of(stored, keeping={self.archive, self.quarantine})
        facility = self.facilities.get(landed.source.version.facility)
        decision = self._decide(landed, facility)
        placer = Placer(
            objects=self.objects,
            clock=self.clock,
            archive=self.archive,
            quarantine=self.quarantine,
        )
        if upload.promoted_at:
            placed = placer.promote(landed, decision, upload.promoted_at)
        else:
            placed = placer.place(landed, facility, decision)
        if isinstance(decision, Expand) and placed.target:
            following = self._expand(landed, decision, placed.target, upload)
            if following is not None:
                return Done("container expanded in part", {"members": following})
        outcome = self._outcome(landed, facility, decision, placed, started)
        self.outcomes.publish(outcome.to_message())
        if not self._in_progress(landed):
            placer.remove(landed, placed)
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
            facility=landed.source.version.facility,
            decision=decision,
            kept=kept,
        )
        with self.expansions.taken():
            following = expander.expand(upload.first_member, self.pace)
        if following is not None:
            self.uploads.publish(replace(upload, first_member=following).to_message())
        return following

    def _decide(self, landed: Landed, facility: Facility | None) -> Decision:
        if early := before_reading(landed.source, known_facility=facility is not None):
            return early
        windows = WindowedSource(ObjectSource(self.objects, landed.stored))
        kind = recognise(windows.read(0, RECOGNITION_BYTES), windows.size)
        try:
            if kind in EXPANDABLE:
                return self._survey(landed, kind)
            with self.headers.taken():
                if is_manifest(landed.source.version, kind):
                    return of_manifest(read_manifest(windows))
                return after_reading(inspect(windows, today=self.clock.now().date()))
        except ContractError as error:
            return Quarantine(error.reason, error.problems)
        except PermanentError as error:
            return Quarantine(error.reason)

    def _survey(self, landed: Landed, kind: Kind) -> Expand:
        container = Container(
            source=ObjectSource(self.objects, landed.stored),
            kind=kind,
            name=landed.source.version.name,
            allowance=Allowance(
                limits=self.limits, sent_bytes=landed.sent.sent_bytes, depth=landed.sent.depth
            ),
        )
        with self.expansions.taken():
            return Expand(container, container.survey())

    def _difference(self, landed: Landed, decision: Decision, placed: Placement) -> str | None:
        if placed.rival is None or not isinstance(decision, Archive):
            return None
        with self.headers.taken():
            return compared(self.objects, landed, decision, placed.rival)

    def _kept_beside(self, placed: Placement, inspection: Inspection) -> str | None:
        """Return where all metadata of a version are that a message does not hold."""
        if placed.target is None or not placed.kind.of_version:
            return None
        with self.spills.taken():
            return kept_beside(self.objects, placed.target, inspection.header)

    def _in_progress(self, landed: Landed) -> bool:
        """Return whether an uploader still needs the object: a part until it is composed."""
        age = self.clock.now() - landed.source.created
        return layout.is_upload_part(landed.source.version) and age < layout.UPLOAD_PART_GRACE

    def _outcome(
        self,
        landed: Landed,
        facility: Facility | None,
        decision: Decision,
        placed: Placement,
        started: datetime,
    ) -> Outcome:
        now = self.clock.now()
        survey = decision.survey if isinstance(decision, Expand) else None
        inspection = decision.inspection if isinstance(decision, Archive) else None
        carried = metadata_of(inspection) if inspection else None
        beside = None
        if inspection and carried and not carried.complete:
            beside = self._kept_beside(placed, inspection)
        return Outcome(
            kind=placed.kind,
            root_event_id=landed.root_event_id,
            # Any other name may itself be an identity.
            facility=facility.name if facility else layout.UNKNOWN_FACILITY,
            source=landed.source,
            target=placed.target,
            decided_at=now,
            from_inbox=landed.stored.version == landed.source.version,
            reason=placed.reason,
            identity=inspection.identity if inspection else None,
            primary_at=placed.primary_at,
            difference=self._difference(landed, decision, placed),
            metadata=carried.json if carried else None,
            metadata_uri=beside,
            findings=statements.findings(landed, decision),
            dropped=carried.dropped if carried else (),
            references=statements.references(decision),
            expected=statements.expected(decision),
            expected_instances=landed.sent.expected_instances,
            header_bytes=survey.bytes_read if survey else _bytes_read(inspection),
            duration_ms=(now - started) // timedelta(milliseconds=1),
            expansion=Expansion(members=survey.members) if survey else None,
        )


def _bytes_read(inspection: Inspection | None) -> int:
    return inspection.bytes_read if inspection else 0


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
            "since_landed_ms": outcome.since_landed_ms(outcome.decided_at),
            "header_bytes": outcome.header_bytes,
            "warnings": len(outcome.findings),
            "members": outcome.expansion.members if outcome.expansion else None,
        },
        logging.ERROR if refused else logging.INFO,
    )
