"""A dead letter: what was given up, with the attributes that Pub/Sub adds to it.

See "Handle message failures", cloud.google.com/pubsub/docs/handling-failures.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from shared.contracts.fields import Fields
from shared.contracts.message import Message

_ADDED: Final = "CloudPubSubDeadLetterSource"


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A message that was pulled and waits for an answer."""

    message: Message
    message_id: str
    published_at: datetime
    receipt: str = field(compare=False)  # with which it is given back or acknowledged

    @property
    def subscription(self) -> str:
        """The id of the subscription that gave it up, empty when it does not say."""
        return self.message.attributes.get(f"{_ADDED}Subscription", "")

    @property
    def first_published_at(self) -> datetime:
        """When it was published first, before it was given up."""
        fields = Fields("letter", self.message.attributes)
        first = fields.optional_time(f"{_ADDED}TopicPublishTime")
        return self.published_at if first is None or fields.problems else first

    @property
    def envelope(self) -> "Letter":
        """The same without its data, which are what makes it large."""
        return replace(self, message=replace(self.message, data=b""))

    @property
    def original(self) -> Message:
        """The message as it was before it was given up."""
        attributes: Mapping[str, str] = {
            name: value
            for name, value in self.message.attributes.items()
            if not name.startswith(_ADDED)
        }
        return replace(self.message, attributes=attributes)
