"""An upload: a Cloud Storage notification of the inbox (JSON_API_V1), or one of our own making.

The service makes the attributes of its notifications; a facility chooses no more than the name in
`objectId`. The attributes added here come from nobody but `ingest`, `sweep` and the operator: they
announce an object that the pipeline keeps (a staged member, a quarantined or an archived object)
so that it is decided, again, as what it was sent as.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from shared.contracts.fields import Fields
from shared.contracts.message import Message, to_json
from shared.contracts.objects import ObjectVersion, StoredObject
from shared.contracts.provenance import Provenance, upload_event_id
from shared.contracts.trace import traced

FINALIZED = "OBJECT_FINALIZE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lineage:
    """The ids of what an object was sent as, and of the upload it descends from."""

    event_id: str
    root_event_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """One object generation that landed in the inbox, or that the pipeline keeps."""

    version: ObjectVersion
    lineage: Lineage | None = None
    first_member: int = 0  # of a container: where its expansion goes on
    landed_at: datetime | None = None  # when the object, or its container, was created
    promoted_at: datetime | None = None  # an archived version is to be the primary one, as of then

    @property
    def event_id(self) -> str:
        """The id of this upload, from which everything that follows descends."""
        return self.lineage.event_id if self.lineage else upload_event_id(self.version)

    @property
    def root_event_id(self) -> str:
        """An upload is the root of what follows from it; a member's root is its container."""
        return self.lineage.root_event_id if self.lineage else self.event_id

    @classmethod
    def of_kept(cls, stored: StoredObject, promoted_at: datetime | None = None) -> "Upload":
        """Return the announcement of an object that the pipeline keeps, from its labels.

        Raises:
            ContractError: the labels do not say what it was sent as.
        """
        sent = Provenance.from_labels(stored.labels)
        lineage = Lineage(
            event_id=upload_event_id(sent.version), root_event_id=upload_event_id(sent.root)
        )
        return cls(
            version=stored.version,
            lineage=lineage,
            landed_at=sent.landed,
            promoted_at=promoted_at,
        )

    @classmethod
    def from_message(cls, message: Message) -> "Upload":
        """Read a notification from its attributes, which name the generation that landed.

        Raises:
            ContractError: an attribute is missing or is not what the service sends.
        """
        fields = Fields("upload", message.attributes)
        upload = cls(
            version=ObjectVersion(
                bucket=fields.text("bucketId"),
                name=fields.text("objectId"),
                generation=fields.integer("objectGeneration"),
            ),
            lineage=_lineage(fields, message.attributes),
            first_member=fields.integer("firstMember")
            if "firstMember" in message.attributes
            else 0,
            landed_at=fields.optional_time("eventTime"),
            promoted_at=fields.optional_time("promotedAt"),
        )
        if fields.text("eventType") != FINALIZED:
            fields.problems.append("eventType is not OBJECT_FINALIZE")
        fields.check()
        return upload

    def to_message(self) -> Message:
        """Return the notification as Cloud Storage would send it, for re-driving."""
        version = self.version
        data = {
            "bucket": version.bucket,
            "name": version.name,
            "generation": str(version.generation),
        }
        return Message(
            data=to_json({"kind": "storage#object", **data}),
            attributes={
                "eventType": FINALIZED,
                "payloadFormat": "JSON_API_V1",
                "bucketId": version.bucket,
                "objectId": version.name,
                "objectGeneration": str(version.generation),
                **traced(self.root_event_id, self.event_id),
                **self._additions(),
            },
        )

    def _additions(self) -> dict[str, str]:
        added: dict[str, str] = {}
        if self.landed_at:
            added["eventTime"] = self.landed_at.isoformat()
        if self.lineage:
            added["sentEventId"] = self.lineage.event_id
            added["rootEventId"] = self.lineage.root_event_id
        if self.promoted_at:
            added["promotedAt"] = self.promoted_at.isoformat()
        if self.first_member:
            added["firstMember"] = str(self.first_member)
        return added


def _lineage(fields: Fields, attributes: Mapping[str, str]) -> Lineage | None:
    if "rootEventId" not in attributes:
        return None
    return Lineage(event_id=fields.text("sentEventId"), root_event_id=fields.text("rootEventId"))
