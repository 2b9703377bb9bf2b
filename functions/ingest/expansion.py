"""Expansion: every member of a container becomes an upload of its own, or is told of.

A member is written to the staging area only where it is not there yet, under a name derived from
its natural key, and announced. What cannot be staged has its outcome published here, with the
kept container as its target. Each step may be repeated: all of it happens under the same keys.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Final

from functions.ingest.decision import Expand
from functions.ingest.landed import Landed
from shared.containers.limits import GIB
from shared.containers.members import Member
from shared.containers.names import is_macos_addition
from shared.contracts import layout
from shared.contracts.objects import StoredObject
from shared.contracts.outcome import Outcome, OutcomeKind
from shared.contracts.upload import Upload
from shared.dicom.recognition import CONTAINER_KINDS, DICOM_KINDS, RECOGNITION_BYTES, recognise
from shared.errors import PermanentError
from shared.ports import Clock, ObjectStore, Publisher

_NO_BYTES: Final = "00000000"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """What one delivery does, well within its deadline; another one goes on from there."""

    members: int = 500
    bytes: int = 2 * GIB


DEFAULT_PACE: Final = Pace()


@dataclass(frozen=True, slots=True, kw_only=True)
class Expander:
    """One container that is being expanded, and where its members go."""

    objects: ObjectStore
    uploads: Publisher
    outcomes: Publisher
    clock: Clock
    staging: str
    landed: Landed
    facility: str
    decision: Expand
    kept: StoredObject

    def expand(self, first: int, pace: Pace = DEFAULT_PACE) -> int | None:
        """Return where the next delivery goes on, or None once every member is under way."""
        taken = 0
        for member in self.decision.container.members(first):
            if member.index - first >= pace.members or taken >= pace.bytes:
                return member.index
            taken += self._take(member)
        return None

    def _take(self, member: Member) -> int:
        """Return how many bytes were staged, once the member is announced or told of."""
        if member.refusal:
            self._tell(member, OutcomeKind.QUARANTINED, member.refusal)
            return 0
        try:
            chunks = member.chunks()
            if is_macos_addition(member.name):
                head = _head(chunks)
                if _is_resource_fork(head):
                    self._tell(member, OutcomeKind.IGNORED, "resource-fork")
                    return 0
                chunks = chain([head], chunks)
            return self._stage(member, chunks)
        except PermanentError as error:
            self._tell(member, OutcomeKind.QUARANTINED, error.reason)
            return 0

    def _stage(self, member: Member, chunks: Iterator[bytes]) -> int:
        inner = self.landed.sent.member(member.name, self._share(member))
        name = layout.staged_name(self.facility, inner.version)
        written = self.objects.write(self.staging, name, chunks, inner.to_labels())
        staged = written or self.objects.find(self.staging, name)
        if staged is None:  # an earlier try staged it, and it has been decided since
            return 0
        self.uploads.publish(Upload.of_kept(staged).to_message())
        return staged.size

    def _share(self, member: Member) -> int:
        """Return the member's share of what was sent; the shares add up to no more."""
        total = self.decision.survey.total_bytes
        size = total if member.size is None else member.size
        return self.landed.sent.sent_bytes * size // max(total, 1)

    def _tell(self, member: Member, kind: OutcomeKind, reason: str) -> None:
        """Publish the outcome of a member that is nowhere but in its container."""
        source = StoredObject(
            version=self.landed.sent.member(member.name, 0).version,
            size=0,
            crc32c=_NO_BYTES,
            created=self.landed.source.created,
        )
        outcome = Outcome(
            kind=kind,
            root_event_id=self.landed.root_event_id,
            facility=self.facility,
            source=source,
            target=self.kept,
            decided_at=self.clock.now(),
            reason=reason,
            expected_instances=self.landed.sent.expected_instances,
        )
        self.outcomes.publish(outcome.to_message())


def _head(chunks: Iterator[bytes]) -> bytes:
    head = b""
    while len(head) < RECOGNITION_BYTES and (chunk := next(chunks, b"")):
        head += chunk
    return head


def _is_resource_fork(head: bytes) -> bool:
    """Tell whether content, too, says that it is none of the files; names alone decide nothing."""
    kind = recognise(head[:RECOGNITION_BYTES], len(head))
    return kind not in DICOM_KINDS | CONTAINER_KINDS
