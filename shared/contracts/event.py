"""Public events: CloudEvents 1.0 in the Pub/Sub protocol binding, binary content mode.

An allow-list makes them: nothing from a data set but UIDs, the SOP class and the modality
appears, and nothing at all that would tie a research copy to its original.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from shared.contracts.fields import Fields
from shared.contracts.message import Message, parsed, to_json
from shared.contracts.modalities import MODALITIES
from shared.contracts.outcome import SCHEMA_VERSION, Outcome, OutcomeKind

SPEC_VERSION = "1.0"
TYPES: Mapping[OutcomeKind, str] = {
    OutcomeKind.ARCHIVED: "dicom.instance.archived.v1",
    OutcomeKind.DUPLICATE: "dicom.instance.duplicate.v1",
    OutcomeKind.CONFLICT: "dicom.instance.conflict.v1",
    OutcomeKind.QUARANTINED: "dicom.object.quarantined.v1",
    OutcomeKind.EXPANDED: "dicom.object.expanded.v1",
    OutcomeKind.IGNORED: "dicom.object.ignored.v1",
    OutcomeKind.PROMOTED: "dicom.instance.promoted.v1",
    OutcomeKind.DEIDENTIFIED: "dicom.instance.deidentified.v1",
    OutcomeKind.HELD: "dicom.instance.held.v1",
    OutcomeKind.FAILED: "dicom.instance.failed.v1",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicEvent:
    """One event as the outside sees it."""

    event_id: str
    type: str
    source: str
    time: datetime
    data: Mapping[str, object]

    @property
    def root_event_id(self) -> str:
        """The upload it descends from; the event's own id where that may not be told."""
        return str(self.data.get("root_event_id", self.event_id))

    @property
    def is_of_copy(self) -> bool:
        """Whether it tells of a research copy, of which no moment may be told.

        Those alone do not say which upload they descend from, whatever version their type has.
        """
        return "root_event_id" not in self.data

    @classmethod
    def from_message(cls, message: Message) -> "PublicEvent":
        """Read the inverse of `to_message`.

        Raises:
            ContractError: it is not an event in binary content mode.
        """
        fields = Fields("event", message.attributes)
        data = parsed(message.data, "event")
        event = cls(
            event_id=fields.text("ce-id"),
            type=fields.text("ce-type"),
            source=fields.text("ce-source"),
            time=fields.time("ce-time"),
            data=data if isinstance(data, Mapping) else {},
        )
        fields.check()
        return event

    @classmethod
    def of(cls, outcome: Outcome) -> "PublicEvent":
        """Return the event of an outcome; its id is derived from what became of the object.

        A de-identified copy's event names neither the facility nor the root nor the size, its
        id comes from the copy, and its time is the hour: each would lead from the pseudonymous
        UIDs back to the original's.
        """
        event_type = TYPES[outcome.kind]
        copy = outcome.target if outcome.kind is OutcomeKind.DEIDENTIFIED else None
        about, time = outcome.source, outcome.decided_at
        if copy is not None:
            about, time = copy, time.replace(minute=0, second=0, microsecond=0)
        return cls(
            event_id=outcome.derived_id(event_type, about),
            type=event_type,
            source=f"/inlet/{outcome.kind.stage}",
            time=time,
            data={name: value for name, value in _data(outcome).items() if value is not None},
        )

    def to_message(self) -> Message:
        """Return the message in binary content mode; attributes serve subscription filters."""
        filterable = {
            name: str(value).lower() if isinstance(value, bool) else str(value)
            for name, value in self.data.items()
            if name in _FILTERABLE
        }
        return Message(
            data=to_json(self.data),
            attributes={
                "ce-specversion": SPEC_VERSION,
                "ce-id": self.event_id,
                "ce-type": self.type,
                "ce-source": self.source,
                "ce-time": self.time.isoformat(),
                "ce-datacontenttype": "application/json",
                "content-type": "application/json",
                **filterable,
            },
        )

    def to_structured(self) -> dict[str, object]:
        """Return the event in the JSON event format, as webhooks receive it."""
        return {
            "specversion": SPEC_VERSION,
            "id": self.event_id,
            "type": self.type,
            "source": self.source,
            "time": self.time.isoformat(),
            "datacontenttype": "application/json",
            "data": dict(self.data),
        }


_FILTERABLE = frozenset(
    {
        "schema_version",
        "outcome",
        "reason",
        "primary",
        "difference",
        "facility",
        "modality",
        "study_instance_uid",
        "series_instance_uid",
        "sop_instance_uid",
        "sop_class_uid",
    }
)


def _data(outcome: Outcome) -> dict[str, str | int | None]:
    identity = outcome.identity
    data: dict[str, str | int | None] = {
        "schema_version": SCHEMA_VERSION,
        "outcome": outcome.kind.value,
        "reason": outcome.reason,
        "study_instance_uid": identity.study_instance_uid if identity else None,
        "series_instance_uid": identity.series_instance_uid if identity else None,
        "sop_instance_uid": identity.sop_instance_uid if identity else None,
        "sop_class_uid": identity.sop_class_uid if identity else None,
        "modality": _modality(outcome.metadata),
    }
    if outcome.kind is OutcomeKind.DEIDENTIFIED:
        return data
    return data | {
        "facility": outcome.facility,
        "root_event_id": outcome.root_event_id,
        "primary": outcome.primary if outcome.kind.of_version else None,
        "difference": outcome.difference,
        "size": outcome.source.size,
    }


def _modality(metadata: Mapping[str, object] | None) -> str | None:
    """Return Modality (0008,0060) when it is a defined term; a file may have any text there."""
    match (metadata or {}).get("00080060"):
        case {"Value": [str(term), *_]} if term in MODALITIES:
            return term
    return None
