"""A member of a container, staged as an object of its own until it is decided.

Its identity is that of the container's generation and its path there, never that of the staged
object, so that staging it twice repeats every id. The staged object carries it as labels.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from shared.contracts.fields import Fields
from shared.contracts.ids import derived_id
from shared.contracts.layout import INSIDE
from shared.contracts.objects import ObjectVersion


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """Which member of which container a staged object is."""

    container: ObjectVersion  # that landed in the inbox
    path: str  # escaped; the path in a nested container follows its own after `!/`
    landed: datetime  # when the container did
    sent_bytes: int  # its share of the bytes that landed

    @property
    def version(self) -> ObjectVersion:
        """What the member is known as."""
        return member_version(self.container, self.path)

    @property
    def depth(self) -> int:
        """How many containers are around it."""
        return self.path.count(INSIDE) + 1

    def to_labels(self) -> dict[str, str]:
        """Return the metadata of the staged object."""
        return {
            "inlet-container-bucket": self.container.bucket,
            "inlet-container-name": self.container.name,
            "inlet-container-generation": str(self.container.generation),
            "inlet-container-landed": self.landed.isoformat(),
            "inlet-member-path": self.path,
            "inlet-member-sent-bytes": str(self.sent_bytes),
        }

    @classmethod
    def from_labels(cls, labels: Mapping[str, str]) -> "Member":
        """Read the inverse of `to_labels`.

        Raises:
            ContractError: names every label that is missing or wrong.
        """
        fields = Fields("staged-member", labels)
        member = cls(
            container=ObjectVersion(
                bucket=fields.text("inlet-container-bucket"),
                name=fields.text("inlet-container-name"),
                generation=fields.integer("inlet-container-generation"),
            ),
            path=fields.text("inlet-member-path"),
            landed=fields.time("inlet-container-landed"),
            sent_bytes=fields.integer("inlet-member-sent-bytes"),
        )
        fields.check()
        return member


def member_version(container: ObjectVersion, path: str) -> ObjectVersion:
    """Return what a member of a container that landed is known as."""
    return ObjectVersion(
        bucket=container.bucket,
        name=f"{container.name}{INSIDE}{path}",
        generation=container.generation,
        container=container.name,
    )


def upload_event_id(version: ObjectVersion) -> str:
    """Return the id of the event that an object, or a member, was sent."""
    return derived_id("dicom.object.uploaded", version.natural_key)
