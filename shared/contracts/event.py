"""Public events: CloudEvents 1.0 in the Pub/Sub protocol binding, binary content mode.

An allow-list makes them (`event_types`): nothing from a data set but UIDs, the SOP class and the
modality appears, and nothing at all that would tie a research copy to its original.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from shared.contracts.event_types import (
    FIELDS,
    OF_OUTCOMES,
    OF_STUDIES,
    RECEIPT,
    STUCK,
    EventType,
)
from shared.contracts.fields import Fields
from shared.contracts.message import Message, parsed, to_json
from shared.contracts.outcome import Outcome, OutcomeKind
from shared.contracts.receipt import ReceiptSummary
from shared.contracts.stuck import StuckUpload
from shared.contracts.study import StudyState
from shared.contracts.trace import OF_LIBRARIES, TRACEPARENT, traceparent
from shared.contracts.uid_mask import UidMask

SPEC_VERSION = "1.0"
# 150 bytes each at worst: what carries an event takes 10 MB, and many receivers of webhooks less.
MOST_SERIES = 1_000
TYPES: Mapping[OutcomeKind, str] = {kind: of.name for kind, of in OF_OUTCOMES.items()}


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

        Those alone do not say which facility they come from, whatever version their type has.
        """
        return "facility" not in self.data

    @property
    def ordering_key(self) -> str:
        """The study, as the event says it; events of no study have no order."""
        return str(self.data.get("study_instance_uid", ""))

    @property
    def sequence(self) -> str:
        """Its place in the order of decision, as a text that sorts; of copies by the hour only."""
        return f"{self.time.astimezone(UTC):%Y%m%dT%H%M%S.%f}-{self.event_id}"

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
    def of(cls, outcome: Outcome, mask: UidMask) -> "PublicEvent":
        """Return the event of an outcome; its id is derived from what became of the object.

        That of a de-identified copy comes from the copy, and its time is the hour.
        """
        kind = OF_OUTCOMES[outcome.kind]
        copy = outcome.target if outcome.kind is OutcomeKind.DEIDENTIFIED else None
        if copy is None:
            event_id = outcome.derived_id(kind.name, outcome.source)
            return _event(kind, event_id, outcome.decided_at, _masked(mask, _sent(outcome)))
        hour = outcome.decided_at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        return _event(kind, outcome.derived_id(kind.name, copy), hour, _stored(outcome))

    @classmethod
    def of_study(cls, state: StudyState, mask: UidMask) -> "PublicEvent":
        """Return the event of what a study became."""
        values = _masked(mask, _study(state))
        return _event(OF_STUDIES[state.change], state.event_id, state.declared_at, values)

    @classmethod
    def of_stuck(cls, stuck: StuckUpload) -> "PublicEvent":
        """Return the event of an upload that is not decided."""
        return _event(STUCK, stuck.event_id, stuck.noticed_at, asdict(stuck))

    @classmethod
    def of_receipt(cls, summary: ReceiptSummary) -> "PublicEvent":
        """Return the event of a receipt: its numbers and where it is."""
        return _event(RECEIPT, summary.event_id, summary.issued_at, _receipt(summary))

    def to_message(self) -> Message:
        """Return the message in binary content mode; attributes serve subscription filters."""
        return Message(
            data=to_json(self.data),
            attributes={
                "ce-specversion": SPEC_VERSION,
                "ce-id": self.event_id,
                "ce-type": self.type,
                "ce-source": self.source,
                "ce-time": self.time.isoformat(),
                "ce-sequence": self.sequence,
                "ce-datacontenttype": "application/json",
                "content-type": "application/json",
                **self._filterable(),
                **self._traced(f"ce-{TRACEPARENT}", OF_LIBRARIES),
            },
            ordering_key=self.ordering_key,
        )

    def to_structured(self) -> dict[str, object]:
        """Return the event in the JSON event format, as webhooks receive it."""
        return {
            "specversion": SPEC_VERSION,
            "id": self.event_id,
            "type": self.type,
            "source": self.source,
            "time": self.time.isoformat(),
            "sequence": self.sequence,
            **self._traced(TRACEPARENT),
            "datacontenttype": "application/json",
            "data": dict(self.data),
        }

    def _traced(self, *names: str) -> dict[str, str]:
        """Return what leads to the upload, where that may be told."""
        root = self.data.get("root_event_id")
        return dict.fromkeys(names, traceparent(str(root), self.event_id)) if root else {}

    def _filterable(self) -> dict[str, str]:
        attributes: dict[str, str] = {}
        for name, value in self.data.items():
            field = FIELDS.get(name)
            if field and field.filterable:
                text = str(value).lower() if isinstance(value, bool) else str(value)
                attributes |= dict.fromkeys(filter(None, (name, field.also_named)), text)
        return attributes


def _event(
    kind: EventType, event_id: str, time: datetime, values: Mapping[str, object]
) -> PublicEvent:
    return PublicEvent(
        event_id=event_id,
        type=kind.name,
        source=f"/inlet/{kind.stage}",
        time=time.astimezone(UTC),
        data=kind.data(values),
    )


def _masked(mask: UidMask, values: Mapping[str, object]) -> dict[str, object]:
    return mask.applied(str(values["facility"]), values)


def _stored(outcome: Outcome) -> dict[str, object]:
    identity = outcome.identity
    return {
        "outcome": outcome.kind.value,
        "reason": outcome.reason,
        "study_instance_uid": identity.study_instance_uid if identity else None,
        "series_instance_uid": identity.series_instance_uid if identity else None,
        "sop_instance_uid": identity.sop_instance_uid if identity else None,
        "sop_class_uid": identity.sop_class_uid if identity else None,
        "modality": _modality(outcome.metadata),
    }


def _sent(outcome: Outcome) -> dict[str, object]:
    return _stored(outcome) | {
        "facility": outcome.facility,
        "root_event_id": outcome.root_event_id,
        "primary": outcome.primary,
        "difference": outcome.difference,
        "size": outcome.source.size,
    }


def _study(state: StudyState) -> dict[str, object]:
    modalities = {each.modality for each in state.series if each.modality}
    listed = [each.to_data() for each in state.series[:MOST_SERIES]]
    return {
        **state.to_data(),
        "modalities": sorted(modalities),
        "series": listed,
        "series_left_out": len(state.series) - len(listed),
    }


def _receipt(summary: ReceiptSummary) -> dict[str, object]:
    return {
        "facility": summary.facility,
        "receipt_id": summary.receipt_id,
        "revision": summary.revision,
        "closing": summary.closing.value,
        "opened_at": summary.opened_at.astimezone(UTC).isoformat(),
        "closed_at": summary.closed_at.astimezone(UTC).isoformat(),
        "files": summary.undecided + sum(tally.files for tally in summary.tallies),
        "undecided": summary.undecided,
        "tallies": [asdict(tally) for tally in summary.tallies],
        "receipt_uri": summary.uri,
    }


def _modality(metadata: Mapping[str, object] | None) -> str | None:
    """Return Modality (0008,0060); a file may have any text there, which no event says."""
    match (metadata or {}).get("00080060"):
        case {"Value": [str(term), *_]}:
            return term
    return None
