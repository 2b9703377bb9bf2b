"""The answers a call can fail with.

PubsubError
├── InvalidArgumentError
├── NotFoundError
├── AlreadyExistsError
├── FailedPreconditionError
│   └── AckIdsError          (exactly-once subscriptions only)
├── UnimplementedError
└── StoppingError
"""

from collections.abc import Iterable
from typing import ClassVar


class PubsubError(Exception):
    """A call that is answered with a status other than OK."""

    status: ClassVar[str]


class InvalidArgumentError(PubsubError):
    """The request can never succeed as it is written."""

    status = "INVALID_ARGUMENT"


class NotFoundError(PubsubError):
    """The named resource does not exist."""

    status = "NOT_FOUND"


class AlreadyExistsError(PubsubError):
    """A resource of that name exists."""

    status = "ALREADY_EXISTS"


class FailedPreconditionError(PubsubError):
    """The resource is in a state that does not allow the call."""

    status = "FAILED_PRECONDITION"


class AckIdsError(FailedPreconditionError):
    """Some acknowledgement ids of an exactly-once subscription are no longer valid."""

    def __init__(self, ack_ids: Iterable[str]) -> None:
        """Keep the ids that failed; the others of the same request took effect."""
        super().__init__("Some acknowledgement ids in the request were invalid.")
        self.ack_ids = tuple(ack_ids)


class UnimplementedError(PubsubError):
    """The service has this feature, this server does not."""

    status = "UNIMPLEMENTED"


class StoppingError(PubsubError):
    """The server is going down; the client may try again elsewhere."""

    status = "UNAVAILABLE"
