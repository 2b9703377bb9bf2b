"""Resource names: what is a valid one, and its parts.

Source: Pub/Sub documentation, "Guidelines to name a topic, subscription, schema, or snapshot".
"""

import re
from typing import Final, NamedTuple

from infra.local.pubsub.errors import InvalidArgumentError

DELETED_TOPIC: Final = "_deleted-topic_"

_PROJECT = re.compile(r"projects/([^/]+)")
_RESOURCE = re.compile(r"projects/([^/]+)/(topics|subscriptions|snapshots)/([^/]+)")
_ID = re.compile(r"(?!goog)[A-Za-z][A-Za-z0-9\-_.~+%]{2,254}")


class ResourceName(NamedTuple):
    """The project and the short id of a resource."""

    project: str
    id: str


def parse_name(collection: str, name: str) -> ResourceName:
    """Return the parts of a valid name in a collection such as ``topics``."""
    match = _RESOURCE.fullmatch(name)
    if match and match[2] == collection and _ID.fullmatch(match[3]):
        return ResourceName(match[1], match[3])
    raise InvalidArgumentError(f"Invalid [{collection}] name: (name={name})")


def parse_project(name: str) -> str:
    """Return the project id of ``projects/<id>``."""
    match = _PROJECT.fullmatch(name)
    if match:
        return match[1]
    raise InvalidArgumentError(f"Invalid [projects] name: (name={name})")


def short_id(name: str) -> str:
    """Return the last segment of a name, valid or not."""
    return name.rpartition("/")[2]
