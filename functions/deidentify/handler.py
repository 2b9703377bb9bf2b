"""Deidentify: the primary version of an instance becomes a research copy, or is held.

The order of effects is write, publish, and each prefix is safe to repeat: the copy's bytes depend
on nothing but the original, the key, the profile, the authority of its ids and this release, and it
is written only under a free name. A copy remembers its original by a token that only the key can
make, and what decided its bytes: when these are others now, it gives way to the copy that they
make. Another facility's delivery of the same object is known by its equal bytes. The copy of a
version that became the primary one later stands beside that of the earlier. A copy says which key
and which profile made it, and nothing that another table says of the original.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from shared.contracts import layout
from shared.contracts.facilities import Facilities
from shared.contracts.fitting import fit_actions, metadata_of
from shared.contracts.objects import StoredObject
from shared.contracts.outcome import PIPELINE_VERSION, Action, Outcome, OutcomeKind
from shared.dicom.deidentification.engine import LIMITS, Deidentified, Held, deidentify
from shared.dicom.deidentification.profile import Profile
from shared.dicom.deidentification.pseudonyms import PseudonymKey
from shared.dicom.deidentification.reasons import HeldError
from shared.dicom.deidentification.rules import Action as ActionCode
from shared.dicom.deidentification.rules import rules_for
from shared.dicom.identity import Identity
from shared.dicom.inspection import inspect
from shared.dicom.reader import read_header
from shared.errors import PermanentError, TransientError
from shared.metadata_object import delete_whole, kept_beside
from shared.object_source import ObjectSource
from shared.ports import Clock, Done, ObjectStore, Publisher

ORIGINAL = "inlet-original"
KEY = "inlet-key"
PROFILE = "inlet-profile"
PROFILE_DIGEST = "inlet-profile-digest"
MADE = "inlet-made"
MARK_DIGITS = 16  # of its token, in the name of a copy beside another's
_SOP_INSTANCE_UID = 0x00080018


@dataclass(frozen=True, slots=True, kw_only=True)
class Deidentify:
    """The handler of primary versions on the topic `outcomes`."""

    objects: ObjectStore
    outcomes: Publisher
    clock: Clock
    key: PseudonymKey
    research: str
    facilities: Facilities
    profiles: Mapping[str, Profile]  # by facility; who is not in it has no research copies

    def __call__(self, archived: Outcome) -> Done:
        """Return once the instance has its outcome of de-identification."""
        outcome = self._outcome(archived, self._original(archived))
        self.outcomes.publish(outcome.to_message())
        return _done(outcome)

    def _original(self, archived: Outcome) -> StoredObject:
        if not (archived.kind.of_version and archived.primary and archived.target):
            raise PermanentError("not-a-primary-version")
        return archived.target

    def _outcome(self, archived: Outcome, original: StoredObject) -> Outcome:
        profile = self.profiles.get(archived.facility)
        if profile is None:
            return self._without_copy(archived, original, OutcomeKind.HELD, "no-research-copies")
        outcome = self._under(profile, archived, original)
        return outcome if outcome.target else self._withheld(outcome, archived, profile)

    def _under(self, profile: Profile, archived: Outcome, original: StoredObject) -> Outcome:
        if self.objects.stat(original.version) is None:
            return self._without_copy(archived, original, OutcomeKind.FAILED, "original-gone")
        source = ObjectSource(self.objects, original)
        authority = self.facilities.authority(archived.facility)
        try:
            result = deidentify(
                read_header(source, LIMITS),
                self.key,
                source,
                profile=profile,
                authority=authority,
            )
        except PermanentError as error:
            return self._without_copy(archived, original, OutcomeKind.FAILED, error.reason)
        if isinstance(result, Held):
            return self._without_copy(archived, original, OutcomeKind.HELD, result.reason.value)
        labels = self._labels(original, profile, authority)
        try:
            copy = self._written(result, partial(result.pieces, source), labels)
        except HeldError as error:
            return self._without_copy(archived, original, OutcomeKind.HELD, error.reason)
        return self._with_copy(archived, original, profile, result, copy)

    def _labels(self, original: StoredObject, profile: Profile, authority: str) -> dict[str, str]:
        """Return what the copy of an original says of itself, and what decided its bytes.

        The authority tells whose the original is: only with the key can it be told, and not even
        copies with the same one have its token in common.
        """
        token = self.key.token("original", original.version.natural_key)
        made = f"{token}\n{authority}\n{PIPELINE_VERSION}"
        return {
            ORIGINAL: token,
            MADE: self.key.token("made", made),
            KEY: self.key.key_id,
            PROFILE: profile.name,
            PROFILE_DIGEST: profile.digest,
        }

    def _written(
        self, result: Deidentified, pieces: Callable[[], Iterator[bytes]], labels: Mapping[str, str]
    ) -> StoredObject:
        """Return the copy of this original; where another's has its name, it stands beside."""
        name = layout.research_name(result.identity)
        for place in (name, layout.conflict_name(name, labels[ORIGINAL][:MARK_DIGITS])):
            if copy := self._at(place, pieces, labels):
                return copy
        raise TransientError("research-changed-meanwhile")

    def _at(
        self, place: str, pieces: Callable[[], Iterator[bytes]], labels: Mapping[str, str]
    ) -> StoredObject | None:
        """Return the copy at a place, or None where another original has one with other bytes.

        An earlier copy of this original is deleted first, unless it is what would be written.
        """
        for _ in range(2):
            if copy := self.objects.write(self.research, place, pieces(), labels):
                return copy
            there = self.objects.find(self.research, place)
            if there is None:
                break
            if there.labels == labels:
                return there
            if there.labels.get(ORIGINAL) != labels[ORIGINAL]:
                return there if self.objects.equals(there, pieces()) else None
            delete_whole(self.objects, there)
        raise TransientError("research-changed-meanwhile")

    def _with_copy(
        self,
        archived: Outcome,
        original: StoredObject,
        profile: Profile,
        result: Deidentified,
        copy: StoredObject,
    ) -> Outcome:
        """Return the outcome with the metadata of the copy as it was written.

        Where another facility's copy stands for it, that was made under the profile that it names;
        what was done is told only where that does what this one does.
        The time from which its version is the primary one is moved: the original's row has it, too.
        """
        made_by = copy.labels.get(PROFILE_DIGEST)
        written = inspect(ObjectSource(self.objects, copy))
        carried = metadata_of(written)
        beside = None
        if not carried.complete:
            beside = kept_beside(self.objects, copy, written.header, copy.labels)
        return Outcome(
            kind=OutcomeKind.DEIDENTIFIED,
            root_event_id=archived.root_event_id,
            facility=archived.facility,
            source=original,
            target=copy,
            decided_at=self.clock.now(),
            identity=result.identity,
            primary_at=self._moved(archived.primary_at, result.identity.sop_instance_uid),
            metadata=carried.json,
            metadata_uri=beside,
            dropped=carried.dropped,
            actions=_actions(result) if made_by == profile.digest else (),
            profile=copy.labels.get(PROFILE),
            profile_digest=made_by,
            key_id=copy.labels.get(KEY),
        )

    def _moved(self, moment: datetime | None, copy_uid: str) -> datetime | None:
        return moment and moment + self.key.time_offset(copy_uid)

    def _withheld(self, outcome: Outcome, archived: Outcome, profile: Profile) -> Outcome:
        """Return the outcome of what has no copy, with what ends the time of an earlier version's.

        A facility that wants no copies says nothing of those of others.
        """
        uid = self._copy_uid(archived.identity, profile) if archived.identity else None
        return replace(
            outcome,
            primary_at=self._moved(archived.primary_at, uid) if uid else None,
            profile=profile.name,
            profile_digest=profile.digest,
            key_id=self.key.key_id,
            withheld_uid=uid,
        )

    def _copy_uid(self, original: Identity, profile: Profile) -> str:
        rule = rules_for(profile, original.sop_class_uid)[_SOP_INSTANCE_UID]
        kept = rule.action is ActionCode.KEEP
        return original.sop_instance_uid if kept else self.key.uid(original.sop_instance_uid)

    def _without_copy(
        self, archived: Outcome, original: StoredObject, kind: OutcomeKind, reason: str
    ) -> Outcome:
        return Outcome(
            kind=kind,
            root_event_id=archived.root_event_id,
            facility=archived.facility,
            source=original,
            target=None,
            decided_at=self.clock.now(),
            reason=reason,
            identity=archived.identity,
        )


def _actions(result: Deidentified) -> tuple[Action, ...]:
    return fit_actions(
        Action(path=taken.path, action=taken.action, rule=taken.rule) for taken in result.actions
    )


def _done(outcome: Outcome) -> Done:
    return Done(
        "instance handled",
        {
            "outcome": outcome.kind.value,
            "reason": outcome.reason,
            "facility": outcome.facility,
            "size": outcome.source.size,
        },
    )
