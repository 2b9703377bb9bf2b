"""An upload: a Cloud Storage notification of the inbox (JSON_API_V1)."""

from dataclasses import dataclass

from shared.contracts.fields import Fields
from shared.contracts.ids import derived_id
from shared.contracts.message import Message, to_json
from shared.contracts.objects import ObjectVersion

FINALIZED = "OBJECT_FINALIZE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """One object generation that landed in the inbox."""

    version: ObjectVersion

    @property
    def event_id(self) -> str:
        """The id of this upload, from which everything that follows descends."""
        return derived_id("dicom.object.uploaded", self.version.natural_key)

    @property
    def root_event_id(self) -> str:
        """An upload is the root of what follows from it."""
        return self.event_id

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
            )
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
            },
        )
