"""An outcome: what became of one object. The message of the internal topic `outcomes`."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from shared.contracts.encoding import DEFLATE, decoded, deflated
from shared.contracts.fields import Fields
from shared.contracts.ids import derived_id
from shared.contracts.message import Message, parsed, to_json
from shared.contracts.objects import StoredObject
from shared.contracts.provenance import upload_event_id
from shared.contracts.trace import traced
from shared.dicom.identity import Identity
from shared.errors import ContractError

SCHEMA_VERSION = 1
PIPELINE_VERSION = "0.1.0"


class OutcomeKind(StrEnum):
    """Every outcome an object can have."""

    ARCHIVED = "archived"
    DUPLICATE = "duplicate"
    CONFLICT = "conflict"
    QUARANTINED = "quarantined"
    EXPANDED = "expanded"
    IGNORED = "ignored"
    PROMOTED = "promoted"
    DEIDENTIFIED = "deidentified"
    HELD = "held"
    FAILED = "failed"

    @property
    def stage(self) -> str:
        """The function that decides it."""
        return "deidentify" if self in _OF_DEIDENTIFICATION else "ingest"

    @property
    def ends_upload(self) -> bool:
        """Whether it is what became of an upload, of which each has one."""
        return self.stage == "ingest" and self is not OutcomeKind.PROMOTED

    @property
    def of_version(self) -> bool:
        """Whether it is of an archived version of an instance, which may be the primary one."""
        return self in _OF_VERSIONS


MEANINGS: Mapping[OutcomeKind, str] = {
    OutcomeKind.ARCHIVED: "an instance, stored under its identity for the first time",
    OutcomeKind.DUPLICATE: "an instance that is archived already, byte for byte",
    OutcomeKind.CONFLICT: "an instance whose identity is taken by other bytes; both are kept",
    OutcomeKind.QUARANTINED: "refused with a reason and kept in the quarantine",
    OutcomeKind.EXPANDED: "a container whose members have outcomes of their own",
    OutcomeKind.IGNORED: "not an instance and not meant to be one",
    OutcomeKind.PROMOTED: "an archived version that was made the primary one of its instance",
    OutcomeKind.DEIDENTIFIED: "a copy without identities is in the research bucket",
    OutcomeKind.HELD: "no copy was made, because none could be proven clean",
    OutcomeKind.FAILED: "no copy could be made of what is archived",
}

_OF_VERSIONS = frozenset({OutcomeKind.ARCHIVED, OutcomeKind.CONFLICT, OutcomeKind.PROMOTED})
_OF_INSTANCES = _OF_VERSIONS | {OutcomeKind.DEIDENTIFIED}
_OF_DEIDENTIFICATION = frozenset({OutcomeKind.DEIDENTIFIED, OutcomeKind.HELD, OutcomeKind.FAILED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A warning of validation: what is odd and where, never the value."""

    code: str
    path: str  # an attribute path such as 00081115[0].0020000E, or empty
    count: int = 1  # how often, in like places of which the path is the first


@dataclass(frozen=True, slots=True, kw_only=True)
class DroppedTag:
    """An element that is not in the metadata."""

    path: str
    vr: str
    length: int  # bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """What de-identification did to one element, never the value."""

    path: str
    action: str  # a code of PS3.15 Table E.1-1a
    rule: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """An instance that a DICOMDIR, or a manifest, says to be part of what was sent."""

    sop_instance_uid: str
    file_id: str  # of a DICOMDIR: its path on the medium, components separated by `/`
    study_instance_uid: str = ""  # empty where the directory does not tell


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedStudy:
    """A study that a manifest says was sent, and how much of it."""

    study_instance_uid: str
    instances: int | None  # None: as many as landed in the manifest's folder before it


@dataclass(frozen=True, slots=True, kw_only=True)
class Expansion:
    """What a container held."""

    members: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The one outcome of one object.

    `source` is the object decided upon (of `ingest`: the inbox generation, or a member of it; of
    `deidentify`: the archived object) and `target` where it is now. `identity` is that of the
    target's data set; of a held object, that of the source's.
    """

    kind: OutcomeKind
    root_event_id: str
    facility: str
    source: StoredObject
    target: StoredObject | None
    decided_at: datetime
    from_inbox: bool = False  # decided where it landed: neither a member nor decided again
    reason: str | None = None
    identity: Identity | None = None
    primary_at: datetime | None = None  # since when the version is the primary one; None: it is not
    difference: str | None = None  # from the version that has the identity: `Difference`
    metadata: Mapping[str, object] | None = None  # DICOM JSON Model, PS3.18 Annex F
    metadata_uri: str | None = None  # where all of it is, when a message does not hold it
    findings: tuple[Finding, ...] = ()
    dropped: tuple[DroppedTag, ...] = ()
    actions: tuple[Action, ...] = ()
    references: tuple[Reference, ...] = ()
    expected: tuple[ExpectedStudy, ...] = ()  # of a manifest; empty: all of its folder was sent
    expected_instances: int | None = None  # of the study, as was said with the upload
    header_bytes: int = 0  # read from storage to decide
    duration_ms: int = 0  # from the delivery to the decision
    expansion: Expansion | None = None
    profile: str | None = None  # of de-identification, by its name
    profile_digest: str | None = None  # of what it was then
    key_id: str | None = None  # of the key whose pseudonyms the target has, or would have
    withheld_uid: str | None = None  # the SOP Instance UID of the copy that was not made

    @property
    def primary(self) -> bool:
        """Whether the version is the primary one of its instance."""
        return self.primary_at is not None

    @property
    def event_id(self) -> str:
        """Derived from what became of what, so that a redelivery repeats it."""
        return self.derived_id(f"dicom.object.{self.kind}", self.source)

    def derived_id(self, kind: str, about: StoredObject) -> str:
        """Return the id of the event of a kind that tells this outcome of an object.

        An object may be refused for one reason, released and refused for another, promoted
        more than once, or copied or held under another key or profile: these are events of their
        own.
        """
        decided = (self.reason, self.key_id, self.profile_digest)
        parts = [about.version.natural_key, *(part for part in decided if part)]
        if self.kind is OutcomeKind.PROMOTED and self.primary_at:
            parts.append(self.primary_at.isoformat())
        return derived_id(kind, "\n".join(parts))

    @property
    def upload_event_id(self) -> str:
        """The id of the upload, or the member, that an outcome of `ingest` answers."""
        return upload_event_id(self.source.version)

    def since_landed_ms(self, now: datetime) -> int | None:
        """Return how long ago an upload landed; None for what was not decided in the inbox."""
        age = now - self.source.created
        return age // timedelta(milliseconds=1) if self.from_inbox else None

    def to_message(self) -> Message:
        """Return the message of this outcome."""
        attributes = {
            "schema_version": str(SCHEMA_VERSION),
            "event_id": self.event_id,
            "root_event_id": self.root_event_id,
            "stage": self.kind.stage,
            "outcome": self.kind.value,
            "facility": self.facility,
            **traced(self.root_event_id, self.event_id),
            **DEFLATE,
        }
        if self.reason:
            attributes["reason"] = self.reason
        if self.primary and self.kind.of_version:
            attributes["primary"] = "true"
        return Message(data=deflated(to_json(self.to_data())), attributes=attributes)

    def to_data(self) -> dict[str, object]:
        """Return the JSON form."""
        return {
            "schema_version": SCHEMA_VERSION,
            "pipeline_version": PIPELINE_VERSION,
            "event_id": self.event_id,
            "root_event_id": self.root_event_id,
            "outcome": self.kind.value,
            "reason": self.reason,
            "facility": self.facility,
            "source": self.source.to_data(),
            "target": self.target.to_data() if self.target else None,
            "decided_at": self.decided_at.isoformat(),
            "from_inbox": self.from_inbox,
            "identity": asdict(self.identity) if self.identity else None,
            "primary_at": self.primary_at.isoformat() if self.primary_at else None,
            "difference": self.difference,
            "metadata": self.metadata,
            "metadata_uri": self.metadata_uri,
            "findings": [asdict(finding) for finding in self.findings],
            "dropped": [asdict(tag) for tag in self.dropped],
            "actions": [asdict(action) for action in self.actions],
            "references": [asdict(reference) for reference in self.references],
            "expected": [asdict(study) for study in self.expected],
            "expected_instances": self.expected_instances,
            "header_bytes": self.header_bytes,
            "duration_ms": self.duration_ms,
            "expansion": asdict(self.expansion) if self.expansion else None,
            "profile": self.profile,
            "profile_digest": self.profile_digest,
            "key_id": self.key_id,
            "withheld_uid": self.withheld_uid,
        }

    @classmethod
    def from_message(cls, message: Message) -> "Outcome":
        """Read the inverse of `to_message`; what older releases did not say has its default.

        Raises:
            ContractError: lists every field that does not satisfy the contract; an unknown
                version is one of them, unknown fields are not.
        """
        fields = Fields("outcome", parsed(decoded(message, "outcome"), "outcome"))
        if (version := fields.integer("schema_version")) != SCHEMA_VERSION:
            raise ContractError("unknown-outcome-version", [f"schema_version is {version}"])
        outcome = cls(
            kind=_kind(fields),
            root_event_id=fields.text("root_event_id"),
            facility=fields.text("facility"),
            source=fields.required("source", StoredObject.from_fields),
            target=fields.nested("target", StoredObject.from_fields),
            decided_at=fields.time("decided_at"),
            from_inbox=fields.flag("from_inbox", default=False),
            reason=fields.optional_text("reason"),
            identity=fields.nested("identity", _identity),
            primary_at=fields.optional_time("primary_at"),
            difference=fields.optional_text("difference"),
            metadata=fields.mapping("metadata"),
            metadata_uri=fields.optional_text("metadata_uri"),
            findings=fields.each("findings", _finding),
            dropped=fields.each("dropped", _dropped),
            actions=fields.each("actions", _action),
            references=fields.each("references", _reference),
            expected=fields.each("expected", _expected),
            expected_instances=fields.optional_integer("expected_instances"),
            header_bytes=fields.optional_integer("header_bytes") or 0,
            duration_ms=fields.optional_integer("duration_ms") or 0,
            expansion=fields.nested("expansion", _expansion),
            profile=fields.optional_text("profile"),
            profile_digest=fields.optional_text("profile_digest"),
            key_id=fields.optional_text("key_id"),
            withheld_uid=fields.optional_text("withheld_uid"),
        )
        if outcome.kind in _OF_INSTANCES and not (outcome.identity and outcome.target):
            fields.problems.append("identity or target is missing")
        fields.check()
        return outcome


def _kind(fields: Fields) -> OutcomeKind:
    try:
        return OutcomeKind(fields.text("outcome"))
    except ValueError:
        fields.problems.append("outcome is not known")
        return OutcomeKind.FAILED


def _identity(fields: Fields) -> Identity:
    return Identity(
        study_instance_uid=fields.optional_text("study_instance_uid"),
        series_instance_uid=fields.optional_text("series_instance_uid"),
        sop_instance_uid=fields.text("sop_instance_uid"),
        sop_class_uid=fields.text("sop_class_uid"),
        transfer_syntax_uid=fields.text("transfer_syntax_uid"),
    )


def _expansion(fields: Fields) -> Expansion:
    return Expansion(members=fields.integer("members"))


def _finding(fields: Fields) -> Finding:
    return Finding(
        code=fields.text("code"),
        path=fields.optional_text("path") or "",
        count=1 if (count := fields.optional_integer("count")) is None else count,
    )


def _reference(fields: Fields) -> Reference:
    return Reference(
        sop_instance_uid=fields.text("sop_instance_uid"),
        file_id=fields.optional_text("file_id") or "",
        study_instance_uid=fields.optional_text("study_instance_uid") or "",
    )


def _expected(fields: Fields) -> ExpectedStudy:
    return ExpectedStudy(
        study_instance_uid=fields.text("study_instance_uid"),
        instances=fields.optional_integer("instances"),
    )


def _dropped(fields: Fields) -> DroppedTag:
    return DroppedTag(
        path=fields.text("path"), vr=fields.text("vr"), length=fields.integer("length")
    )


def _action(fields: Fields) -> Action:
    return Action(path=fields.text("path"), action=fields.text("action"), rule=fields.text("rule"))
